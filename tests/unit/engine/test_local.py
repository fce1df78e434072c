import threading

import pytest

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import DataError


class Concatenation:
    """A fold whose merge shows the order it was called in."""

    def __init__(self) -> None:
        self.alive = 0
        self.most_alive = 0
        self.lock = threading.Lock()

    def step(self, block: str) -> str:
        with self.lock:
            self.alive += 1
            self.most_alive = max(self.most_alive, self.alive)
        return block

    def merge(self, left: str, right: str) -> str:
        with self.lock:
            self.alive -= 1
        return left + right

    def solve(self, moments: str) -> str:
        return f"<{moments}>"


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_contributions_are_merged_in_the_order_of_the_blocks(threads: int) -> None:
    assert run_fold(Concatenation(), iter("abcdefghij"), threads) == "<abcdefghij>"


@pytest.mark.parametrize("threads", [1, 3])
def test_one_block_is_not_merged(threads: int) -> None:
    assert run_fold(Concatenation(), ["a"], threads) == "<a>"


@pytest.mark.parametrize("threads", [1, 3])
def test_no_block_is_refused(threads: int) -> None:
    with pytest.raises(DataError, match="no rows"):
        run_fold(Concatenation(), [], threads)


@pytest.mark.parametrize("threads", [1, 3])
def test_few_contributions_are_held_at_a_time(threads: int) -> None:
    fold = Concatenation()
    run_fold(fold, iter("a" * 200), threads)
    assert fold.most_alive <= threads + 2


def test_an_error_in_a_thread_reaches_the_caller() -> None:
    class Failing(Concatenation):
        def step(self, block: str) -> str:
            raise DataError(f"block {block} is broken")

    with pytest.raises(DataError, match="block a is broken"):
        run_fold(Failing(), iter("abc"), 2)
