"""Cox regressions on simulated annual registers: coverage of the true hazard ratio, and what sorting does."""

from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterpanel.models.arrays import Codes, Floats, ModelArrays
from clusterpanel.models.survival.cox import fit_cox
from clusterpanel.models.survival.cox_variance import survival_variance
from clusterpanel.spec.vcov import GroupedVcov

REGISTERS, FIRMS, YEARS, REGIONS = 600, 700, 10, 70
TRUE = 0.5
BY_REGION = GroupedVcov(CRV1="region")


def life_table(
    rng: np.random.Generator, log_hazards: Floats, entry: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Floats]:
    """Draw each firm's last year, and whether it exits then; a firm is seen from its entry on.

    Parameters
    ----------
    rng : Generator
    log_hazards : shape (firms, years)
        Logarithm of each year's integrated hazard.
    entry : shape (firms,)
    """
    exits = rng.random(log_hazards.shape) < -np.expm1(-np.exp(log_hazards))
    exits[np.arange(log_hazards.shape[1]) < entry[:, None]] = False
    fails = exits.any(axis=1)
    last = np.where(fails, exits.argmax(axis=1), log_hazards.shape[1] - 1)
    return last, fails.astype(float)


def survival_source(  # noqa: PLR0917
    entry: NDArray[np.int64],
    last: NDArray[np.int64],
    fails: Floats,
    covariates: list[Floats],
    region: NDArray[np.int32],
    strata: NDArray[np.int32] | None = None,
) -> ModelArrays:
    """Make annual rows of firms; covariates have shape (firms, years)."""
    years = np.arange(covariates[0].shape[1])
    firm, year = np.nonzero((years >= entry[:, None]) & (years <= last[:, None]))
    event = (year == last[firm]) * fails[firm]
    kept, codes = np.unique(firm, return_inverse=True)
    own = Codes("firm_id", codes.astype(np.int32), len(kept))
    groups = np.unique(region[firm], return_inverse=True)
    stratum = None if strata is None else np.unique(strata[firm], return_inverse=True)
    return ModelArrays(
        columns=(event, year.astype(float), year + 1.0, *(values[firm, year] for values in covariates)),
        names=tuple(f"x{place}" for place in range(len(covariates))),
        firms=own,
        effects=() if stratum is None else (Codes("stratum", stratum[1].astype(np.int32), len(stratum[0])),),
        absorbs_firm=False,
        groups=(Codes("region", groups[1].astype(np.int32), len(groups[0])),),
        outcomes=3,
    )


def estimate(source: ModelArrays, vcov: GroupedVcov = BY_REGION) -> tuple[float, float]:
    """Return the exposure's coefficient and its grouped standard error."""
    fit = fit_cox(source).likelihood
    variance = survival_variance(vcov, fit.sums, fit.counts)
    return float(fit.coefficients[0]), float(np.sqrt(variance.matrix[0, 0]))


@cache
def registers() -> pd.DataFrame:
    """Estimate the exposure's effect in each register, with an exposure that comes by region and stays."""
    rows = []
    for number in range(REGISTERS):
        rng = np.random.default_rng(7_000 + number)
        region = rng.integers(0, REGIONS, FIRMS).astype(np.int32)
        entry = rng.integers(-3, 6, FIRMS).clip(0)
        begins = rng.integers(0, 2 * YEARS, REGIONS)[region]
        exposure = (np.arange(YEARS) >= begins[:, None]).astype(float)
        size = rng.normal(size=(FIRMS, 1)) + np.cumsum(rng.normal(0, 0.2, (FIRMS, YEARS)), axis=1)
        hazards = np.log(0.08) - 0.05 * np.arange(YEARS) + TRUE * exposure - 0.3 * size
        last, fails = life_table(rng, hazards, entry)
        rows.append(estimate(survival_source(entry, last, fails, [exposure, size], region)))
    return pd.DataFrame(rows, columns=["estimate", "std_error"])


def test_intervals_with_grouped_errors_hold_the_true_ratio() -> None:
    table = registers()
    covered = (table["estimate"] - TRUE).abs() <= 1.96 * table["std_error"]
    assert 0.93 <= covered.mean() <= 0.97


def test_the_coefficient_is_the_true_one_on_average() -> None:
    table = registers()
    error = table["estimate"].std() / np.sqrt(len(table))
    assert abs(table["estimate"].mean() - TRUE) < 3 * error + 0.01


def test_grouped_errors_are_the_estimates_spread() -> None:
    table = registers()
    ratio = table["std_error"].mean() / table["estimate"].std()
    assert 0.93 < ratio < 1.07


def test_sorting_makes_the_naive_ratio_wrong_and_strata_mend_part_of_it() -> None:
    """Better firms live longer and choose clusters, which do nothing: what is seen of them mends a part."""
    naive, stratified = [], []
    for number in range(20):
        rng = np.random.default_rng(9_000 + number)
        firms = 1_500
        quality = rng.normal(size=firms)
        chooses = rng.random(firms) < 1 / (1 + np.exp(-1.2 * quality))
        exposure = np.repeat(chooses[:, None], YEARS, axis=1).astype(float)
        hazards = np.log(0.1) - 0.6 * quality[:, None] + np.zeros((1, YEARS))
        last, fails = life_table(rng, hazards, np.zeros(firms, dtype=np.int64))
        seen = np.digitize(quality + rng.normal(0, 0.5, firms), [-1.2, -0.6, -0.2, 0.2, 0.6, 1.2])
        region = rng.integers(0, REGIONS, firms).astype(np.int32)
        entry = np.zeros(firms, dtype=np.int64)
        naive.append(estimate(survival_source(entry, last, fails, [exposure], region))[0])
        by_seen = survival_source(entry, last, fails, [exposure], region, seen.astype(np.int32))
        stratified.append(estimate(by_seen)[0])
    error = np.std(naive) / np.sqrt(len(naive))
    assert np.mean(naive) < -0.3
    assert np.mean(naive) < -10 * error
    assert abs(np.mean(stratified)) < 0.5 * abs(np.mean(naive))
    assert np.mean(stratified) < 0.0


def test_breslows_ties_understate_what_efrons_do_not() -> None:
    """With 8 % failing a year and a coefficient of .5, Efron gives about .50 and Breslow about .475."""
    rng = np.random.default_rng(5)
    firms = 60_000
    exposure = np.repeat((rng.random(firms) < 0.5)[:, None], YEARS, axis=1).astype(float)
    last, fails = life_table(rng, np.log(0.08) + TRUE * exposure, np.zeros(firms, dtype=np.int64))
    region = rng.integers(0, REGIONS, firms).astype(np.int32)
    source = survival_source(np.zeros(firms, dtype=np.int64), last, fails, [exposure], region)
    efron, breslow = (fit_cox(source, ties).likelihood.coefficients[0] for ties in ("efron", "breslow"))
    assert abs(efron - TRUE) < 0.025
    assert 0.015 < efron - breslow < 0.04
