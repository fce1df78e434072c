"""Progress: told block by block, ended once, and drawn where somebody looks."""

import pytest

from clusterpanel.engine.progress import PassBar, PassEvent, passes_shown, passes_told_to, watched


def test_rows_are_told_after_each_block_and_the_end_once() -> None:
    told: list[PassEvent] = []
    with passes_told_to(told.append):
        assert list(watched(["aa", "bbb"], "a pass", 5, len)) == ["aa", "bbb"]
    assert told == [
        PassEvent("a pass", 2, 5),
        PassEvent("a pass", 5, 5),
        PassEvent("a pass", 5, 5, is_over=True),
    ]


def test_a_pass_that_stops_short_is_over_too() -> None:
    told: list[PassEvent] = []
    with passes_told_to(told.append):
        blocks = watched(["aa", "bbb"], "a pass", 5, len)
        next(blocks)
        blocks.close()  # type: ignore[attr-defined]
    assert told[-1].is_over


def test_nothing_is_drawn_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    list(watched(["aa"], "a pass", 2, len))
    with passes_shown(None):
        list(watched(["aa"], "a pass", 2, len))
    with passes_shown(False):
        list(watched(["aa"], "a pass", 2, len))
    assert capsys.readouterr() == ("", "")


def test_a_bar_is_drawn_when_asked_for_once_the_pass_takes_long(capsys: pytest.CaptureFixture[str]) -> None:
    bar = PassBar(quiet_seconds=0.0)
    bar(PassEvent("a pass over the panel", 1, 2))
    bar(PassEvent("a pass over the panel", 2, 2, is_over=True))
    drawn = capsys.readouterr()
    assert drawn.out == ""
    assert "a pass over the panel" in drawn.err
    with passes_shown(True):
        list(watched(["aa"], "a short pass", 2, len))
    assert "a short pass" not in capsys.readouterr().err
