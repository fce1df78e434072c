"""Entry, exit, censoring and age of tiny firms whose answer can be read off."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clusterpanel.engine.tables import run_query, unbound_table
from clusterpanel.panel.spells import is_followed, with_flags, with_last_followed_year, with_spells
from clusterpanel.spec.study import CensorRule, EntryFlag, PanelSpec

SPEC = PanelSpec(first_year=2010, last_year=2015, size="employment")
BRITAIN = CensorRule(where={"country_code": ("GB",)}, after_year=2013, reason="left")


def followed(
    tmp_path: Path,
    years: list[int],
    *,
    country: str = "DE",
    birth: int | None = None,
    cause: str | None = None,
    origin: str | None = None,
    found_origin: str | None = None,
    found_end: str | None = None,
    spec: PanelSpec = SPEC,
) -> dict[str, list[Any]]:
    table = pa.table(
        {
            "firm_id": ["a"] * len(years),
            "year": pa.array(years, pa.int32()),
            "country_code": [country] * len(years),
            "birth_year": pa.array([birth] * len(years), pa.int32()),
            "death_cause": pa.array([cause] * len(years), pa.string()),
            "origin": pa.array([origin] * len(years), pa.string()),
            "found_origin": pa.array([found_origin] * len(years), pa.string()),
            "found_end": pa.array([found_end] * len(years), pa.string()),
        }
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    rows = with_last_followed_year(unbound_table("rows", tmp_path / "rows.parquet"), spec.censor)
    rows = with_flags(with_spells(rows.filter(is_followed(rows)), spec), spec.flags)
    done = run_query(rows.order_by("year"), {"rows": tmp_path / "rows.parquet"})
    return dict(done.to_pydict())


def test_a_firm_last_seen_before_the_end_exits_then(tmp_path: Path) -> None:
    rows = followed(tmp_path, [2011, 2012])
    assert rows["is_exit"] == [False, True]
    assert rows["exit_cause"] == [None, "unknown"]
    assert rows["is_censored"] == [False, False]


def test_a_known_cause_is_told_in_the_exit_year_only(tmp_path: Path) -> None:
    assert followed(tmp_path, [2011, 2012], cause="merger")["exit_cause"] == [None, "merger"]


def test_a_firm_seen_in_the_last_year_is_censored(tmp_path: Path) -> None:
    rows = followed(tmp_path, [2014, 2015], cause="closure")
    assert rows["is_exit"] == [False, None]
    assert rows["exit_cause"] == [None, None]
    assert rows["is_censored"] == [False, True]


def test_a_gap_is_no_exit(tmp_path: Path) -> None:
    assert followed(tmp_path, [2010, 2012, 2013])["is_exit"] == [False, False, True]


def test_a_rule_drops_later_rows_and_censors(tmp_path: Path) -> None:
    spec = SPEC.model_copy(update={"censor": (BRITAIN,)})
    rows = followed(tmp_path, [2012, 2013, 2014], country="GB", spec=spec)
    assert rows["year"] == [2012, 2013]
    assert rows["is_exit"] == [False, None]
    assert rows["is_censored"] == [False, True]


def test_a_firm_that_ends_in_the_rules_year_is_censored(tmp_path: Path) -> None:
    spec = SPEC.model_copy(update={"censor": (BRITAIN,)})
    assert followed(tmp_path, [2012, 2013], country="GB", spec=spec)["is_exit"] == [False, None]


def test_a_firm_that_ends_before_the_rules_year_exits(tmp_path: Path) -> None:
    spec = SPEC.model_copy(update={"censor": (BRITAIN,)})
    assert followed(tmp_path, [2011, 2012], country="GB", spec=spec)["is_exit"] == [False, True]


def test_a_firm_seen_again_after_the_rules_year_had_not_ended_before(tmp_path: Path) -> None:
    spec = SPEC.model_copy(update={"censor": (BRITAIN,)})
    rows = followed(tmp_path, [2011, 2014], country="GB", spec=spec)
    assert rows["year"] == [2011]
    assert rows["is_exit"] == [None]
    assert rows["is_censored"] == [True]


def test_other_firms_are_followed_on(tmp_path: Path) -> None:
    spec = SPEC.model_copy(update={"censor": (BRITAIN,)})
    assert followed(tmp_path, [2013, 2014], country="DE", spec=spec)["year"] == [2013, 2014]


def test_the_earliest_of_two_rules_ends_the_following(tmp_path: Path) -> None:
    earlier = CensorRule(where={"country_code": ("GB", "FR")}, after_year=2011, reason="earlier")
    spec = SPEC.model_copy(update={"censor": (BRITAIN, earlier)})
    assert followed(tmp_path, [2011, 2012, 2013], country="GB", spec=spec)["year"] == [2011]


def test_entry_is_the_first_year_seen_after_the_studys_first(tmp_path: Path) -> None:
    assert followed(tmp_path, [2011, 2012])["is_entry"] == [True, False]
    assert followed(tmp_path, [2010, 2011])["is_entry"] == [False, False]


def test_a_firm_born_earlier_does_not_enter_when_first_seen(tmp_path: Path) -> None:
    assert followed(tmp_path, [2012, 2013], birth=2001)["is_entry"] == [False, False]
    assert followed(tmp_path, [2012, 2013], birth=2012)["is_entry"] == [True, False]


def test_age_is_unknown_without_a_birth_year_and_before_it(tmp_path: Path) -> None:
    assert followed(tmp_path, [2012, 2014], birth=2010)["age"] == [2, 4]
    unknown = followed(tmp_path, [2012])
    assert unknown["age"] == [None]
    assert unknown["is_birth_known"] == [False]
    assert followed(tmp_path, [2011, 2012], birth=2012)["age"] == [None, 0]


def test_a_flag_marks_all_rows_of_firms_that_entered_then(tmp_path: Path) -> None:
    flag = EntryFlag(name="is_regulatory", entry_years=(2012,), reason="new rules")
    spec = SPEC.model_copy(update={"flags": (flag,)})
    assert followed(tmp_path, [2012, 2013], spec=spec)["is_regulatory"] == [True, True]
    assert followed(tmp_path, [2011, 2012], spec=spec)["is_regulatory"] == [False, False]


def test_a_renamed_firm_has_neither_ended_nor_entered(tmp_path: Path) -> None:
    old = followed(tmp_path, [2011, 2012], found_end="renamed")
    assert old["is_exit"] == [False, None]
    assert old["is_censored"] == [False, True]
    assert old["exit_cause"] == [None, None]
    assert followed(tmp_path, [2013, 2014], found_origin="renamed")["is_entry"] == [False, False]


def test_moves_name_a_cause_the_register_does_not_know(tmp_path: Path) -> None:
    assert followed(tmp_path, [2011, 2012], cause="unknown", found_end="merger")["exit_cause"] == [
        None,
        "merger",
    ]


def test_the_register_is_believed_before_the_moves(tmp_path: Path) -> None:
    ended = followed(tmp_path, [2011, 2012], cause="closure", found_end="renamed")
    assert ended["exit_cause"] == [None, "closure"]
    assert followed(tmp_path, [2013], origin="new", found_origin="renamed")["is_entry"] == [True]
