"""How the loops over rows are compiled.

The modules of kernels are imported inside the functions that use them: numba alone takes longer to load than
the rest of the package.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., object])

# Sums may be taken in another order than written, which is what lets them run on vector registers; missing
# values and infinities keep their meaning.
REORDERED = {"reassoc", "contract", "nsz"}


def compiled(loop: Loop) -> Loop:
    """Compile a loop once per machine; it runs without the interpreter's lock."""
    return _compiled(loop, False)


def compiled_reordered(loop: Loop) -> Loop:
    """Compile a loop whose sums may be taken in any order; the same machine takes the same one each time."""
    return _compiled(loop, REORDERED)


def _compiled(loop: Loop, fastmath: object) -> Loop:
    fixed = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    try:
        return cast(Loop, numba.njit(cache=True, **fixed)(loop))
    except RuntimeError:
        # No folder is writable to keep the compiled loop in: compile once per process.
        return cast(Loop, numba.njit(**fixed)(loop))
