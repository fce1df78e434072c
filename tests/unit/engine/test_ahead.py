"""Reading ahead changes when an item is made, never which ones come or what goes wrong."""

import threading
from collections.abc import Iterator

import pytest

from clusterpanel.engine.ahead import read_ahead
from clusterpanel.errors import DataError


def test_items_come_in_order() -> None:
    assert list(read_ahead(iter(range(100)))) == list(range(100))
    assert list(read_ahead([])) == []


def test_the_next_item_is_made_while_the_last_is_used() -> None:
    made = [threading.Event() for _ in range(3)]

    def items() -> Iterator[int]:
        for place, event in enumerate(made):
            event.set()
            yield place

    for place in read_ahead(items()):
        if place < 2:
            assert made[place + 1].wait(timeout=10)


def test_no_more_than_one_item_is_made_ahead() -> None:
    made = []

    def items() -> Iterator[int]:
        for place in range(10):
            made.append(place)
            yield place

    ahead = read_ahead(items())
    next(ahead)
    ahead.close()  # type: ignore[attr-defined]
    assert len(made) <= 2


def test_an_error_comes_where_its_item_would() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise DataError("row group 1 is broken")

    ahead = read_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(DataError, match="row group 1 is broken"):
        next(ahead)
