"""In which cells a row is at risk: against comparing every row with every event time."""

import numpy as np
import pytest

from clusterpanel.models.arrays import Floats
from clusterpanel.models.survival.risk_cells import RiskCells


def cells_of(strata: list[int], times: list[float], levels: int) -> RiskCells:
    return RiskCells.of(np.array(strata, dtype=np.int64), np.array(times), levels)


def drawn(rng: np.random.Generator, kind: str) -> Floats:
    """Draw event times: whole, far apart, continuous or very uneven."""
    if kind == "whole":
        return np.unique(rng.integers(0, 40, 25)).astype(float)
    if kind == "far apart":
        return np.unique(rng.integers(0, 10**7, 60)).astype(float)
    if kind == "continuous":
        return np.unique(rng.normal(size=50))
    return np.unique(np.exp(rng.normal(0, 8, 50)))


@pytest.mark.parametrize("kind", ["whole", "far apart", "continuous", "uneven"])
def test_spans_are_those_of_every_comparison(kind: str) -> None:
    rng = np.random.default_rng(3)
    by_stratum = [drawn(rng, kind) for _ in range(4)]
    by_stratum[2] = np.empty(0)  # a stratum without events
    strata = np.repeat(np.arange(4), [len(times) for times in by_stratum])
    cells = RiskCells.of(strata, np.concatenate(by_stratum), 4)
    rows = rng.integers(0, 4, 500).astype(np.int32)
    everything = np.concatenate([cells.times, drawn(rng, kind), cells.times - 0.5, [-1e9, 1e9]])
    start, stop = np.sort(rng.choice(everything, (2, 500)), axis=0)
    first, last = cells.spans(rows, start, stop)
    for row in range(500):
        own = by_stratum[rows[row]]
        offset = cells.offsets[rows[row]]
        assert first[row] == offset + (own <= start[row]).sum()
        assert last[row] == offset + (own <= stop[row]).sum()


def test_a_row_is_at_risk_after_its_start_and_up_to_its_stop() -> None:
    cells = cells_of([0, 0, 0], [1.0, 2.0, 3.0], 1)
    first, last = cells.spans(np.empty(0, dtype=np.int32), np.array([1.0, 0.0]), np.array([2.0, 0.5]))
    assert (first[0], last[0]) == (1, 2)
    assert first[1] == last[1]


def test_sums_run_within_strata() -> None:
    cells = cells_of([0, 0, 2], [1.0, 2.0, 1.0], 3)
    values = np.array([1.0, 10.0, 100.0])
    np.testing.assert_array_equal(cells.cumulated(values), [1, 11, 100])
    np.testing.assert_array_equal(cells.cumulated(values, is_backward=True), [11, 10, 100])


def test_annual_rows_are_known_to_be_at_risk_in_one_cell() -> None:
    cells = cells_of([0, 0], [1.0, 2.0], 1)
    assert not cells.is_unit
    assert cells.known_as_unit(True).index.is_unit
