"""Where the command line starts, and where every error becomes a message and an exit code."""

import logging
import os
import platform
import sys
import traceback
import warnings
from pathlib import Path

from clusterpanel.cli.app import app
from clusterpanel.cli.screen import show_error
from clusterpanel.errors import ClusterpanelError, RunError
from clusterpanel.version import __version__

BUG = 70
PACKAGE = Path(__file__).resolve().parents[1]
TRACE_VARIABLE = "CLUSTERPANEL_TRACEBACK"


def main() -> None:
    """Run the command line and exit with the code of what happened.

    0 done, 2 usage, 10 to 78 the family of the error (see `clusterpanel.errors`), 70 a bug.
    """
    _silence_libraries()
    try:
        app(prog_name="clusterpanel")
    except ClusterpanelError as error:
        show_error(str(error))
        sys.exit(error.exit_code)
    except MemoryError:
        show_error(
            "the machine's memory does not suffice\n  Give less to each step: --memory 2GB --threads 1."
        )
        sys.exit(RunError.exit_code)
    except Exception as error:
        show_error(bug_message(error))
        if os.environ.get(TRACE_VARIABLE):
            traceback.print_exc()
        sys.exit(BUG)


def _silence_libraries() -> None:
    """Keep the warnings and log lines of other libraries from the user, who can do nothing about them."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    logging.getLogger().addHandler(logging.NullHandler())


def bug_message(error: BaseException) -> str:
    """Tell a bug by its kind and place; what the error says is left out, since it may quote data."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if PACKAGE in Path(frame.filename).resolve().parents]
    place = "an unknown place"
    if ours:
        file = Path(ours[-1].filename).resolve().relative_to(PACKAGE.parent).as_posix()
        place = f"{file}, line {ours[-1].lineno}, in {ours[-1].name}"
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    system = f"clusterpanel {__version__}, Python {platform.python_version()}, {platform.system()}"
    return (
        f"a fault of clusterpanel itself: {kind} at {place} ({system})\n"
        "  Please report this line; it holds none of your data.\n"
        f"  {TRACE_VARIABLE}=1 in the environment shows the whole trace, which may quote your data."
    )
