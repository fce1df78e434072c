"""The specs that come with the package."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def shipped_specs() -> Path:
    """Return the folder of the shipped specs: inside an installed package, else in the repository."""
    inside = PACKAGE / "data_specs"
    return inside if inside.is_dir() else PACKAGE.parent / "data_specs"


def shipped_studies() -> tuple[str, ...]:
    """Return the names of the shipped studies, sorted."""
    return tuple(sorted(file.stem for file in (shipped_specs() / "studies").glob("*.toml")))
