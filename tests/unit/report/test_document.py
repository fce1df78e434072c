"""The page and its files: complete, deterministic, escaped, and without anyone's identifier."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.engine.table_folder import TableFolder
from clusterpanel.errors import OutputError
from clusterpanel.registry.registry import Registry
from clusterpanel.report.document import write_report
from clusterpanel.report.flow_tables import flow_table, telling_steps
from clusterpanel.spec.study import StudySpec

VOID = {"meta", "link", "br", "path", "use", "rect", "circle"}


class Outline(HTMLParser):
    """Headings in order, every identifier, and whether tags close in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.identifiers: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.identifiers += [facts["id"]] if facts.get("id") else []
        self.links += [facts["href"]] if tag == "a" and facts.get("href") else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def write(simulated: Any, folder: Path, **changes: Any) -> Path:
    inputs = {**simulated._asdict(), **changes}
    failures = inputs.pop("failures")
    return write_report(*inputs.values(), folder, failures=failures)


@pytest.fixture(scope="module")
def report(simulated: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("page") / "report"
    write(simulated, folder)
    yield folder


def texts_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_two_writes_are_byte_equal(simulated: Any, report: Path, tmp_path: Path) -> None:
    write(simulated, tmp_path / "elsewhere")
    assert texts_of(tmp_path / "elsewhere") == texts_of(report)


def test_no_identifier_of_a_firm_or_site_is_anywhere(report: Path) -> None:
    for name, text in texts_of(report).items():
        assert not re.search(rb"FIRMX|SITEX", text), name


def test_page_is_well_formed_with_unique_identifiers_and_headings_that_skip_no_level(report: Path) -> None:
    outline = Outline()
    outline.feed((report / "index.html").read_text(encoding="utf-8"))
    assert outline.open == []
    assert len(outline.identifiers) == len(set(outline.identifiers))
    assert outline.headings.count(1) == 1
    assert all(
        after - before <= 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False)
    )
    assert {link[1:] for link in outline.links} <= set(outline.identifiers)


def test_page_needs_nothing_but_itself(report: Path) -> None:
    page = (report / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", page)
    assert not re.search(r"@import|url\((?!#)", page)


def test_no_date_and_no_path_is_in_any_file(report: Path, tmp_path: Path) -> None:
    for name, text in texts_of(report).items():
        assert b"dc:date" not in text, name
        assert str(tmp_path.parents[1]).encode() not in text, name


def test_simulated_data_are_called_so_in_a_banner(simulated: Any, report: Path, tmp_path: Path) -> None:
    assert "Simulated data." in (report / "index.html").read_text(encoding="utf-8")
    source = simulated.study.sources[0].model_copy(update={"title": "A register"})
    page = write(simulated, tmp_path / "r", study=replace(simulated.study, sources=(source,)))
    assert 'class="banner"' not in page.read_text(encoding="utf-8")


def test_every_section_is_there_in_order(report: Path) -> None:
    page = (report / "index.html").read_text(encoding="utf-8")
    found = re.findall(r'<section id="(?:section-)?([\w-]+)"', page)
    expected = "facts flow geocoding clusters descriptives survival estimates profiles gap not-shown methods"
    assert found == [*expected.split(), "exhibits", "glossary"]


def test_what_is_not_identified_is_shown_with_its_reason(report: Path) -> None:
    page = (report / "index.html").read_text(encoding="utf-8")
    assert "<code>region_movers</code></dt><dd>no firm of the sample moves between regions</dd>" in page


def test_hostile_texts_of_specs_are_escaped(simulated: Any, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>"
    source = simulated.study.sources[0].model_copy(update={"title": hostile, "licence": f'"{hostile}'})
    spec = StudySpec.model_validate(
        simulated.study.spec.model_dump() | {"title": hostile, "question": hostile}
    )
    study = replace(simulated.study, sources=(source,), spec=spec)
    page = write(simulated, tmp_path / "r", study=study, failures={hostile: hostile}).read_text(
        encoding="utf-8"
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 6


def test_manifest_leads_from_exhibit_to_design_to_digest(simulated: Any, report: Path) -> None:
    listed = json.loads((report / "exhibits.json").read_text(encoding="utf-8"))
    assert listed["estimates"]["designs"]["within"] == simulated.results["within"].provenance["digest"]
    assert set(listed["sorting_gap"]["designs"]) == {"pooled", "within", "sorting"}
    files = {file for exhibit in listed.values() for file in exhibit["files"]}
    assert files == {file.name for file in (report / "exhibits").iterdir()}
    assert {"regressions.tex", "regressions.md", "map.svg", "estimates.csv"} <= files


def test_digest_of_an_exhibit_changes_with_its_numbers(simulated: Any, report: Path, tmp_path: Path) -> None:
    pooled = simulated.results["pooled"]
    moved = replace(pooled, estimate=pooled.estimate.assign(estimate=pooled.estimate["estimate"] + 0.01))
    write(simulated, tmp_path / "r", results={**simulated.results, "pooled": moved})
    before, after = (
        json.loads((folder / "exhibits.json").read_text()) for folder in (report, tmp_path / "r")
    )
    changed = {name for name in before if before[name]["digest"] != after[name]["digest"]}
    assert changed == {"estimates", "regressions", "sorting_gap"}


def test_estimates_in_the_file_are_those_of_the_results(simulated: Any, report: Path) -> None:
    rows = (report / "exhibits" / "estimates.csv").read_text(encoding="utf-8").splitlines()
    within = next(row for row in rows if ",within," in row)
    assert f"{simulated.results['within'].term('in_cluster')['estimate']:.10g}" in within


def test_sample_flow_repeats_no_step_that_a_later_stage_carries_along(report: Path) -> None:
    rows = (report / "exhibits" / "sample_flow.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert len(rows) == 4
    assert len(set(rows)) == 4


def test_methods_say_what_ran(simulated: Any, report: Path) -> None:
    page = (report / "index.html").read_text(encoding="utf-8")
    pooled = simulated.results["pooled"]
    for sentence in (
        "Gazetteer: Simulated gazetteer (origin: made by clusterpanel; licence: CC0-1.0).",
        "Clusters were drawn with the sites of 2005 and 2010",
        "A firm seen in 2014 is censored",
        "at least 8 sites within 6 km",
        "left out of every count",
        "followed to 2012 and censored there: it left the register.",
        "holding log_employment constant",
        f"Sample: {pooled.glance['n']:,} firm-years, {pooled.glance['firms']} firms",
        "Set aside: 40 rows (missing).",
        "12 rows could not be mapped",
        "sorting is pooled − within.",
    ):
        assert sentence in page, sentence


def test_study_without_places_curves_profiles_or_gaps_has_a_page_too(simulated: Any, tmp_path: Path) -> None:
    tables = TableFolder.at(tmp_path / "bare")
    for name in ("sites", "firms"):
        tables.write(name, simulated.registry.read(name))
    tables.write_flow(simulated.registry.flow[:1])
    spec = simulated.study.spec.model_dump() | {"contrasts": (), "profiles": (), "report": {}}
    study = replace(simulated.study, spec=StudySpec.model_validate(spec), places=())
    only = {"pooled": simulated.results["pooled"]}
    page = write(simulated, tmp_path / "r", study=study, registry=Registry(tables), results=only)
    assert "No site was placed on the map." in page.read_text(encoding="utf-8")


def test_no_result_at_all_still_makes_a_page(simulated: Any, tmp_path: Path) -> None:
    page = write(simulated, tmp_path / "r", results={}, failures={"within": "no firm moves"})
    assert "No design gave an estimate" in page.read_text(encoding="utf-8")


def test_earlier_report_is_replaced_and_nothing_is_left_beside(simulated: Any, tmp_path: Path) -> None:
    write(simulated, tmp_path / "r")
    (tmp_path / "r" / "exhibits" / "old.csv").write_text("old")
    write(simulated, tmp_path / "r")
    assert not (tmp_path / "r" / "exhibits" / "old.csv").exists()
    assert [file.name for file in tmp_path.iterdir()] == ["r"]


def test_folder_with_something_else_in_it_is_left_alone(simulated: Any, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(OutputError, match="not a report"):
        write(simulated, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.docx"]


def test_map_of_sites_draws_sites_and_density_does_not(simulated: Any, report: Path, tmp_path: Path) -> None:
    spec = simulated.study.spec.model_dump() | {"report": {"map": "sites"}}
    study = replace(simulated.study, spec=StudySpec.model_validate(spec))
    write(simulated, tmp_path / "r", study=study)
    assert (tmp_path / "r/exhibits/map.svg").read_text().count("<use") > 1000
    assert (report / "exhibits/map.svg").read_text().count("<use") < 50


def test_one_row_set_aside_is_singular(simulated: Any, tmp_path: Path) -> None:
    tables = TableFolder.at(tmp_path / "one")
    for name in ("sites", "firms", "site_points"):
        tables.write(name, simulated.registry.read(name))
    tables.write("quarantine", simulated.registry.read("quarantine").slice(0, 1))
    tables.write_flow(simulated.registry.flow)
    page = write(simulated, tmp_path / "r", registry=Registry(tables)).read_text(encoding="utf-8")
    assert "1 row could not be mapped and was set aside" in page


def test_flow_folds_steps_with_nothing_to_tell_but_its_file_keeps_them() -> None:
    steps = [
        FlowStep("ingest", "read a", "sites", 9, 9),
        FlowStep("ingest", "made keys unique", "sites", 9, 9),
        FlowStep("ingest", "kept the years", "sites", 9, 8, 1, 0, "12345 too late in 2022"),
        FlowStep("panel", "looked up firms", "sites", 8, 8),
        FlowStep("panel", "joined", "sites", 8, 8),
    ]
    flow = flow_table(steps)
    assert flow.column("step") == [
        "Read a",
        "Made keys unique",
        "Kept the years",
        "Looked up firms",
        "Joined",
    ]
    assert telling_steps(flow).column("step") == ["Read a", "Kept the years", "Joined"]
    assert flow.column("reason")[2] == "12,345 too late in 2022"


def test_parts_of_a_gap_with_different_samples_are_named_with_both_sizes(
    simulated: Any, tmp_path: Path
) -> None:
    within = simulated.results["within"]
    fewer = replace(within, glance={**within.glance, "n": 7001, "firms": 801})
    page = write(simulated, tmp_path / "r", results={**simulated.results, "within": fewer})
    assert "within on 7,001 firm-years of 801 firms, as a within design drops firms seen only once" in (
        page.read_text(encoding="utf-8")
    )


def test_samples_that_are_the_same_are_not_said_to_differ(report: Path) -> None:
    assert "rest on different samples" not in (report / "index.html").read_text(encoding="utf-8")


def test_page_gives_exits_in_percentage_points_and_the_file_as_estimated(
    simulated: Any, tmp_path: Path
) -> None:
    pooled = simulated.results["pooled"]
    design = {**pooled.provenance["design"], "outcome": "is_exit"}
    exits = replace(
        pooled,
        estimate=pooled.estimate.assign(estimate=0.0117, std_error=0.0023, conf_low=0.0072, conf_high=0.0162),
        provenance={**pooled.provenance, "design": design},
    )
    page = write(simulated, tmp_path / "r", results={"pooled": exits}).read_text(encoding="utf-8")
    assert (
        "Yearly exit, by whether in a cluster · percentage points <code>is_exit by in_cluster</code>" in page
    )
    assert '<td class="num">1.17</td><td class="num">0.23</td><td class="num">0.72 to 1.62</td>' in page
    assert ",0.0117,0.0023," in (tmp_path / "r" / "exhibits" / "estimates.csv").read_text()


def test_survival_says_that_its_axis_is_age(report: Path) -> None:
    assert "age of the firm (years since its birth year)" in (report / "index.html").read_text(
        encoding="utf-8"
    )
