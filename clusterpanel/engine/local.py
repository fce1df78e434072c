"""Run a fold in this process, on one thread or several, with the same bits either way."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import reduce
from itertools import islice
from typing import TypeVar

from clusterpanel.engine.fold import Fold
from clusterpanel.errors import DataError

Block = TypeVar("Block")
Moments = TypeVar("Moments")
Solution = TypeVar("Solution")


def run_fold(fold: Fold[Block, Moments, Solution], blocks: Iterable[Block], threads: int = 1) -> Solution:
    """Return the fold's solution over all blocks.

    Contributions are merged in the order of the blocks, whichever thread made them, so the number of threads
    changes nothing. At most ``threads + 1`` contributions are held at a time.

    Parameters
    ----------
    fold : Fold
    blocks : iterable of blocks of whole firms
        Read once, lazily.
    threads : int
        More than one pays where the fold's step releases the interpreter's lock.

    Raises
    ------
    DataError
        There is no block.
    """
    contributions = map(fold.step, blocks) if threads <= 1 else _in_order(fold.step, iter(blocks), threads)
    first = next(contributions, None)
    if first is None:
        raise DataError("there are no rows to fold", hint="Give at least one block of firms.")
    return fold.solve(reduce(fold.merge, contributions, first))


def _in_order(step: Callable[[Block], Moments], blocks: Iterator[Block], threads: int) -> Iterator[Moments]:
    """Yield the contributions in the order of their blocks, `threads` in the making at a time."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Moments]] = deque(pool.submit(step, block) for block in islice(blocks, threads))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(step, block) for block in islice(blocks, 1))
