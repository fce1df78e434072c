"""Autor, Dorn and Hanson's (2013) data: errors by shock against the numbers of ShiftShareSE.

The numbers are those that the tests of the R package ShiftShareSE assert (tests/testthat/test_se.R and
test_adh.R, github.com/kolesarm/ShiftShareSE, commits 67ded1e and 04fcf6c), which took them from Stata and
from the Matlab code behind Table V of Adao, Kolesar and Morales (2019, Quarterly Journal of Economics 134).
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.shift_share.fit import ShiftShareFit, fit_shift_share
from clusterpanel.models.shift_share.rotemberg import rotemberg_weights
from clusterpanel.models.shift_share.shares import Shares
from clusterpanel.models.shift_share.shock_level import fit_shock_level
from clusterpanel.spec.vcov import GroupedVcov

PUBLISHED = 1e-9  # twelve digits are given; the shares' cross-products cost some
CONTROLS = [
    "t2",
    "l_shind_manuf_cbp",
    "l_sh_popedu_c",
    "l_sh_popfborn",
    "l_sh_empl_f",
    "l_sh_routine33",
    "l_task_outsource",
]


class Adh(NamedTuple):
    zones: pd.DataFrame
    shares: sparse.csr_array
    sectors: pd.DataFrame


@pytest.fixture(scope="module")
def adh(shared_data: Path) -> Adh:
    """Commuting zones in two decades; a sector of one decade has a shock of its own."""
    zones = pd.read_csv(shared_data / "cases" / "adh_reg.csv")
    long = pd.read_csv(shared_data / "cases" / "adh_shares_long.csv.gz")
    long["t2"] = zones["t2"].to_numpy()[long["row"] - 1]
    sectors = long[["t2", "sic"]].drop_duplicates().sort_values(["t2", "sic"], ignore_index=True)
    long = long.merge(sectors.assign(place=np.arange(len(sectors))))
    matrix = sparse.csr_array(
        (long["share"], (long["row"] - 1, long["place"])), shape=(len(zones), len(sectors))
    )
    return Adh(zones, matrix, sectors)


def fitted(
    adh: Adh,
    outcome: str,
    endogenous: str | None = None,
    related: bool = False,
    rows: Any = None,
    **options: Any,
) -> ShiftShareFit:
    keep = np.ones(len(adh.zones), dtype=bool) if rows is None else rows
    zones = adh.zones[keep]
    named = [*([endogenous] if endogenous else []), *CONTROLS]
    states, divisions = (pd.factorize(zones[name], sort=True)[0] for name in ("statefip", "division"))
    weights = options.pop("weights", zones["weights"].to_numpy())
    arrays = ModelArrays(
        columns=tuple(np.ascontiguousarray(zones[name], dtype=np.float64) for name in (outcome, *named)),
        names=tuple(named),
        firms=Codes("zone", np.arange(len(zones), dtype=np.int32), len(zones)),
        effects=(Codes("division", divisions.astype(np.int32), divisions.max() + 1),),
        absorbs_firm=False,
        groups=(Codes("statefip", states.astype(np.int32), states.max() + 1),),
        weights=weights,
        weight_kind=None if weights is None else "analytic",
    )
    groups = pd.factorize(adh.sectors["sic"] // 10)[0].astype(np.int64) if related else None
    names = tuple(f"{sic} {'2000' if late else '1990'}" for late, sic in adh.sectors.to_numpy())
    shares = Shares.of(sparse.csr_array(adh.shares[keep]), names, groups)
    return fit_shift_share(arrays, shares, variable=zones["IV"].to_numpy(), endogenous=endogenous, **options)


def interval(fit: ShiftShareFit, kind: str) -> tuple[float, float, float]:
    row = fit.errors.set_index("kind").loc[kind]
    return row["p_value"], row["conf_low"], row["conf_high"]


# p-value and interval of AKM and of AKM0; shocks of one three-digit industry related, or all independent
NUMBERS: dict[tuple[str, str | None, bool], list[tuple[float, float, float]]] = {
    ("shock", None, True): [
        (0.0, 0.527240172127609, 0.734841704243901),
        (0.001282890950014, 0.537570958010291, 0.838282656411893),
    ],
    ("shock", None, False): [
        (0.0, 0.495188795569771, 0.766893080801748),
        (0.000056519706974, 0.522017706924849, 0.889797428206052),
    ],
    ("d_sh_empl", None, True): [
        (0.002924641237718, -0.810383925354586, -0.166753508891236),
        (0.000421803253836, -1.236885319089530, -0.239754057137763),
    ],
    ("d_sh_empl_mfg", None, False): [
        (0.000000150063370, -0.516754284756085, -0.235900929361803),
        (0.000090458689727, -0.629980318872062, -0.257494610447470),
    ],
    ("d_sh_empl", "shock", True): [
        (0.001277718157450, -1.245349169792894, -0.303104147760458),
        (0.000421803253837, -1.690324047107167, -0.389313219498141),
    ],
    ("d_sh_empl_mfg", "shock", False): [
        (0.000000051567025, -0.810991466572728, -0.381728638531380),
        (0.000090458689726, -0.891427381124374, -0.391771441695858),
    ],
}


@pytest.mark.parametrize(("outcome", "endogenous", "related"), NUMBERS)
def test_errors_by_shock(adh: Adh, outcome: str, endogenous: str | None, related: bool) -> None:
    fit = fitted(adh, outcome, endogenous, related)
    for kind, expected in zip(("AKM", "AKM0"), NUMBERS[outcome, endogenous, related], strict=True):
        np.testing.assert_allclose(interval(fit, kind), expected, rtol=PUBLISHED, atol=1e-12)


def test_estimates(adh: Adh) -> None:
    expected = {("shock", None): 0.631040938185757, ("d_sh_empl", None): -0.488568717122902}
    expected["d_sh_empl", "shock"] = -0.774226658776735
    for (outcome, endogenous), value in expected.items():
        np.testing.assert_allclose(fitted(adh, outcome, endogenous).estimate, value, rtol=1e-12)
    unweighted = fitted(adh, "d_sh_empl_mfg", "shock", weights=None)
    assert round(unweighted.estimate, 7) == -0.3028266


@pytest.mark.parametrize(
    ("outcome", "vcov", "error"),
    [
        ("shock", "HC1", 0.087007189),
        ("shock", GroupedVcov(CRV1="statefip"), 0.091423724),
        ("d_sh_empl_mfg", "HC1", 0.050950162),
        ("d_sh_empl_mfg", GroupedVcov(CRV1="statefip"), 0.040030546),
    ],
)
def test_errors_of_stata_that_know_of_no_shocks(adh: Adh, outcome: str, vcov: Any, error: float) -> None:
    fit = fitted(adh, outcome, vcov=vcov)
    np.testing.assert_allclose(fit.errors["std_error"][0], error, rtol=1e-7)


@pytest.mark.parametrize(
    ("vcov", "low", "high"),
    [
        ("HC1", -1.099125621404828, -0.449327696148525),
        (GroupedVcov(CRV1="statefip"), -1.124400324750013, -0.424052992803340),
    ],
)
def test_normal_intervals_with_the_instrument(adh: Adh, vcov: Any, low: float, high: float) -> None:
    fit = fitted(adh, "d_sh_empl", "shock", vcov=vcov)
    width = 1.959963984540054 * fit.errors["std_error"][0]
    np.testing.assert_allclose((fit.estimate - width, fit.estimate + width), (low, high), rtol=PUBLISHED)


def test_a_residual_sector_without_shock(adh: Adh) -> None:
    """The package's earlier option `residual_sector = TRUE`."""
    fit = fitted(adh, "shock", has_residual_sector=True)
    np.testing.assert_allclose(
        interval(fit, "AKM")[1:], (0.493624884787726, 0.768456991583788), rtol=PUBLISHED
    )
    np.testing.assert_allclose(
        interval(fit, "AKM0")[1:], (0.52121433426454, 0.89616408526085), rtol=PUBLISHED
    )


def test_sets_that_are_no_intervals(adh: Adh) -> None:
    """Fewer census divisions identify less: first an interval, then an unbounded set, then the whole line."""
    divisions = adh.zones["division"].astype(str)
    order = {name: place for place, name in enumerate(sorted(divisions.unique()), start=1)}
    place = divisions.map(order).to_numpy()
    assert fitted(adh, "d_sh_empl", "shock", rows=place < 8, weights=None).akm0_set.is_interval
    assert not fitted(adh, "d_sh_empl", "shock", rows=place < 7, weights=None).akm0_set.is_bounded
    whole = fitted(adh, "d_sh_empl", "shock", rows=place < 6, weights=None).akm0_set
    assert whole.intervals == ((-np.inf, np.inf),)


def test_the_regression_at_the_level_of_shocks_is_the_same(adh: Adh) -> None:
    """Borusyak, Hull and Jaravel (2022); the variable is given to seven digits, so its shocks are too."""
    fit = fitted(adh, "d_sh_empl", "shock")
    shocks = fit.shocks["shock"].to_numpy()
    level = fit_shock_level(fit.sample, shocks)
    np.testing.assert_allclose(level.fit.coefficients[0], fit.estimate, rtol=1e-7)
    weights = rotemberg_weights(fit.sample.left, fit.sample.shares, shocks)
    np.testing.assert_allclose(weights["weight"].sum(), 1.0, rtol=1e-12)
    np.testing.assert_allclose((weights["weight"] * weights["estimate"]).sum(), fit.estimate, rtol=1e-7)
