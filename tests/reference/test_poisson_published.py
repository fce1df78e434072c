"""Poisson regressions equal R fixest 0.12.2 (../shared/data/expected: patents_hgh, fixest_trade_gravity).

Patents: Hall, Griliches and Hausman (1986), with the firm effects of Cameron and Trivedi (1998, Table 9.2).
Trade: the gravity equation of fixest's introduction. fixest stops at a relative change of the deviance of
1e-8, which leaves its errors right to about 1e-5; ours equal statsmodels' to 1e-7
(test_conditional_logit_statsmodels.py).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.glm import fit_glm
from clusterpanel.models.likelihood_fit import LikelihoodFit
from clusterpanel.models.poisson_separation import find_separated
from clusterpanel.models.vcov.grouped import crv1
from clusterpanel.models.vcov.sums import intersected
from clusterpanel.models.vcov.ungrouped import hc1, iid

TOLERANCE = 2e-5
LAGS = ("logr", "logr1", "logr2", "logr3", "logr4", "logr5")


def codes_of(name: str, *columns: pd.Series) -> Codes:
    """Return the combinations of some columns as codes."""
    codes, labels = pd.factorize(pd.MultiIndex.from_arrays([column.to_numpy() for column in columns]))
    return Codes(name, codes.astype(np.int32), len(labels))


def errors_of(matrix: np.ndarray) -> np.ndarray:
    return np.sqrt(np.diag(matrix))


def iid_errors(fit: LikelihoodFit) -> np.ndarray:
    return errors_of(iid(fit.sums, fit.counts).matrix)


@pytest.fixture(scope="module")
def patents(shared_data: Path) -> pd.DataFrame:
    frame = pd.read_csv(shared_data / "cases" / "patents_hgh.csv")
    return frame.sort_values(["cusip", "year"], kind="stable")


@pytest.fixture(scope="module")
def patents_expected(shared_data: Path) -> Mapping[str, Any]:
    return json.loads((shared_data / "expected" / "patents_hgh.json").read_text())


def patents_within(frame: pd.DataFrame) -> ModelArrays:
    columns = tuple(frame[name].to_numpy(dtype=np.float64) for name in ("pat", *LAGS))
    firms = codes_of("cusip", frame["cusip"])
    return ModelArrays(columns, LAGS, firms, (codes_of("year", frame["year"]),), True, groups=(firms,))


def test_patents_with_firm_and_year_effects(
    patents: pd.DataFrame, patents_expected: Mapping[str, Any]
) -> None:
    expected = patents_expected["fe_poisson"]
    arrays = patents_within(patents)
    found = find_separated(arrays)
    assert found.by_level == {"cusip": (110, 22), "year": (0, 0)}
    dropped = sorted(patents.loc[found.rows, "cusip"].unique())
    assert dropped == sorted(expected["n_dropped_allzero"]["cusip"])
    kept = arrays.where(~found.rows)
    assert kept.rows == expected["n"]
    fit = fit_glm(kept, "poisson")
    np.testing.assert_allclose(fit.coefficients, list(expected["coef"].values()), rtol=1e-5)
    np.testing.assert_allclose(iid_errors(fit), list(expected["se_iid"].values()), rtol=1e-5)
    grouped = crv1(fit.sums, fit.counts, ["cusip"])
    np.testing.assert_allclose(
        errors_of(grouped.matrix), list(expected["se_cluster_firm"].values()), rtol=1e-5
    )
    assert fit.facts["loglik"] == pytest.approx(expected["loglik"], rel=1e-10)


def test_patents_pooled(patents: pd.DataFrame, patents_expected: Mapping[str, Any]) -> None:
    expected = patents_expected["pooled_poisson"]
    names = tuple(expected["coef"])
    years = sorted(patents["year"].unique())[1:]
    dummies = [(patents["year"] == year).to_numpy(dtype=np.float64) for year in years]
    columns = [patents[name].to_numpy(dtype=np.float64) for name in ("pat", *names)]
    firms = codes_of("cusip", patents["cusip"])
    all_names = (*names, *(f"year {year}" for year in years), "constant")
    arrays = ModelArrays(
        (*columns, *dummies, np.ones(len(patents))), all_names, firms, (), False, groups=(firms,)
    )
    fit = fit_glm(arrays, "poisson")
    assert not find_separated(arrays).rows.any()
    count = len(names)
    np.testing.assert_allclose(fit.coefficients[:count], list(expected["coef"].values()), rtol=1e-5)
    for matrix, kind in (
        (hc1(fit.sums, fit.counts).matrix, "se_hetero"),
        (crv1(fit.sums, fit.counts, ["cusip"]).matrix, "se_cluster"),
    ):
        np.testing.assert_allclose(errors_of(matrix)[:count], list(expected[kind].values()), rtol=TOLERANCE)


@pytest.fixture(scope="module")
def trade(shared_data: Path) -> pd.DataFrame:
    frame = pd.read_csv(shared_data / "cases" / "fixest_trade.csv").sort_values("Origin", kind="stable")
    return frame.assign(log_distance=np.log(frame["dist_km"]))


@pytest.fixture(scope="module")
def trade_expected(shared_data: Path) -> Mapping[str, Any]:
    return json.loads((shared_data / "expected" / "fixest_trade_gravity.json").read_text())


def gravity(frame: pd.DataFrame, effects: Sequence[str], ways: Sequence[Sequence[str]]) -> ModelArrays:
    """Return the gravity equation, the exporter's effect absorbed as the firm's is."""
    columns = (frame["Euros"].to_numpy(dtype=np.float64), frame["log_distance"].to_numpy())
    groups = intersected([codes_of("^".join(way), *(frame[name] for name in way)) for way in ways])
    others = tuple(codes_of(name, frame[name]) for name in effects)
    return ModelArrays(
        columns, ("log_distance",), codes_of("Origin", frame["Origin"]), others, True, groups=groups
    )


GRAVITY_EFFECTS = ("Destination", "Product", "Year")


@pytest.mark.parametrize(
    ("ways", "key"),
    [
        ([["Origin"]], "cl_origin"),
        ([["Origin"], ["Destination"]], "cl_twoway"),
        ([["Product"]], "cl_product"),
        ([["Origin"], ["Destination"], ["Year"]], "cl_origin_dest_year"),
    ],
)
def test_gravity_grouped(
    trade: pd.DataFrame, trade_expected: Mapping[str, Any], ways: list[list[str]], key: str
) -> None:
    expected = trade_expected["fepois"]
    fit = fit_glm(gravity(trade, GRAVITY_EFFECTS, ways), "poisson")
    assert fit.coefficients[0] == pytest.approx(expected["coef"], rel=1e-7)
    grouped = crv1(fit.sums, fit.counts, ["^".join(way) for way in ways])
    assert errors_of(grouped.matrix)[0] == pytest.approx(expected[key], rel=1e-5)


def test_gravity_not_grouped(trade: pd.DataFrame, trade_expected: Mapping[str, Any]) -> None:
    expected = trade_expected["fepois"]
    arrays = gravity(trade, GRAVITY_EFFECTS, [])
    assert not find_separated(arrays).rows.any()
    fit = fit_glm(arrays, "poisson")
    assert fit.counts.rows == expected["n"]
    assert iid_errors(fit)[0] == pytest.approx(expected["iid"], rel=1e-5)
    assert errors_of(hc1(fit.sums, fit.counts).matrix)[0] == pytest.approx(expected["hetero"], rel=1e-5)
    assert fit.facts["loglik"] == pytest.approx(expected["loglik"], rel=1e-9)
    assert fit.facts["pseudo_r2"] == pytest.approx(expected["pr2"], rel=1e-7)


def test_gravity_with_years_of_both_countries(trade: pd.DataFrame, trade_expected: Mapping[str, Any]) -> None:
    """Exporters' and importers' years as effects, errors grouped by pair of countries."""
    expected = trade_expected["fepois_origin_year"]
    frame = trade.sort_values(["Origin", "Year"], kind="stable")
    columns = (frame["Euros"].to_numpy(dtype=np.float64), frame["log_distance"].to_numpy())
    arrays = ModelArrays(
        columns,
        ("log_distance",),
        codes_of("Origin^Year", frame["Origin"], frame["Year"]),
        (
            codes_of("Destination^Year", frame["Destination"], frame["Year"]),
            codes_of("Product", frame["Product"]),
        ),
        True,
        groups=(codes_of("Origin^Destination", frame["Origin"], frame["Destination"]),),
    )
    fit = fit_glm(arrays, "poisson")
    assert fit.coefficients[0] == pytest.approx(expected["coef"], rel=1e-6)
    pair = crv1(fit.sums, fit.counts, ["Origin^Destination"])
    assert errors_of(pair.matrix)[0] == pytest.approx(expected["cl_pair"], rel=1e-5)
