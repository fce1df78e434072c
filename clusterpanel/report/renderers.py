"""One table, four formats: HTML for the page, CSV for machines, LaTeX and Markdown for papers."""

import csv
from io import StringIO
from math import isfinite
from numbers import Real
from typing import Any

from markupsafe import Markup

from clusterpanel.report.page_templates import environment
from clusterpanel.report.tables import Suppressed, Table

LATEX_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "−": "$-$",
        "–": "--",
        "×": r"$\times$",
        "•": r"\textbullet{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
    }
)
MARKDOWN_ESCAPES = str.maketrans({"|": r"\|", "<": "&lt;", "*": r"\*", "_": r"\_", "`": r"\`", "\n": " "})
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def to_html(table: Table, caption: str = "", identifier: str = "") -> Markup:
    """Return the table as an HTML element that scrolls inside its own box."""
    template = environment().get_template("table.html")
    return Markup(template.render(table=table, caption=caption, identifier=identifier))  # noqa: S704


def to_csv(table: Table) -> str:
    """Return the table as CSV with raw numbers (ten significant digits) and no formula a sheet would run."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows([[_raw(value) for value in row] for row in table.rows])
    return text.getvalue()


def to_latex(table: Table) -> str:
    """Return the table as a LaTeX tabular with booktabs rules."""
    columns = table.shown_columns()
    layout = "".join("r" if column.is_numeric else "l" for column in columns)
    lines = [f"\\begin{{tabular}}{{{layout}}}", r"\toprule", _latex_row([c.label for c in columns])]
    for heading, rows in table.sections():
        lines.append(r"\midrule")
        if heading:
            lines.append(f"\\multicolumn{{{len(columns)}}}{{l}}{{\\emph{{{_latex(heading)}}}}} \\\\")
        lines.extend(_latex_row(row) for row in rows)
    lines += [r"\bottomrule", r"\end{tabular}"]
    return "\n".join([*lines, *(f"% {note}" for note in table.notes)]) + "\n"


def to_markdown(table: Table) -> str:
    """Return the table as a Markdown pipe table; group headings become rows of their own."""
    columns = table.shown_columns()
    rule = ["---:" if column.is_numeric else ":---" for column in columns]
    lines = [_markdown_row([column.label for column in columns]), f"| {' | '.join(rule)} |"]
    for heading, rows in table.sections():
        if heading:
            lines.append(_markdown_row([heading, *[""] * (len(columns) - 1)]))
        lines.extend(_markdown_row(row) for row in rows)
    notes = [f"\n{note.translate(MARKDOWN_ESCAPES)}" for note in table.notes]
    return "\n".join([*lines, *notes]) + "\n"


def _raw(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Suppressed):
        return "suppressed"
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        return format(number, ".10g") if isfinite(number) else ""
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _latex(text: str) -> str:
    return text.translate(LATEX_ESCAPES)


def _latex_row(texts: list[str]) -> str:
    return " & ".join(_latex(text) for text in texts) + r" \\"


def _markdown_row(texts: list[str]) -> str:
    return f"| {' | '.join(text.translate(MARKDOWN_ESCAPES) for text in texts)} |"
