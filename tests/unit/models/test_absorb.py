import numpy as np
import pytest

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models import absorb
from clusterpanel.models.absorb import check_levels, take_out_effects
from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.moments import CrossMoments
from clusterpanel.models.ols import fit_ols, project


def arrays(columns: dict[str, np.ndarray], absorbs_firm: bool = True, seed: int = 1) -> ModelArrays:
    """Thirty simulated firms of four years in three regions, with the given regressors."""
    rng = np.random.default_rng(seed)
    firm, year = np.repeat(np.arange(30), 4), np.tile(np.arange(4), 30)
    region = rng.integers(0, 3, 120)
    values = np.column_stack([rng.normal(size=120), *columns.values()])
    firms = Codes("firm_id", firm, 30)
    effects = (Codes("year", year, 4), Codes("region_code", region, 3))
    return ModelArrays(values, tuple(columns), firms, effects, absorbs_firm, firms)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=120)


def test_rank_counts_the_levels_that_say_something_of_their_own() -> None:
    # Of 4 years and 3 regions one level each is taken up by the firms.
    assert project(arrays({"x": noise(2)})).absorbed.rank == 5
    # Without firms only one of the seven is collinear.
    assert project(arrays({"x": noise(2)}, absorbs_firm=False)).absorbed.rank == 6


def test_slopes_leave_nothing_that_the_dummies_explain() -> None:
    rng = np.random.default_rng(0)
    dummies = np.kron(np.eye(3), np.ones((5, 1)))
    dummies = np.hstack([dummies, dummies[:, :1]])  # a level twice
    values = rng.normal(size=(15, 2))
    moments = CrossMoments(np.triu(values.T @ values), dummies.T @ values, np.triu(dummies.T @ dummies))
    absorbed = take_out_effects(moments)
    rest = values - dummies @ np.linalg.lstsq(dummies, values, rcond=None)[0]
    np.testing.assert_allclose(absorbed.rest, rest.T @ rest, rtol=1e-12)
    np.testing.assert_allclose(absorbed.within, (values**2).sum(axis=0))
    assert absorbed.rank == 3


def test_one_mover_among_many_still_links_two_pairs_of_regions() -> None:
    """Firms move within A, B or within C, D; a single one moves from B to C and tells how far they differ."""
    firms, rng = 20_001, np.random.default_rng(0)
    region = np.concatenate([np.tile([0, 1], 10_000), np.tile([2, 3], 10_000), [1, 2]])
    firm = Codes("firm_id", np.repeat(np.arange(firms), 2), firms)
    exposure = rng.normal(size=2 * firms)
    exposure[-1] = 1_000.0
    outcome = 0.5 * exposure + np.array([0.0, 1.0, 700.0, 702.0])[region]
    values = np.column_stack([outcome, exposure])
    sample = ModelArrays(values, ("x",), firm, (Codes("region_code", region, 4),), True, firm)
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
