"""Tables and the four formats they are written in."""

import csv
from io import StringIO

import pandas as pd
import pytest

from clusterpanel.errors import DisclosureError
from clusterpanel.models.result import Result
from clusterpanel.report.column_labels import ColumnLabels
from clusterpanel.report.regression_table import coefficient_list, regression_table
from clusterpanel.report.renderers import to_csv, to_html, to_latex, to_markdown
from clusterpanel.report.tables import SUPPRESSED, Table, TableColumn, cell_text, table_of

COLUMNS = (
    TableColumn("outcome", "Outcome"),
    TableColumn("design", "Design", "code"),
    TableColumn("estimate", "Estimate", "estimate"),
    TableColumn("firms", "Firms", "whole"),
)
ROWS = [
    {"outcome": "wage", "design": "pooled", "estimate": 0.0702491, "firms": 12345},
    {"outcome": "wage", "design": "within", "estimate": -0.5, "firms": SUPPRESSED},
    {"outcome": "exit", "design": "pooled", "estimate": None, "firms": 7},
]
TABLE = table_of(COLUMNS, ROWS, ["A note."], group="outcome")


def result(label: str, terms: dict[str, tuple[float, float]], firms: int = 50) -> Result:
    rows = [{"term": term, "estimate": e, "std_error": s} for term, (e, s) in terms.items()]
    glance = {"n": 10 * firms, "firms": firms, "switchers": 3, "r2_within": 0.25}
    return Result(label, pd.DataFrame(rows), None, glance, {"effects": ("firm_id", "year"), "vcov": "HC1"})


def test_csv_keeps_raw_numbers_and_says_what_is_suppressed() -> None:
    rows = list(csv.DictReader(StringIO(to_csv(TABLE))))
    assert [row["estimate"] for row in rows] == ["0.0702491", "-0.5", ""]
    assert [row["firms"] for row in rows] == ["12345", "suppressed", "7"]


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+1", "-1", "\t=1"])
def test_csv_never_starts_a_text_like_a_formula(text: str) -> None:
    table = Table((TableColumn("name", "Name"),), ((text,),))
    assert list(csv.reader(StringIO(to_csv(table))))[1] == [f"'{text}"]


def test_html_groups_rows_and_aligns_numbers_on_the_right() -> None:
    html = str(to_html(TABLE))
    assert html.count('scope="rowgroup"') == 2
    assert '<td class="num">0.0702</td>' in html
    assert '<td class="num">•</td>' in html
    assert '<th scope="col" class="num">Firms</th>' in html


def test_html_escapes_what_it_is_given() -> None:
    table = Table((TableColumn("name", "<b>"),), (("<script>alert(1)</script>",),), ("<i>",))
    html = str(to_html(table, "<u>"))
    assert not any(tag in html for tag in ("<script", "<b>", "<i>", "<u>"))


def test_latex_escapes_every_special_character() -> None:
    table = Table((TableColumn("name", "a_b"),), ((r"5 % & $x_1^2$ #{~} \ −1",),))
    assert (
        r"5 \% \& \$x\_1\textasciicircum{}2\$ \#\{\textasciitilde{}\} \textbackslash{} $-$1 \\"
        in to_latex(table)
    )


def test_markdown_has_one_cell_per_column_in_every_row() -> None:
    lines = [line for line in to_markdown(TABLE).splitlines() if line.startswith("|")]
    assert {line.replace(r"\|", "").count("|") for line in lines} == {4}


def test_years_have_no_thousands_separator() -> None:
    assert cell_text(2014, "year") == "2014"


def test_regression_table_lines_up_terms_and_leaves_absent_ones_empty() -> None:
    first = result("a", {"x": (0.5, 0.1), "z": (2.0, 1.0)})
    second = result("b", {"x": (0.25, 0.2)})
    texts = regression_table([first, second]).texts()
    assert texts[:4] == [
        ["x", "0.500", "0.250"],
        ["", "(0.100)", "(0.200)"],
        ["z", "2.00", ""],
        ["", "(1.00)", ""],
    ]
    assert ["Firms", "50", "50"] in texts


def test_regression_table_hides_a_small_count_of_switchers() -> None:
    texts = regression_table([result("a", {"x": (0.5, 0.1)})], minimum_firms=5).texts()
    assert ["Switchers", "<5"] in texts


def test_regression_table_refuses_too_few_firms() -> None:
    with pytest.raises(DisclosureError, match="rests on 4 firms"):
        regression_table([result("a", {"x": (0.5, 0.1)}, firms=4)], minimum_firms=5)


def test_list_of_coefficients_keeps_designs_of_one_outcome_apart() -> None:
    facts = {"design": {"outcome": "is_exit"}}
    estimate = pd.DataFrame(
        [{"term": "x", "estimate": 0.5, "std_error": 0.1, "p_value": 0.01, "conf_low": 0.3, "conf_high": 0.7}]
    )
    results = [Result(label, estimate, None, {"firms": 50}, facts) for label in ("a", "b")]
    sections = coefficient_list(results, ColumnLabels()).sections()
    assert [heading for heading, _ in sections] == ["a: yearly exit", "b: yearly exit"]
    assert sections[0][1] == [["x", "x", "0.50", "0.10", "0.30 to 0.70", "0.010"]]
