from dataclasses import replace

import numpy as np
import pytest

from clusterpanel.errors import NotConvergedError, NotIdentifiedError
from clusterpanel.models import hazard
from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.hazard import fit_hazard
from clusterpanel.models.separation import check_regressors, rows_of_mixed_levels


def arrays(events: np.ndarray, exposure: np.ndarray, region: np.ndarray) -> ModelArrays:
    rows = len(events)
    firms = Codes("firm_id", np.arange(rows) // 2, (rows + 1) // 2)
    effects = (Codes("region_code", region, int(region.max()) + 1),)
    return ModelArrays(np.column_stack([events, exposure]), ("in_cluster",), firms, effects, False, firms)


def simulated(seed: int = 0, rows: int = 400) -> ModelArrays:
    rng = np.random.default_rng(seed)
    exposure, region = (rng.random(rows) < 0.5).astype(float), rng.integers(0, 2, rows)
    events = (rng.random(rows) < 0.1 + 0.1 * exposure).astype(float)
    return arrays(events, exposure, region)


def test_two_cells_have_the_closed_form() -> None:
    """With one yes/no regressor and one effect level the hazards are the shares."""
    sample = simulated()
    sample = arrays(sample.values[:, 0], sample.values[:, 1], np.zeros(sample.rows, dtype=np.int64))
    exposed = sample.values[:, 1] == 1
    shares = [sample.values[rows, 0].mean() for rows in (exposed, ~exposed)]
    eta = np.log(-np.log1p(-np.array(shares)))
    assert fit_hazard(sample).coefficients[0] == pytest.approx(eta[0] - eta[1], rel=1e-10)


def test_no_event_among_the_exposed_is_refused() -> None:
    sample = simulated()
    events = sample.values[:, 0] * (sample.values[:, 1] == 0)
    with pytest.raises(NotIdentifiedError, match="all events have in_cluster = 0"):
        fit_hazard(arrays(events, sample.values[:, 1], sample.effects[0].codes))


def test_a_regressor_that_foretells_events_is_refused() -> None:
    events = np.array([0.0, 0, 0, 1, 1, 1])
    with pytest.raises(NotIdentifiedError, match="separates events"):
        check_regressors(events, np.arange(6.0)[:, None], ["size"])


def test_separation_given_the_effects_is_refused() -> None:
    """Overall both exposures see events; within each region only one does."""
    region = np.repeat([0, 1], 40)
    exposure = np.tile([0.0, 1.0], 40)
    events = np.zeros(80)
    events[np.flatnonzero((region == 0) & (exposure == 1))[:5]] = 1
    events[np.flatnonzero((region == 1) & (exposure == 1))] = 1
    events[np.flatnonzero((region == 1) & (exposure == 0))[:5]] = 1
    with pytest.raises(NotIdentifiedError, match="with the effects it separates events"):
        fit_hazard(arrays(events, exposure, region))


@pytest.mark.parametrize("is_event", [True, False])
def test_regressors_that_separate_events_together_are_refused(is_event: bool) -> None:
    """Each value of each sees both outcomes; only the rows with one and not the other all end alike.

    The steps run off and the promise of a further one dies out, so that stopping there would look like a top.
    """
    rng = np.random.default_rng(0)
    kind = rng.choice(3, 3_000, p=[0.45, 0.45, 0.1])
    exposed, large = (kind > 0).astype(float), (kind == 1).astype(float)
    events = np.where(kind == 2, float(is_event), rng.random(3_000) < 0.1)
    one = arrays(events, exposed, rng.integers(0, 3, 3_000))
    both = replace(one, values=np.column_stack([one.values, large]), names=("in_cluster", "is_large"))
    with pytest.raises(NotIdentifiedError, match="of in_cluster, is_large is not identified"):
        fit_hazard(both)


def uneven_levels() -> ModelArrays:
    """Twenty levels of very different sizes and hazards: a whole first step would take small ones too far."""
    rng = np.random.default_rng(9)
    sizes = rng.dirichlet(np.full(20, 0.3))
    region, shift = rng.choice(20, 8_000, p=sizes), rng.normal(size=20)
    exposure = (rng.random(8_000) < 0.5).astype(float)
    events = (rng.random(8_000) < -np.expm1(-np.exp(shift[region] - 4))).astype(float)
    sample = arrays(events, exposure, region)
    return sample.where(rows_of_mixed_levels(events, sample.effects)[0])


def test_a_level_that_lost_its_weight_does_not_pass_for_a_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hazard, "MOST_CHANGE_OF_LEVEL", 1e300)
    with pytest.raises(NotConvergedError, match="a level of the effects has lost its weight"):
        fit_hazard(uneven_levels())


def test_the_length_of_the_steps_does_not_move_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = fit_hazard(uneven_levels())
    monkeypatch.setattr(hazard, "MOST_CHANGE_OF_LEVEL", 0.3)
    slower = fit_hazard(uneven_levels())
    assert slower.facts["iterations"] > fit.facts["iterations"]
    np.testing.assert_allclose(slower.coefficients, fit.coefficients, rtol=1e-8)
    np.testing.assert_allclose(slower.covariance, fit.covariance, rtol=1e-8)


def test_a_climb_cut_short_says_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hazard, "MOST_STEPS", 1)
    with pytest.raises(
        NotConvergedError, match=r"not converged in 1 steps: a further one promises .* deviance"
    ):
        fit_hazard(simulated())


def test_dropping_levels_repeats_until_every_level_is_mixed() -> None:
    events = np.array([0.0, 0, 0, 1, 1, 0])
    region = Codes("region_code", np.array([0, 0, 1, 1, 2, 2]), 3)
    year = Codes("year", np.array([0, 1, 0, 0, 1, 2]), 3)
    # Region 0 has no event; year 2 none; then region 2 only an event, and year 1 only that event.
    keep, dropped = rows_of_mixed_levels(events, [region, year])
    assert keep.tolist() == [False, False, True, True, False, False]
    assert dropped == {"region_code": (2, 1), "year": (2, 2)}
