"""Tell the errors of the disk in the words of the error tree."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clusterpanel.errors import MissingInputError, OutputError, RunError

FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
NOT_A_FOLDER = {errno.ENOTDIR, errno.EEXIST}
# A drive that is not there, a name too long, a character no name may have.
NOT_A_PLACE = {errno.ENOENT, errno.ENAMETOOLONG, errno.EINVAL}


@contextmanager
def disk_errors_told(folder: Path) -> Iterator[None]:
    """Raise what the disk refuses below `folder` as an error of the tree.

    Raises
    ------
    RunError
        The disk is full: a scheduler may try again.
    OutputError
        The folder cannot be written to.
    MissingInputError
        A file elsewhere cannot be read.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise RunError("the disk is full", hint="Free some space and run again.") from error
        if error.errno in FORBIDDEN | NOT_A_FOLDER:
            if _is_below(error.filename, folder):
                hint = "Choose another folder with --out, or change who may write to this one."
                raise OutputError(f"cannot write to the folder {folder.name!r}", hint=hint) from error
            name = Path(str(error.filename)).name if error.filename else "an input file"
            raise MissingInputError(f"{name} cannot be read", hint="Change who may read it.") from error
        if error.errno in NOT_A_PLACE and _leads_to(error.filename, folder):
            hint = "Choose another folder with --out."
            raise OutputError(f"the folder {folder.name!r} cannot be made there", hint=hint) from error
        raise


def _is_below(filename: object, folder: Path) -> bool:
    if not isinstance(filename, str | Path):
        return False
    return folder.absolute() in Path(filename).absolute().parents or _leads_to(filename, folder)


def _leads_to(filename: object, folder: Path) -> bool:
    if not isinstance(filename, str | Path):
        return False
    place, there = Path(filename).absolute(), folder.absolute()
    return there == place or place in there.parents
