"""Whatever is wrong with a register: rows in are rows out and rows in quarantine, each at its own line."""

import codecs
import gzip
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusterpanel.registry.ingest import ingest
from clusterpanel.registry.registry import Registry
from clusterpanel.spec.clusters import ClusterSpec
from clusterpanel.spec.source import SourceSpec
from clusterpanel.spec.study import Study, StudySpec

DRAW = {"method": "dbscan", "eps_km": 5, "minimum_members": 2}
CLUSTERS = ClusterSpec.model_validate({"name": "some", "title": "Some", "draw": DRAW, "vintages": [2001]})
COLUMNS = [
    {"name": "site", "to": "site_id"},
    {"name": "firm", "to": "firm_id"},
    {"name": "year", "to": "year", "type": "year"},
    {"name": "code", "to": "industry_code", "constraints": {"enum": ["01.10", "01.20"]}},
    {"name": "street", "to": "address"},
    {"name": "staff", "to": "employment", "type": "number", "constraints": {"minimum": 0}},
]
ADDRESSES = (
    "Main street 5",
    '"Main street; first floor"',
    '"the ""old"" mill"',
    '"two\nlines"',
    '"three\n\nlines"',
    '5" pipe lane',
    "Ångström gata",
    "",
)
# What stands in the file, after the site's number; the row's own address comes where {} stands.
GOOD = "firm;2001;01.10;{};12"
FAULTY = (
    "firm;2001;01.10;{}",
    "firm;2001;01.10;{};12;more",
    "firm;2001;01.10;{};many",
    "firm;2001;01.10;{};-3",
    "firm;2001;01.30;{};12",
    "firm;01;01.10;{};12",
    ";2001;01.10;{};12",
    'firm;2001;"01".10;a street;12',
    'firm;2001;01.30;{};"inf"',
)
BLANK = None
ROWS = st.lists(
    st.tuples(st.sampled_from([GOOD, GOOD, GOOD, BLANK, *FAULTY]), st.sampled_from(ADDRESSES), st.booleans()),
    min_size=1,
    max_size=40,
)


def study_in(folder: Path, file: str, encoding: str) -> Study:
    table = {"table": "sites", "file": file, "separator": ";", "encoding": encoding, "columns": COLUMNS}
    source = SourceSpec.model_validate(
        {
            "name": "rows",
            "title": "",
            "origin": "",
            "licence": "",
            "max_quarantined_share": 1,
            "tables": [table],
        }
    )
    design = {"name": "pooled", "comparison": "pooled", "outcome": "growth_log", "exposure": "in_cluster"}
    panel = {"first_year": 2000, "last_year": 2002, "size": "employment"}
    spec = StudySpec.model_validate(
        {
            "name": "s",
            "title": "",
            "sources": ["rows"],
            "clusters": "some",
            "panel": panel,
            "designs": [design],
        }
    )
    return Study(folder / "study.toml", spec, (source,), (), CLUSTERS, {"rows": folder})


def written(rows: list[tuple[str | None, str, bool]]) -> tuple[str, set[int], int]:
    """Return the text of the file, the lines where its faulty rows begin, and its number of rows."""
    lines, faulty, delivered, line = ["site;firm;year;code;street;staff"], set(), 0, 2
    last_good: tuple[int, int] | None = None
    for number, (pattern, address, repeats) in enumerate([(GOOD, "a", False), *rows]):
        if pattern is BLANK:
            lines.append("")
            line += 1
            continue
        site = number
        if pattern == GOOD:
            # A repeated key takes its first copy into quarantine with it.
            if repeats and last_good is not None:
                site = last_good[0]
                faulty |= {line, last_good[1]}
                last_good = None
            else:
                last_good = (number, line) if number else None
        else:
            faulty.add(line)
        row = f"site{site};{pattern.format(address)}"
        lines.append(row)
        line += 1 + row.count("\n")
        delivered += 1
    return "\n".join(lines) + "\n", faulty, delivered


def checked(registry: Registry, faulty: set[int], delivered: int) -> None:
    kept, quarantine = registry.read("sites"), registry.read("quarantine")
    assert set(quarantine.column("line").to_pylist()) == faulty
    assert kept.num_rows + len(faulty) == delivered
    flow = registry.flow
    assert flow[0].rows_in == delivered
    assert flow[-1].rows_out == kept.num_rows
    assert sum(step.rows_set_aside for step in flow) == len(faulty)
    assert not any("firm" in came or "site" in came for came in quarantine.column("came").to_pylist())


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=ROWS,
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    is_packed=st.booleans(),
)
def test_rows_in_are_rows_out_and_rows_in_quarantine_each_at_its_line(
    rows: list[tuple[str | None, str, bool]], line_end: str, encoding: str, is_packed: bool
) -> None:
    text, faulty, delivered = written(rows)
    content = codecs.encode(text.replace("\n", line_end), encoding)
    with TemporaryDirectory() as folder:
        file = "sites.csv.gz" if is_packed else "sites.csv"
        (Path(folder) / file).write_bytes(gzip.compress(content) if is_packed else content)
        registry = ingest(study_in(Path(folder), file, encoding), Path(folder) / "out")
        checked(registry, faulty, delivered)
