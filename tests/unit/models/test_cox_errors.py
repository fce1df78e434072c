"""What a Cox regression refuses, names and drops."""

from dataclasses import replace

import numpy as np
import pytest

from clusterpanel.errors import DataError, NotConvergedError, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes, Floats, ModelArrays
from clusterpanel.models.survival.cox import fit_cox
from clusterpanel.models.survival.cox_climb import Climb


def sample(rows: int = 200, seed: int = 4) -> ModelArrays:
    """Simulate annual rows of two regressors in two strata."""
    rng = np.random.default_rng(seed)
    age = rng.integers(0, 8, rows).astype(float)
    event = (rng.random(rows) < 0.3).astype(float)
    firm = Codes("firm_id", np.arange(rows, dtype=np.int32), rows)
    strata = Codes("industry", (np.arange(rows) % 2).astype(np.int32), 2)
    columns = (event, age, age + 1, rng.normal(size=rows), rng.normal(size=rows))
    return ModelArrays(columns, ("exposure", "size"), firm, (strata,), False, outcomes=3)


def with_column(arrays: ModelArrays, place: int, values: Floats) -> ModelArrays:
    columns = list(arrays.columns)
    columns[place] = values
    return replace(arrays, columns=tuple(columns))


def with_regressor(arrays: ModelArrays, name: str, values: Floats) -> ModelArrays:
    return replace(arrays, columns=(*arrays.columns, values), names=(*arrays.names, name))


def test_intervals_that_break_a_rule_are_counted_all_at_once() -> None:
    arrays = sample()
    event, start, stop = (column.copy() for column in arrays.columns[:3])
    stop[:3] = start[:3]
    stop[3:5] = start[3:5] - 1
    stop[5] = np.inf
    event[6] = 0.5
    offset = np.zeros(arrays.rows)
    offset[7:9] = 1e5, np.nan
    broken = replace(arrays, columns=(event, start, stop, *arrays.columns[3:]), offset=offset)
    with pytest.raises(DataError) as caught:
        fit_cox(broken)
    came = [fault.came for fault in caught.value.faults]
    assert came == [
        "1 rows with start or stop missing or infinite",
        "2 rows with start after stop",
        "3 rows with start equal to stop",
        "1 rows with events that are no code",
        "2 rows with an offset missing or out of range",
    ]


def test_a_missing_time_is_refused() -> None:
    arrays = sample()
    start = arrays.columns[1].copy()
    start[0] = np.nan
    with pytest.raises(DataError, match="intervals"):
        fit_cox(with_column(arrays, 1, start))


@pytest.mark.parametrize(("events", "words"), [(0, "no event"), (1, "one event")])
def test_no_event_or_one_is_not_enough(events: int, words: str) -> None:
    arrays = sample()
    event = np.zeros(arrays.rows)
    event[:events] = 1
    with pytest.raises(NotIdentifiedError, match=words):
        fit_cox(with_column(arrays, 0, event))


def test_no_event_of_the_cause_names_it() -> None:
    with pytest.raises(NotIdentifiedError, match="no event of cause 2"):
        fit_cox(sample(), cause=2)


def test_all_events_at_one_time_are_told() -> None:
    arrays = replace(sample(), effects=())
    start = np.zeros(arrays.rows)
    fit = fit_cox(replace(arrays, columns=(arrays.columns[0], start, start + 1, *arrays.columns[3:])))
    assert any("All events are at one time" in note for note in fit.likelihood.notes)


def test_rows_at_risk_at_no_event_time_are_told() -> None:
    arrays = sample()
    start = arrays.columns[1].copy()
    start[:5] = 100.0
    stop, event = start + 1, arrays.columns[0].copy()
    event[:5] = 0
    late = replace(arrays, columns=(event, start, stop, *arrays.columns[3:]), effects=())
    fit = fit_cox(late).likelihood
    assert any(note.startswith("5 rows are at risk at no event time") for note in fit.notes)
    assert fit.facts["rows_at_risk"] == arrays.rows - 5


def test_many_ties_are_told() -> None:
    assert any(
        "30%" in note or "fail at a mean event time" in note for note in fit_cox(sample()).likelihood.notes
    )


def test_an_exposure_constant_in_every_risk_set_is_refused() -> None:
    arrays = sample()
    by_stratum = arrays.effects[0].codes * 2.0
    with pytest.raises(NotIdentifiedError, match=r"exposure is not identified: .*within every risk set"):
        fit_cox(with_column(arrays, 3, by_stratum))


def test_a_constant_exposure_is_refused() -> None:
    arrays = sample()
    with pytest.raises(NotIdentifiedError, match="the same in every row"):
        fit_cox(with_column(arrays, 3, np.full(arrays.rows, 3.7)))


def test_collinear_controls_are_dropped_and_named() -> None:
    arrays = sample()
    exposure, size = arrays.columns[3:]
    more = with_regressor(arrays, "both", exposure - 2 * size)
    more = with_regressor(more, "industry_level", arrays.effects[0].codes * 1.5)
    fit, plain = fit_cox(more), fit_cox(arrays)
    assert [item.name for item in fit.likelihood.collinear] == ["both", "industry_level"]
    assert "exposure, size" in fit.likelihood.collinear[0].reason
    assert fit.likelihood.names == ("exposure", "size")
    np.testing.assert_allclose(fit.likelihood.coefficients, plain.likelihood.coefficients, rtol=1e-12)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_a_coefficient_that_runs_off_is_named(ties: str) -> None:
    # Nobody with the mark ever fails, so that the likelihood rises as its coefficient falls without end.
    arrays = sample()
    mark = ((arrays.columns[0] == 0) & (np.arange(arrays.rows) % 3 == 0)) * 1.0
    with pytest.raises(NotIdentifiedError, match=r"ratio of mark is not identified: .*rises without end"):
        fit_cox(with_regressor(arrays, "mark", mark), ties)  # type: ignore[arg-type]


def test_a_combination_that_runs_off_is_named() -> None:
    arrays = sample()
    mark = ((arrays.columns[0] == 0) & (np.arange(arrays.rows) % 3 == 0)) * 1.0
    noise = np.random.default_rng(1).normal(size=arrays.rows)
    two = with_regressor(with_regressor(arrays, "one", mark + noise), "two", noise)
    with pytest.raises(NotIdentifiedError, match="one, two"):
        fit_cox(two)


def test_regressors_of_extreme_size_are_fitted() -> None:
    arrays = sample()
    plain = fit_cox(arrays).likelihood
    scaled = fit_cox(with_column(arrays, 4, 1e9 + 1e6 * arrays.columns[4])).likelihood
    np.testing.assert_allclose(scaled.coefficients * [1, 1e6], plain.coefficients, rtol=1e-6)


def test_another_tie_rule_is_refused() -> None:
    with pytest.raises(SpecError, match="exact"):
        fit_cox(sample(), "exact")  # type: ignore[arg-type]


def test_sources_of_another_kind_are_refused() -> None:
    arrays = sample()
    with pytest.raises(SpecError, match="absorb"):
        fit_cox(replace(arrays, absorbs_firm=True))
    with pytest.raises(SpecError, match="one stratum"):
        fit_cox(replace(arrays, effects=arrays.effects * 2))
    with pytest.raises(SpecError, match="2 outcomes"):
        fit_cox(replace(arrays, outcomes=2, names=("stop", *arrays.names)))


def test_a_climb_that_finds_no_way_up_says_so() -> None:
    fit = fit_cox(sample())
    here = fit.passes().visit(np.zeros(2))
    worse = replace(here, likelihood=here.likelihood - 1)
    climb = Climb(("exposure", "size"), lambda _: worse, lambda _: np.eye(2), np.ones(2))
    with pytest.raises(NotConvergedError, match="no step"):
        climb.run(here, np.eye(2))
