"""One thread for linear algebra: at thin products, further threads wait at full speed and gain nothing."""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]


@cache
def _controller() -> Any:
    # Looking for the libraries takes milliseconds; SciPy's and NumPy's are loaded before anything is solved.
    return ThreadpoolController()


def one_blas_thread() -> AbstractContextManager[object]:
    """Return a context in which BLAS and LAPACK take one thread."""
    context: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return context
