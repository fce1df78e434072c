"""The declared columns: their order, and what the specs add to them."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterpanel.spec.columns import (
    REQUIRED_COLUMNS,
    TABLE_COLUMNS,
    TABLE_KEYS,
    measures,
    panel_columns,
    radius_label,
)
from clusterpanel.spec.read import read_study
from clusterpanel.spec.study import Study

SMALL = Path(__file__).resolve().parents[2] / "fixtures" / "good_specs" / "small"


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(SMALL / "studies" / "small.toml")


def names(study: Study) -> list[str]:
    return list(panel_columns(study.spec, study.sources, study.cluster_spec))


def test_panel_columns_are_those_of_the_contract_in_its_order(study: Study) -> None:
    radii = [
        f"{who}_{what}_{r}km" for r in (5, 10, 25) for who in ("own", "all") for what in ("count", "activity")
    ]
    rings = [f"{who}_ring_{ring}km" for who in ("own", "all") for ring in ("0_5", "5_10", "10_25")]
    assert names(study) == [
        *("firm_id", "year", "site_id", "sites", "industry_code", "cluster_industry"),
        *("country_code", "region_code", "latitude", "longitude", "precision_m", "match_level"),
        *("is_entry", "is_exit", "exit_cause", "is_censored", "age", "is_birth_known"),
        *("origin", "is_true_birth"),
        *("employment", "wage_bill_crowns", "revenue_crowns", "wage_crowns"),
        *("log_wage_crowns", "log_employment", "growth_log", "growth_dhs", "lag_employment"),
        *("cluster_vintage", "in_cluster", "cluster_id"),
        *("distance_edge_km", "depth_km", "distance_centre_km", "distance_member_km"),
        *radii,
        *rings,
        *(f"log_{name}" for name in (*radii, *rings)),
    ]


def test_every_panel_column_is_described(study: Study) -> None:
    assert all(panel_columns(study.spec, study.sources, study.cluster_spec).values())


def test_without_activity_only_sites_are_counted(study: Study) -> None:
    quiet = replace(study, cluster_spec=study.cluster_spec.model_copy(update={"activity": None}))

    assert not [name for name in names(quiet) if "activity" in name]
    assert "log_own_count_25km" in names(quiet)


def test_employment_of_sites_is_a_measure_where_accounts_have_none(study: Study) -> None:
    source = study.sources[0]
    firms, sites, accounts = source.tables
    column = next(column for column in accounts.columns if column.to == "employment")
    sites = sites.model_copy(update={"columns": (*sites.columns, column)})

    only_sites = source.model_copy(update={"tables": (firms, sites)})
    both = source.model_copy(update={"tables": (firms, sites, accounts)})

    assert measures([only_sites]) == {"employment": "persons employed at the firm's sites"}
    assert list(measures([both])) == ["employment", "wage_bill_crowns", "revenue_crowns"]
    assert measures([both])["employment"] == "employment, persons, from small"


def test_a_measure_of_two_sources_is_one_column(study: Study) -> None:
    assert list(measures([*study.sources, *study.sources])) == list(measures(study.sources))


def test_keys_are_declared_columns_and_required() -> None:
    for table, keys in TABLE_KEYS.items():
        assert set(keys) <= set(REQUIRED_COLUMNS[table]) <= set(TABLE_COLUMNS[table])


@pytest.mark.parametrize(
    ("radius", "label"), [(5, "5"), (5.0, "5"), (2.5, "2_5"), (100, "100"), (0.25, "0_25")]
)
def test_radius_label(radius: float, label: str) -> None:
    assert radius_label(radius) == label


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_radii_of_metres_have_labels_of_their_own(first: int, second: int) -> None:
    assert (radius_label(first / 1000) == radius_label(second / 1000)) == (first == second)
