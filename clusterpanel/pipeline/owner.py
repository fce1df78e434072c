"""An output folder holds one study: a second one would replace its report and remove its stored stages."""

from clusterpanel.errors import OutputError
from clusterpanel.pipeline.store import Store

OWNER = "_study.txt"


def claim(store: Store, study: str) -> None:
    """Note whose store it is; call it only while holding the run's lock.

    Raises
    ------
    OutputError
        Stages of another study are stored in it.
    """
    note = store.root / OWNER
    owner = note.read_text(encoding="utf-8") if note.is_file() else study
    if owner != study and store.has_stages():
        name = store.root.parent.name
        raise OutputError(
            f"the folder {name!r} holds the study {owner}; {study} would replace its report and results",
            hint="Choose another folder with --out.",
        )
    note.write_text(study, encoding="utf-8")
