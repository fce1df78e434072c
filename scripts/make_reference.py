"""Write docs/reference from the spec models and the declared columns.

Run it after a change of clusterpanel/spec: python scripts/make_reference.py
"""

from pathlib import Path

from clusterpanel.spec.reference import reference_files

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"


def main() -> None:
    """Write every generated file of docs/reference."""
    for name, text in reference_files().items():
        path = REFERENCE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
