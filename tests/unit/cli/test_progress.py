"""The bar of a run: one row for its stages, and one for a pass while it takes long."""

import io

import pytest
from rich.console import Console

from clusterpanel.cli import progress as shown
from clusterpanel.engine.progress import PassEvent
from clusterpanel.pipeline.progress import StageEvent


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    text = io.StringIO()
    monkeypatch.setattr(shown, "errors", lambda: Console(file=text, force_terminal=True, width=80))
    return text


def run(row_after: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "QUIET_SECONDS", row_after)
    with shown.stage_progress(wanted=True) as tell:
        tell(StageEvent("panel", "starts", 1, 2))
        tell(PassEvent("wage: a pass over the panel", 30, 40))


def test_a_long_pass_has_a_row_in_per_cent(screen: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    run(0.0, monkeypatch)
    assert "wage: a pass over the panel" in screen.getvalue()
    assert "75/100" in screen.getvalue()


def test_a_short_pass_has_none(screen: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    run(60.0, monkeypatch)
    assert "0/2" in screen.getvalue()
    assert "a pass over the panel" not in screen.getvalue()


def test_the_row_goes_when_the_pass_is_over(screen: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "QUIET_SECONDS", 0.0)
    with shown.stage_progress(wanted=True) as tell:
        tell(PassEvent("a pass", 40, 40))
        tell(PassEvent("a pass", 40, 40, is_over=True))
    assert "a pass" not in screen.getvalue().splitlines()[-1]
    assert "done" in screen.getvalue()
