"""Write the specs of a new study beside each other."""

import re
from pathlib import Path

from clusterpanel.errors import OutputError, SpecError
from clusterpanel.registry.cluster_draft import draft_clusters
from clusterpanel.registry.places_draft import draft_places
from clusterpanel.registry.sniff import sniff_register
from clusterpanel.registry.source_draft import draft_source
from clusterpanel.registry.study_draft import draft_study

NAME = re.compile(r"[a-z][a-z0-9_]*")


def write_specs(csv: Path, name: str, folder: Path) -> tuple[Path, ...]:
    """Write ``sources/<name>.toml`` and the like for a text file; return their paths, the study's last.

    The others are ``places/``, if the file has postcodes or places, ``clusters/`` and ``studies/``.

    Raises
    ------
    SpecError
        The name is none a spec may have.
    MissingInputError, DataError
        The text file cannot be read.
    OutputError
        One of them is there already, or the folder cannot be written to.
    """
    if not NAME.fullmatch(name):
        raise SpecError(f"came the name {name!r}", hint="Give small letters, digits and _, a letter first.")
    texts = {folder / kind / f"{name}.toml": text for kind, text in _drafts(csv, name).items()}
    if there := [str(path) for path in texts if path.exists()]:
        raise OutputError(f"{', '.join(there)} would be overwritten", hint="Give another --name or --to.")
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write to {folder}", hint="Choose another folder with --to.") from error
    return tuple(texts)


def _drafts(csv: Path, name: str) -> dict[str, str]:
    sniffed = sniff_register(csv)
    drafts = {
        "sources": draft_source(name, sniffed),
        "places": draft_places(name, sniffed),
        "clusters": draft_clusters(name, sniffed),
        "studies": draft_study(name, sniffed),
    }
    return {kind: text for kind, text in drafts.items() if text is not None}
