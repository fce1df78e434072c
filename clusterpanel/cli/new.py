"""Write the specs of a new source and study beside each other."""

import re
from pathlib import Path

from clusterpanel.errors import OutputError, SpecError
from clusterpanel.registry.sniff import sniff_source, sniff_study

NAME = re.compile(r"[a-z][a-z0-9_]*")
NAME_LINE = re.compile(r'^name = ".*"$', re.MULTILINE)


def write_specs(csv: Path, name: str, folder: Path) -> tuple[Path, Path]:
    """Write ``sources/<name>.toml`` and ``studies/<name>.toml`` for a text file; return their paths.

    Raises
    ------
    SpecError
        The name is none a spec may have.
    MissingInputError
        The text file cannot be read.
    OutputError
        One of the two is there already, or the folder cannot be written to.
    """
    if not NAME.fullmatch(name):
        raise SpecError(f"came the name {name!r}", hint="Give small letters, digits and _, a letter first.")
    texts = {
        folder / "sources" / f"{name}.toml": _named(sniff_source(csv), name),
        folder / "studies" / f"{name}.toml": sniff_study(name),
    }
    if there := [str(path) for path in texts if path.exists()]:
        raise OutputError(f"{', '.join(there)} would be overwritten", hint="Give another --name or --to.")
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write to {folder}", hint="Choose another folder with --to.") from error
    source, study = texts
    return source, study


def _named(draft: str, name: str) -> str:
    # A draft is named after its file; the first name in it is the source's own.
    return NAME_LINE.sub(f'name = "{name}"', draft, count=1)
