"""Make the next item while the last one is used."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def read_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items in order, the next one being made in another thread meanwhile.

    One item more is in memory than without. An error in making an item is raised where it would have come.
    """
    source = iter(items)
    end = object()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(next, source, end)
        while True:
            item = waiting.result()
            if item is end:
                return
            waiting = pool.submit(next, source, end)
            yield item  # type: ignore[misc]
            # Freed before the next is waited for, or three items would be held.
            del item
