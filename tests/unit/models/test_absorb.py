from dataclasses import replace

import numpy as np
import pytest

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models import absorb, absorbed
from clusterpanel.models.absorb import check_levels
from clusterpanel.models.absorbed import redundant_counts, redundant_levels
from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.ols import fit_ols
from clusterpanel.models.projection import project
from clusterpanel.models.schur import solver


def arrays(columns: dict[str, np.ndarray], absorbs_firm: bool = True, seed: int = 1) -> ModelArrays:
    """Thirty simulated firms of four years in three regions, with the given regressors."""
    rng = np.random.default_rng(seed)
    firm, year = np.repeat(np.arange(30), 4), np.tile(np.arange(4), 30)
    region = rng.integers(0, 3, 120)
    firms = Codes("firm_id", firm.astype(np.int32), 30)
    effects = (
        Codes("year", year.astype(np.int32), 4),
        Codes("region_code", region.astype(np.int32), 3),
    )
    values = rng.normal(size=120), *columns.values()
    return ModelArrays(values, tuple(columns), firms, effects, absorbs_firm, groups=(firms,))


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=120)


def test_rank_counts_the_levels_that_say_something_of_their_own() -> None:
    # Of 4 years and 3 regions one level each is taken up by the firms.
    assert project(arrays({"x": noise(2)})).absorbed.rank == 5
    # Without firms only one of the seven is collinear.
    assert project(arrays({"x": noise(2)}, absorbs_firm=False)).absorbed.rank == 6


def test_redundant_levels_are_named_by_effect() -> None:
    sample = arrays({"x": noise(2)})
    redundant = redundant_levels(sample, absorb.absorb(sample))
    assert {name: len(levels) for name, levels in redundant.items()} == {"year": 1, "region_code": 1}


def test_an_effect_whose_levels_all_say_something_is_not_counted() -> None:
    sample = arrays({"x": noise(2)}, absorbs_firm=False)
    assert redundant_counts(sample, absorb.absorb(sample)) == {"region_code": 1}


def test_slopes_leave_nothing_that_the_dummies_explain() -> None:
    sample = arrays({"x": noise(2), "z": noise(3)})
    found = absorb.absorb(sample)
    dummies = [np.eye(codes.levels)[codes.codes] for codes in (sample.firms, *sample.effects)]
    values, nuisance = np.column_stack(sample.columns), np.hstack(dummies)
    rest = values - nuisance @ np.linalg.lstsq(nuisance, values, rcond=None)[0]
    np.testing.assert_allclose(found.rest, rest.T @ rest, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(absorb.left_rows(sample, found), rest.T, atol=1e-12)
    within = values - dummies[0] @ np.linalg.lstsq(dummies[0], values, rcond=None)[0]
    np.testing.assert_allclose(found.within, (within**2).sum(axis=0))
    np.testing.assert_allclose(found.explained, found.within - np.diag(rest.T @ rest))


def test_one_mover_among_many_still_links_two_pairs_of_regions() -> None:
    """Firms move within A, B or within C, D; a single one moves from B to C and tells how far they differ."""
    firms, rng = 20_001, np.random.default_rng(0)
    region = np.concatenate([np.tile([0, 1], 10_000), np.tile([2, 3], 10_000), [1, 2]])
    firm = Codes("firm_id", np.repeat(np.arange(firms, dtype=np.int32), 2), firms)
    exposure = rng.normal(size=2 * firms)
    exposure[-1] = 1_000.0
    outcome = 0.5 * exposure + np.array([0.0, 1.0, 700.0, 702.0])[region]
    regions = Codes("region_code", region.astype(np.int32), 4)
    sample = ModelArrays((outcome, exposure), ("x",), firm, (regions,), True, groups=(firm,))
    assert project(sample).absorbed.rank == 3
    assert fit_ols(sample).coefficients[0] == pytest.approx(0.5, rel=1e-9)


@pytest.mark.parametrize(
    ("columns", "dropped", "reason"),
    [
        ({"x": noise(2), "z": np.repeat(noise(3)[:30], 4)}, "z", "it is constant within firm_id"),
        ({"x": noise(2), "z": np.full(120, 3.7)}, "z", "it is the same in every row"),
        (
            {"x": noise(2), "z": np.tile([1.0, 5.0, 2.0, 2.5], 30)},
            "z",
            r"the effects explain it \(year, region_code\)",
        ),
        ({"x": noise(2), "w": noise(3), "z": noise(2) * 4 - 2}, "z", "it is a linear combination of x$"),
        ({"x": noise(2), "w": noise(3), "z": noise(2) + noise(3)}, "z", "it is a linear combination of x, w"),
    ],
)
def test_a_collinear_control_is_dropped_with_the_reason(
    columns: dict[str, np.ndarray], dropped: str, reason: str
) -> None:
    fit = fit_ols(arrays(columns))
    assert [item.name for item in fit.collinear] == [dropped]
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(fit.collinear[0].reason)
    assert dropped not in fit.names
    rest = {name: values for name, values in columns.items() if name != dropped}
    np.testing.assert_allclose(fit.coefficients, fit_ols(arrays(rest)).coefficients, rtol=1e-12)


def test_the_later_of_two_equal_regressors_goes_so_the_exposure_stays() -> None:
    fit = fit_ols(arrays({"in_cluster": noise(2), "control": 3 * noise(2)}))
    assert fit.names == ("in_cluster",)


def test_a_collinear_exposure_is_refused_with_the_reason() -> None:
    with pytest.raises(
        NotIdentifiedError, match="in_cluster is not identified: it is constant within firm_id"
    ):
        fit_ols(arrays({"in_cluster": np.repeat(noise(3)[:30], 4), "x": noise(2)}))


def test_a_single_switcher_still_identifies() -> None:
    exposure = np.zeros(120)
    exposure[1] = 1.0
    fit = fit_ols(arrays({"in_cluster": exposure, "x": noise(2)}))
    assert fit.names == ("in_cluster", "x")


def test_more_levels_than_there_is_room_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(absorb, "MOST_LEVELS", 6)
    with pytest.raises(SpecError, match=r"7 levels \(year 4, region_code 3\); allowed: 6"):
        check_levels(arrays({"x": noise(2)}))


def test_a_firms_own_trend_that_takes_all_its_rows_up_leaves_them_out() -> None:
    sample = arrays({"x": noise(2)})
    trend = (np.tile(np.arange(4.0), 30),)
    squares = (np.tile(np.arange(4.0) ** 2, 30),)
    cubes = (np.tile(np.arange(4.0) ** 3, 30),)
    left = absorb.absorb(replace(sample, effects=(), firm_slopes=trend + squares))
    assert left.rest[1, 1] > 0
    none = absorb.absorb(replace(sample, effects=(), firm_slopes=trend + squares + cubes))
    assert not none.rest.any()


def test_a_slope_that_is_the_firms_effect_again_adds_nothing() -> None:
    sample = arrays({"x": noise(2)})
    trend = np.tile(np.arange(4.0), 30)
    once = replace(sample, firm_slopes=(trend,))
    twice = replace(sample, firm_slopes=(trend, np.full(120, 7.0), 3 * trend - 5))
    np.testing.assert_allclose(absorb.absorb(twice).rest, absorb.absorb(once).rest, rtol=1e-11)


def test_many_levels_are_solved_sparsely_and_the_path_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = arrays({"x": noise(2), "z": noise(3)})
    dense = absorb.absorb(sample)
    monkeypatch.setattr(absorbed, "DENSE_LEVELS", 0)
    monkeypatch.setattr(solver, "DENSE_LEVELS", 0)
    sparse = absorb.absorb(sample)
    np.testing.assert_allclose(sparse.rest, dense.rest, rtol=1e-10)
    assert "dense" in dense.path
    assert "sparse" in sparse.path
