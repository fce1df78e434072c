"""The variances a spec can ask for."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from clusterpanel.spec.vcov import (
    ALLOWED,
    KEYS,
    BiasReducedVcov,
    BlockBootstrapVcov,
    ConleyVcov,
    DriscollKraayVcov,
    GroupedVcov,
    JackknifeVcov,
    NeweyWestVcov,
    Vcov,
    WildBootstrapVcov,
    is_folded,
    vcov_columns,
)

ADAPTER: TypeAdapter[Any] = TypeAdapter(Vcov)
GOOD: list[tuple[Any, Any, tuple[str, ...], bool]] = [
    ("iid", "iid", (), True),
    ("HC1", "HC1", (), True),
    ("HC2", "HC2", (), False),
    ("HC3", "HC3", (), False),
    ({"CRV1": "firm_id"}, GroupedVcov(CRV1="firm_id"), ("firm_id",), True),
    (
        {"CRV1": ("firm_id", "year"), "small_sample": "each"},
        GroupedVcov(CRV1=("firm_id", "year"), small_sample="each"),
        ("firm_id", "year"),
        True,
    ),
    ({"CRV2": "region_code"}, BiasReducedVcov(CRV2="region_code"), ("region_code",), False),
    ({"CRV3": "region_code"}, JackknifeVcov(CRV3="region_code"), ("region_code",), False),
    ({"conley_km": 100}, ConleyVcov(conley_km=100), ("latitude", "longitude"), False),
    (
        {"conley_km": 50.0, "kernel": "bartlett", "latitude": "north", "longitude": "east"},
        ConleyVcov(conley_km=50, kernel="bartlett", latitude="north", longitude="east"),
        ("north", "east"),
        False,
    ),
    ({"driscoll_kraay_lags": 2}, DriscollKraayVcov(driscoll_kraay_lags=2), (), True),
    ({"newey_west_lags": 2}, NeweyWestVcov(newey_west_lags=2), (), False),
    (
        {"wild_bootstrap": "region_code", "weights": "webb", "draws": 999, "seed": 5},
        WildBootstrapVcov(wild_bootstrap="region_code", weights="webb", draws=999, seed=5),
        ("region_code",),
        False,
    ),
    ({"block_bootstrap": "firm_id"}, BlockBootstrapVcov(block_bootstrap="firm_id"), ("firm_id",), True),
]


@pytest.mark.parametrize(("written", "read", "columns", "folded"), GOOD)
def test_each_variance_is_read_strictly(
    written: Any, read: Any, columns: tuple[str, ...], folded: bool
) -> None:
    vcov = ADAPTER.validate_python(written, strict=True)
    assert vcov == read
    assert vcov_columns(vcov) == columns
    assert is_folded(vcov) is folded
    assert ADAPTER.validate_python(vcov) == read


def test_lists_are_taken_from_notebooks() -> None:
    assert ADAPTER.validate_python({"CRV1": ["a", "b"]}).ways == ("a", "b")


@pytest.mark.parametrize(
    ("written", "where"),
    [
        ("HC4", ("ungrouped",)),
        ({"CRV1": ("a", "b", "c", "d")}, ("CRV1", "CRV1")),
        ({"CRV1": ()}, ("CRV1", "CRV1")),
        ({"CRV1": ("a", "a")}, ("CRV1", "CRV1")),
        ({"CRV1": "a", "draws": 9}, ("CRV1", "draws")),
        ({"CRV3": ("a", "b")}, ("CRV3", "CRV3")),
        ({"conley_km": 0}, ("conley_km", "conley_km")),
        ({"conley_km": 5, "kernel": "gauss"}, ("conley_km", "kernel")),
        ({"driscoll_kraay_lags": -1}, ("driscoll_kraay_lags", "driscoll_kraay_lags")),
        ({"wild_bootstrap": "a", "weights": "normal"}, ("wild_bootstrap", "weights")),
        ({"block_bootstrap": "a", "draws": 1}, ("block_bootstrap", "draws")),
    ],
)
def test_only_the_faults_of_the_variance_that_was_meant_are_told(
    written: Any, where: tuple[str, ...]
) -> None:
    with pytest.raises(ValidationError) as raised:
        ADAPTER.validate_python(written, strict=True)
    assert all(error["loc"][: len(where)] == where for error in raised.value.errors())


@pytest.mark.parametrize("written", [{}, {"cluster": "firm_id"}, 3, None])
def test_an_unknown_variance_is_told_what_there_is(written: Any) -> None:
    with pytest.raises(ValidationError) as raised:
        ADAPTER.validate_python(written, strict=True)
    assert [error["msg"] for error in raised.value.errors()] == [ALLOWED]


def test_the_message_names_every_key() -> None:
    assert all(key in ALLOWED for key in KEYS)
