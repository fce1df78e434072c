"""Simulated samples with a known truth: what should be biased is, and what should cover does."""

from typing import NamedTuple

import numpy as np
import pytest

from clusterpanel.models.arrays import Codes, Floats, ModelArrays
from clusterpanel.models.instruments.fit import fit_two_stage
from clusterpanel.models.shift_share.fit import fit_shift_share
from clusterpanel.models.shift_share.shares import Shares

SAMPLES = 400
TRUTH = 1.0
# HC1 tests of three slopes in 400 heteroskedastic rows cover 94 % (of 6,000 samples); three standard errors.
LEAST, MOST = 0.905, 0.975


class Coverage(NamedTuple):
    estimates: Floats
    least_squares: Floats
    normal: float
    anderson_rubin: float


def arrays_of(*columns: Floats) -> ModelArrays:
    rows = len(columns[0])
    names = ("x", *(f"z{place}" for place in range(1, len(columns) - 1)), "constant")
    return ModelArrays(
        columns=(*columns, np.ones(rows)),
        names=names,
        firms=Codes("firm", np.arange(rows, dtype=np.int32), rows),
        effects=(),
        absorbs_firm=False,
    )


def cover(strength: float, seed: int, rows: int = 400, instruments: int = 3) -> Coverage:
    """Estimate many samples in which x and y share most of their errors, which are heteroskedastic."""
    random = np.random.default_rng(seed)
    estimates, slopes = np.empty(SAMPLES), np.empty(SAMPLES)
    normal = kept = 0
    names = [f"z{place}" for place in range(1, instruments + 1)]
    for sample in range(SAMPLES):
        z = random.normal(size=(instruments, rows))
        error = random.normal(size=rows) * np.sqrt(0.7 + 0.3 * z[0] ** 2)
        x = strength * z.sum(axis=0) + 0.9 * error + 0.4 * random.normal(size=rows)
        y = TRUTH * x + error
        result = fit_two_stage(arrays_of(y, x, *z), ["x"], names, "HC1")
        row = result.fit.table().iloc[0]
        estimates[sample] = row["estimate"]
        slopes[sample] = np.cov(x, y)[0, 1] / x.var(ddof=1)
        normal += row["conf_low"] <= TRUTH <= row["conf_high"]
        assert result.anderson_rubin_set is not None
        kept += TRUTH in result.anderson_rubin_set
    return Coverage(estimates, slopes, normal / SAMPLES, kept / SAMPLES)


def test_strong_instruments_undo_the_bias_of_least_squares() -> None:
    found = cover(strength=1.0, seed=1)
    error = found.estimates.std() / np.sqrt(SAMPLES)
    assert abs(found.estimates.mean() - TRUTH) < 4 * error + 0.005
    # Cov(x, error) = .9 and Var(x) = 3 + .81 + .16
    assert found.least_squares.mean() - TRUTH == pytest.approx(0.9 / 3.97, abs=0.01)
    assert LEAST < found.normal < MOST
    assert LEAST < found.anderson_rubin < MOST


def test_weak_instruments_break_the_interval_of_two_stages_but_not_anderson_rubin() -> None:
    found = cover(strength=0.05, seed=2)
    assert np.median(found.estimates) - TRUTH > 0.2
    assert found.normal < 0.75
    assert LEAST < found.anderson_rubin < MOST + 0.01


def cover_shocks(samples: int, seed: int) -> dict[str, float]:
    """Places that share sectors: their errors hold shocks to the same sectors that the exposure does not."""
    random = np.random.default_rng(seed)
    rows, sectors = 400, 120
    shares = random.dirichlet(np.full(sectors, 0.08), rows)
    checked = Shares.of(shares)
    covered = {"HC1": 0, "AKM": 0, "AKM0": 0}
    for _ in range(samples):
        shocks = random.normal(size=sectors)
        exposure = shares @ shocks
        error = 2.0 * shares @ random.normal(size=sectors) + 0.2 * random.normal(size=rows)
        arrays = arrays_of(TRUTH * exposure + error, random.normal(size=rows))
        fit = fit_shift_share(arrays, checked, shocks)
        for kind, low, high in fit.errors[["kind", "conf_low", "conf_high"]].itertuples(index=False):
            covered[kind] += low <= TRUTH <= high
    return {kind: count / samples for kind, count in covered.items()}


def test_errors_by_shock_cover_where_white_errors_do_not() -> None:
    covered = cover_shocks(samples=500, seed=3)
    assert covered["HC1"] < 0.85
    assert 0.90 < covered["AKM"] < 0.97
    assert 0.93 <= covered["AKM0"] <= 0.97
