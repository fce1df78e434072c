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
    with pytest.raises(NotIdentifiedError, match=r"all .* events have in_cluster = 0"):
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


def test_a_climb_cut_short_says_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hazard, "MOST_STEPS", 1)
    monkeypatch.setattr(hazard, "DIVERGING", 1e9)
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
