"""How every figure looks, and how it becomes the same SVG bytes each time."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAPER = "#fffffe"
INK = "#1d2327"
QUIET = "#5a646b"
RULE = "#d5dadd"
LAND = "#e6e9eb"
# Okabe and Ito's palette, told apart under every colour blindness, without its yellow, which paper swallows.
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
OTHER = "#7f898f"
VARIABLES = {
    PAPER: "none",
    INK: "var(--ink)",
    QUIET: "var(--quiet)",
    RULE: "var(--rule)",
    LAND: "var(--land)",
} | {colour: f"var(--series-{number})" for number, colour in enumerate(SERIES, start=1)}
STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "clusterpanel",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "axes.facecolor": "none",
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.unicode_minus": True,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


@contextmanager
def figure(width_in: float, height_in: float) -> Iterator["Figure"]:
    """Give an empty figure (inches) in the report's style; draw and call `svg_of` inside the block."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # The user's own matplotlibrc must not change the page.
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)  # type: ignore[arg-type]
        yield Figure(figsize=(width_in, height_in), layout="constrained")


def svg_of(drawn: "Figure") -> str:
    """Return a figure as SVG without dates, program names or random identifiers."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    FigureCanvasSVG(drawn)
    text = StringIO()
    drawn.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def inline_svg(svg: str, name: str) -> str:
    """Return SVG to be put into the page: identifiers of its own, colours that follow the page's theme."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\b(id|xlink:href)="(#?)([^"]+)"', rf'\1="\2{name}-\3"', body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", body)
    body = re.sub(r"'DejaVu Sans'", "var(--sans)", body)
    body = re.sub(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', _opening, body, count=1)
    for colour, variable in VARIABLES.items():
        body = body.replace(colour, variable)
    return body


def quiet_axes(axes: "Axes", grid: str) -> None:
    """Draw light grid lines along one axis, behind the data, and no tick marks."""
    axes.grid(visible=True, axis="x" if grid == "x" else "y")
    axes.set_axisbelow(True)
    axes.tick_params(length=0)


def _opening(match: re.Match[str]) -> str:
    width, height = match.group(1).split()[2:]
    return (
        f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'aria-hidden="true" focusable="false">'
    )
