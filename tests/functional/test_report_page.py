"""The page in a real browser: nothing cut off at the width of a desk and of a telephone, no console error."""

import json
import re
import runpy
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest

from clusterpanel.report.document import write_report

DESK = 1280
INPUTS = Path(__file__).parents[1] / "unit" / "report" / "simulated_inputs.py"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
)
MEASURE = """
<script>
const outside = [...document.body.querySelectorAll("*")].filter(
  (e) => !e.closest(".scroll > *, caption") && e.getBoundingClientRect().right > innerWidth + 1);
const scrolled = [...document.querySelectorAll(".scroll")].filter((e) => e.scrollWidth > e.clientWidth + 1);
const spilled = [...document.querySelectorAll("svg text")].filter((text) => {
  const box = text.getBoundingClientRect(), svg = text.ownerSVGElement.getBoundingClientRect();
  const isIn = box.left > svg.left - 1 && box.right < svg.right + 1;
  return !(isIn && box.top > svg.top - 1 && box.bottom < svg.bottom + 1);
});
for (const folded of document.querySelectorAll("details")) folded.open = true;
const cut = [...document.querySelectorAll(".scroll")].filter((e) => e.scrollWidth > e.clientWidth + 1);
const measured = {
  inner: innerWidth,
  scroll: document.documentElement.scrollWidth,
  outside: outside.slice(0, 5).map((e) => e.outerHTML.slice(0, 80)),
  cut: cut.map((e) => e.getAttribute("aria-label")),
  unreachable: scrolled.filter((e) => e.tabIndex < 0 || getComputedStyle(e).overflowX !== "auto").length,
  spilled: spilled.map((text) => text.textContent),
  drawings: document.querySelectorAll("svg").length,
};
parent.document.body.dataset.measured = JSON.stringify(measured);
</script>
"""


@pytest.fixture(scope="module")
def chromium() -> str:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not on the PATH; install it to see the page as a reader does")
    return program


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    inputs = runpy.run_path(str(INPUTS))["build_inputs"](folder)
    *nouns, failures = inputs
    return write_report(*nouns, folder / "report", failures=failures)


def browse(
    chromium: str, page: Path, width: int, profile: Path, *more: str
) -> subprocess.CompletedProcess[str]:
    flags = [*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},1000", *more]
    return subprocess.run(
        [chromium, *flags, page.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )


def measured(chromium: str, page: Path, width: int, folder: Path) -> tuple[dict[str, Any], str]:
    """Return what the page measures in a frame of this width: a window is never narrower than 500 pixels."""
    probe = folder / "probe.html"
    text = page.read_text(encoding="utf-8").replace("</body>", f"{MEASURE}</body>")
    style = f"width: {width}px; height: 1000px; border: 0"
    frame = f'<!DOCTYPE html><body><iframe style="{style}" srcdoc="{escape(text)}"></iframe></body>'
    probe.write_text(frame, encoding="utf-8")
    seen = browse(chromium, probe, 1400, folder / "profile", "--dump-dom")
    found = re.search(r'<body[^>]* data-measured="([^"]*)"', seen.stdout)
    assert found, "the page's script did not run"
    return json.loads(unescape(found.group(1))), seen.stderr


@pytest.mark.parametrize("width", [DESK, 400])
def test_nothing_is_cut_off(chromium: str, page: Path, tmp_path: Path, width: int) -> None:
    facts, log = measured(chromium, page, width, tmp_path)
    assert facts["inner"] == width
    assert facts["scroll"] <= width
    assert facts["outside"] == []
    assert facts["unreachable"] == 0
    assert facts["spilled"] == []
    assert facts["drawings"] == 5
    if width == DESK:
        assert facts["cut"] == []
    assert "CONSOLE" not in log


def test_measure_finds_what_is_cut_off(chromium: str, page: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    wide = '<p style="min-width: 90rem">too wide</p></main>'
    broken.write_text(page.read_text(encoding="utf-8").replace("</main>", wide), encoding="utf-8")
    facts, _ = measured(chromium, broken, 1280, tmp_path)
    assert facts["scroll"] > 1280
    assert "too wide" in facts["outside"][0]


@pytest.mark.parametrize("width", [1280, 400])
def test_page_is_painted(chromium: str, page: Path, tmp_path: Path, width: int) -> None:
    picture = tmp_path / "page.png"
    browse(chromium, page, width, tmp_path / "profile", f"--screenshot={picture}")
    assert picture.stat().st_size > 20_000
