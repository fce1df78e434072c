"""Standard errors of R fixest 0.12.2, sandwich 3.0-2 and plm 2.6-2, and of Petersen's (2009) page.

Each variance is taken of rows that pandas has demeaned, so that nothing but the variance is tested. Left out:
Beck and Katz's panel-corrected errors (``pcse_vcovPC``, ``within_se.bk``) and plm's ``white2``, which are not
among the package's variances, and fixest's planar ("triangular") Conley errors, which approximate distances.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from clusterpanel.models.arrays import Codes
from clusterpanel.models.linearised import Linearised
from clusterpanel.models.vcov.conley import pair_sums
from clusterpanel.models.vcov.counts import EffectCount, SampleCounts
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.from_rows import RowPlaces, from_rows
from clusterpanel.spec.vcov import (
    BiasReducedVcov,
    ConleyVcov,
    DriscollKraayVcov,
    GroupedVcov,
    JackknifeVcov,
    NeweyWestVcov,
    Vcov,
    WildBootstrapVcov,
)

R_TOLERANCE = 1e-6  # the tolerance the reference numbers are given with
Floats = NDArray[np.float64]


def case(folder: Path, data: str, expected: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    numbers = json.loads((folder / "expected" / f"{expected}.json").read_text(encoding="utf-8"))
    return pd.read_csv(folder / "cases" / data), numbers


def codes(frame: pd.DataFrame, name: str) -> Codes:
    levels, places = np.unique(frame[name], return_inverse=True)
    return Codes(name, places.astype(np.int32), len(levels))


def demeaned(frame: pd.DataFrame, effects: tuple[str, ...]) -> pd.DataFrame:
    """Take means out in turn until nothing changes, which for a balanced panel is once each."""
    for _ in range(500):
        before = frame
        for name in effects:
            keys = frame.index.get_level_values(name)
            frame = frame - frame.groupby(keys).transform("mean")
        if not effects or float((frame - before).abs().to_numpy().max()) < 1e-12:
            return frame
    raise AssertionError("the means have not settled")


def fit(
    frame: pd.DataFrame, outcome: str, regressors: list[str], effects: tuple[str, ...] = ()
) -> Linearised:
    columns = demeaned(frame.set_index(list(effects))[[outcome, *regressors]] if effects else frame, effects)
    columns = columns if effects else columns.assign(constant=1.0)
    names = regressors if effects else ["constant", *regressors]
    x, y = columns[names].to_numpy(dtype=float), columns[outcome].to_numpy(dtype=float)
    bread = np.linalg.inv(x.T @ x)
    coefficients = bread @ (x.T @ y)
    return Linearised(tuple(names), coefficients, bread, x, y - x @ coefficients)


def errors(covariance: Covariance, scale: float = 1.0) -> Floats:
    return np.sqrt(np.diag(covariance.matrix) * scale)


def check(found: Floats, expected: dict[str, float]) -> None:
    np.testing.assert_allclose(found, list(expected.values()), rtol=R_TOLERANCE)


def places(frame: pd.DataFrame, firm: str, time: str, *ways: str) -> RowPlaces:
    return RowPlaces(
        groups=[codes(frame, way) for way in ways],
        firms=codes(frame, firm).codes,
        times=frame[time].to_numpy(dtype=np.int64),
    )


def counted(frame: pd.DataFrame, regressors: int, nested: set[str], *effects: str) -> SampleCounts:
    levels = [EffectCount(name, frame[name].nunique(), name in nested) for name in effects]
    return SampleCounts(len(frame), regressors, tuple(levels))


BY_FIRM = GroupedVcov(CRV1="firm")
BY_YEAR = GroupedVcov(CRV1="year")
BOTH = GroupedVcov(CRV1=("firm", "year"))
BOTH_EACH = GroupedVcov(CRV1=("firm", "year"), small_sample="each")
PETERSEN: list[tuple[Vcov, str, float]] = [
    ("iid", "iid", 1.0),
    ("iid", "fixest_iid", 1.0),
    ("HC1", "HC0", 4998 / 5000),
    ("HC1", "HC1", 1.0),
    ("HC1", "fixest_hetero", 1.0),
    ("HC2", "HC2", 1.0),
    ("HC3", "HC3", 1.0),
    (BY_FIRM, "cluster_firm_HC1_stata", 1.0),
    (BY_FIRM, "fixest_cluster_firm", 1.0),
    (BY_FIRM, "cluster_firm_HC0_nocadj", 499 / 500 * 4998 / 4999),
    (BY_YEAR, "cluster_year_HC1_stata", 1.0),
    (BY_YEAR, "fixest_cluster_year", 1.0),
    (BOTH, "fixest_twoway", 1.0),
    (BOTH, "twoway_HC0_nocadj", 9 / 10 * 4998 / 4999),
    (BOTH_EACH, "twoway_HC1_sandwich_default", 1.0),
    # sandwich multiplies CR2 by (G - 1)/G, clubSandwich and Bell and McCaffrey do not.
    (BiasReducedVcov(CRV2="firm"), "cluster_firm_HC2_CR2", 499 / 500),
    (JackknifeVcov(CRV3="firm"), "cluster_firm_HC3_CR3", 1.0),
    (NeweyWestVcov(newey_west_lags=2), "fixest_NW_lag2", 1.0),
    (DriscollKraayVcov(driscoll_kraay_lags=2), "fixest_DK_lag2", 1.0),
    # sandwich's vcovPL takes one lag of ten years and no factor.
    (NeweyWestVcov(newey_west_lags=1), "newey_west_panel_vcovPL", 9 / 10 * 4998 / 4999),
    (DriscollKraayVcov(driscoll_kraay_lags=1), "driscoll_kraay_vcovPL_HC0", 9 / 10 * 4998 / 4999),
]


@pytest.mark.parametrize(("vcov", "key", "scale"), PETERSEN, ids=[key for _, key, _ in PETERSEN])
def test_petersen_pooled(shared_data: Path, vcov: Vcov, key: str, scale: float) -> None:
    frame, numbers = case(shared_data, "petersen_cl.csv", "petersen_cl")
    ways = vcov.ways if not isinstance(vcov, str) else ()
    where = places(frame, "firm", "year", *ways)
    found = from_rows(vcov, fit(frame, "y", ["x"]), SampleCounts(len(frame), 2), where)
    check(errors(found, scale), numbers["se"][key])


def test_petersens_published_two_way_error_is_each_terms_own_factor(shared_data: Path) -> None:
    """Petersen (2009) prints .0536; fixest's minimum gives .0553."""
    frame, numbers = case(shared_data, "petersen_cl.csv", "petersen_cl")
    where = places(frame, "firm", "year", "firm", "year")
    found = from_rows(BOTH_EACH, fit(frame, "y", ["x"]), SampleCounts(len(frame), 2), where)
    assert round(float(errors(found)[1]), 4) == numbers["published"]["twoway"]["x"]


@pytest.mark.parametrize(
    ("effects", "vcov", "nested", "key"),
    [
        (("firm",), "iid", set(), ("fe_firm", "se_iid")),
        (("firm",), BY_FIRM, {"firm"}, ("fe_firm", "se_firm")),
        (("firm",), BY_YEAR, set(), ("fe_firm", "se_year")),
        (("firm",), BOTH, {"firm"}, ("fe_firm", "se_twoway")),
        (("firm", "year"), "iid", set(), ("fe_firm_year", "se_iid")),
        (("firm", "year"), BY_FIRM, {"firm"}, ("fe_firm_year", "se_firm")),
        (("firm", "year"), BOTH, {"firm", "year"}, ("fe_firm_year", "se_twoway")),
    ],
)
def test_petersen_with_effects(
    shared_data: Path, effects: tuple[str, ...], vcov: Vcov, nested: set[str], key: tuple[str, str]
) -> None:
    frame, numbers = case(shared_data, "petersen_cl.csv", "petersen_cl")
    ways = vcov.ways if not isinstance(vcov, str) else ()
    counts = counted(frame, 1, nested, *effects)
    found = from_rows(vcov, fit(frame, "y", ["x"], effects), counts, places(frame, "firm", "year", *ways))
    check(errors(found), {"x": numbers[key[0]][key[1]]})


LAGS = (NeweyWestVcov(newey_west_lags=2), DriscollKraayVcov(driscoll_kraay_lags=2))


@pytest.mark.parametrize(
    ("effects", "vcov", "nested", "key"),
    [
        (("firm",), "iid", set(), ("fixest_fe", "iid")),
        (("firm",), "HC1", set(), ("fixest_fe", "hetero")),
        (("firm",), BY_FIRM, {"firm"}, ("fixest_fe", "cluster_firm")),
        (("firm",), BOTH, {"firm"}, ("fixest_fe", "cluster_twoway")),
        (("firm",), LAGS[0], {"firm"}, ("fixest_fe", "NW2")),
        (("firm",), LAGS[1], set(), ("fixest_fe", "DK2")),
        (("firm", "year"), "iid", set(), ("fixest_twfe", "iid")),
        (("firm", "year"), "HC1", set(), ("fixest_twfe", "hetero")),
        (("firm", "year"), BY_FIRM, {"firm"}, ("fixest_twfe", "cluster_firm")),
        (("firm", "year"), BOTH, {"firm", "year"}, ("fixest_twfe", "cluster_twoway")),
    ],
)
def test_grunfeld_by_fixest(
    shared_data: Path, effects: tuple[str, ...], vcov: Vcov, nested: set[str], key: tuple[str, str]
) -> None:
    frame, numbers = case(shared_data, "grunfeld_plm.csv", "grunfeld")
    ways = vcov.ways if not isinstance(vcov, str) else ()
    where = places(frame, "firm", "year", *ways)
    found = from_rows(
        vcov, fit(frame, "inv", ["value", "capital"], effects), counted(frame, 2, nested, *effects), where
    )
    check(errors(found), numbers[key[0]][key[1]])


GRUNFELD = SampleCounts(200, 2)
FIRMS, YEARS = 10 / 9, 20 / 19
PLM: list[tuple[Vcov, str, float]] = [
    (BY_FIRM, "arellano_HC0", 1 / FIRMS / (199 / 198)),
    (BY_FIRM, "arellano_sss", 1.0),
    (BY_YEAR, "bytime_HC0", 1 / YEARS / (199 / 198)),
    ("HC1", "white1_HC0", 198 / 200),
    (BOTH, "dc", 1 / FIRMS / (199 / 198)),
    (LAGS[0], "nw", 1 / YEARS / (199 / 198)),
    (LAGS[1], "scc", 1 / YEARS / (199 / 198)),
    (LAGS[1], "scc_lag2", 1 / YEARS / (199 / 198)),
]


@pytest.mark.parametrize(("vcov", "key", "scale"), PLM, ids=[key for _, key, _ in PLM])
def test_grunfeld_within_by_plm(shared_data: Path, vcov: Vcov, key: str, scale: float) -> None:
    """plm's errors carry no small-sample factor (HC0), but for arellano_sss, which counts no effect."""
    frame, numbers = case(shared_data, "grunfeld_plm.csv", "grunfeld")
    ways = vcov.ways if not isinstance(vcov, str) else ()
    where = places(frame, "firm", "year", *ways)
    found = from_rows(vcov, fit(frame, "inv", ["value", "capital"], ("firm",)), GRUNFELD, where)
    check(errors(found, scale), numbers["within_se"][key])


@pytest.mark.parametrize(
    ("vcov", "key", "scale"),
    [
        (BOTH, "dc", 1 / FIRMS / (199 / 197)),
        (LAGS[1], "scc", 1 / YEARS / (199 / 197)),
        (BY_FIRM, "arellano_sss", 1.0),
    ],
)
def test_grunfeld_pooled_by_plm(shared_data: Path, vcov: Vcov, key: str, scale: float) -> None:
    frame, numbers = case(shared_data, "grunfeld_plm.csv", "grunfeld")
    ways = vcov.ways if not isinstance(vcov, str) else ()
    where = places(frame, "firm", "year", *ways)
    found = from_rows(vcov, fit(frame, "inv", ["value", "capital"]), SampleCounts(200, 3), where)
    check(errors(found, scale), numbers["pooling_se"][key])


@pytest.mark.parametrize(
    ("vcov", "nested", "key"),
    [
        ("iid", set(), "se_iid"),
        ("HC1", set(), "se_hetero"),
        (GroupedVcov(CRV1="fcode"), {"fcode"}, "se_cluster"),
    ],
)
def test_job_training_grants(shared_data: Path, vcov: Vcov, nested: set[str], key: str) -> None:
    frame, numbers = case(shared_data, "jtrain.csv", "jtrain")
    frame = frame.dropna(subset=["lscrap", "grant_1"])
    names = list(numbers["fe"]["coef"])
    ways = vcov.ways if not isinstance(vcov, str) else ()
    where = places(frame, "fcode", "year", *ways)
    found = from_rows(
        vcov, fit(frame, "lscrap", names, ("fcode",)), counted(frame, 4, nested, "fcode"), where
    )
    check(errors(found), numbers["fe"][key])


@pytest.mark.parametrize(
    ("vcov", "nested", "key"),
    [
        ("iid", set(), "se_iid"),
        (GroupedVcov(CRV1="idcode"), {"idcode"}, "se_id"),
        (GroupedVcov(CRV1=("idcode", "year")), {"idcode", "year"}, "se_id_year"),
    ],
)
def test_national_longitudinal_survey(shared_data: Path, vcov: Vcov, nested: set[str], key: str) -> None:
    """R fixest with effects of woman and year; its n, 28,093, holds the women seen once."""
    frame, numbers = case(shared_data, "nlswork.csv.gz", "nlswork")
    expected = numbers["fe_id_year_singletons_dropped"]
    frame = frame.assign(**{f"I({name}^2)": frame[name] ** 2 for name in ("age", "ttl_exp", "tenure")})
    names = list(expected["coef"])
    frame = frame.dropna(subset=["ln_wage", *names])
    assert len(frame) == expected["n"]
    ways = vcov.ways if not isinstance(vcov, str) else ()
    linearised = fit(frame, "ln_wage", names, ("idcode", "year"))
    counts = counted(frame, 8, nested, "idcode", "year")
    found = from_rows(vcov, linearised, counts, places(frame, "idcode", "year", *ways))
    np.testing.assert_allclose(linearised.coefficients, list(expected["coef"].values()), rtol=R_TOLERANCE)
    check(errors(found), expected[key])


@pytest.mark.parametrize(
    "key", ["uniform_100", "uniform_200", "bartlett_100", "bartlett_200", "bartlett_500"]
)
def test_conley_on_quakes_is_the_brute_force_sum(shared_data: Path, key: str) -> None:
    frame, numbers = case(shared_data, "quakes.csv", "quakes_conley")
    kernel, reach = key.split("_")
    vcov = ConleyVcov(conley_km=float(reach), kernel=kernel)  # type: ignore[arg-type]
    where = RowPlaces(latitude=frame["lat"].to_numpy(), longitude=frame["long"].to_numpy())
    found = from_rows(vcov, fit(frame, "depth", ["mag"]), SampleCounts(1000, 2), where)
    check(errors(found, 998 / 999), numbers["bruteforce_haversine6371_no_ssc"][key])


@pytest.mark.parametrize("reach", [100, 200])
@pytest.mark.parametrize(("suffix", "factor"), [("", 999 / 998), ("_ssc_none", 1.0)])
def test_conley_on_quakes_is_fixests_on_its_sphere(
    shared_data: Path, reach: int, suffix: str, factor: float
) -> None:
    """R fixest's distance "spherical" has a radius of 6,376 km; its factor is ours."""
    frame, numbers = case(shared_data, "quakes.csv", "quakes_conley")
    linearised = fit(frame, "depth", ["mag"])
    latitude, longitude = frame["lat"].to_numpy(), frame["long"].to_numpy()
    meat, _, _ = pair_sums(linearised.scores, latitude, longitude, reach, "uniform", radius_km=6376.0)
    found = np.sqrt(factor * np.diag(linearised.bread @ meat @ linearised.bread))
    check(found, numbers[f"conley_{reach}km_spherical{suffix}"])


@pytest.mark.parametrize("key", ["iid", "hetero"])
def test_quakes_without_space(shared_data: Path, key: str) -> None:
    frame, numbers = case(shared_data, "quakes.csv", "quakes_conley")
    vcov: Vcov = "iid" if key == "iid" else "HC1"
    found = from_rows(vcov, fit(frame, "depth", ["mag"]), SampleCounts(1000, 2), RowPlaces())
    check(errors(found), numbers[key])


@pytest.mark.parametrize(
    ("by", "weights", "expected", "ties"),
    [
        ("year", "rademacher", 0.216797, 2),
        ("ninth", "rademacher", 0.59375, 0),
        ("year", "webb", 0.233702, 0),
        ("ninth", "webb", 0.587086, 0),
    ],
)
def test_the_wild_bootstrap_by_wildboottest(
    shared_data: Path, by: str, weights: Any, expected: float, ties: int
) -> None:
    """p-values of the intercept by wildboottest 0.3.2, 99,999 draws or all patterns of signs.

    That program leaves out the two patterns that repeat the sample, where rounding lets it; of Webb's weights
    it has other draws, with a standard error of .0016.
    """
    frame, _ = case(shared_data, "petersen_cl.csv", "petersen_cl")
    frame = frame.assign(ninth=frame["firm"] % 9)
    vcov = WildBootstrapVcov(wild_bootstrap=by, weights=weights, draws=20_000)
    found = from_rows(
        vcov, fit(frame, "y", ["x"]), SampleCounts(len(frame), 2), RowPlaces([codes(frame, by)])
    )
    assert found.p_values is not None
    exact = ties / found.facts["draws"] + expected
    tolerance = 1e-6 if weights == "rademacher" else 4 * np.sqrt(0.24 / 20_000 + 0.24 / 99_999)
    assert abs(found.p_values[0] - exact) < tolerance
