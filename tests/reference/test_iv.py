"""Two-stage least squares against R, Wooldridge, linearmodels and pyfixest."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.models.arrays import Codes, Levels, ModelArrays
from clusterpanel.models.instruments.fit import fit_two_stage
from clusterpanel.models.instruments.two_stage import InstrumentsFit
from clusterpanel.spec.vcov import GroupedVcov, Vcov

R_TOLERANCE = 1e-6  # the tolerance the reference numbers are given with
EXACT = 1e-9  # two programs that solve the same equations
ITERATED = 1e-6  # pyfixest's effects are iterated to a tolerance

KINDS: list[Any] = ["iid", "HC1", GroupedVcov(CRV1="firm"), GroupedVcov(CRV1="region")]


def coded(frame: pd.DataFrame, name: str) -> Codes:
    codes, values = pd.factorize(frame[name], sort=True)
    levels: Levels = codes.astype(np.int32)
    return Codes(name, levels, len(values))


def simulated() -> pd.DataFrame:
    """Firms with endogenous x, exogenous w and instruments z1 to z3; sorted by firm."""
    random = np.random.default_rng(5)
    years = random.integers(2, 8, 150)
    firm = np.repeat(np.arange(150), years)
    rows = len(firm)
    frame = pd.DataFrame({name: random.normal(size=rows) for name in ("z1", "z2", "z3", "w")})
    frame["firm"], frame["region"] = firm, random.integers(0, 12, rows)
    frame["year"] = np.concatenate([np.arange(count) for count in years])
    error = random.normal(size=rows) * (1 + 0.5 * frame["z1"].abs()) + random.normal(size=150)[firm]
    frame["x"] = (
        0.5 * frame["z1"] + 0.3 * frame["z2"] + 0.4 * frame["w"] + 0.6 * error + random.normal(size=rows)
    )
    frame["x2"] = 0.5 * frame["z3"] - 0.4 * frame["z2"] - 0.5 * error + random.normal(size=rows)
    frame["y"] = 1.5 * frame["x"] - 0.7 * frame["w"] + 0.5 * frame["x2"] + error + 0.1 * frame["year"]
    frame["weight"] = random.uniform(0.5, 2.0, rows)
    frame["constant"] = 1.0
    return frame


def fit(
    frame: pd.DataFrame,
    names: list[str],
    endogenous: list[str],
    instruments: list[str],
    vcov: Vcov,
    *,
    effects: tuple[str, ...] = (),
    firm_effects: bool = False,
    weights: str | None = None,
) -> InstrumentsFit:
    ways = vcov.ways if isinstance(vcov, GroupedVcov) else ()
    arrays = ModelArrays(
        columns=tuple(np.ascontiguousarray(frame[name], dtype=np.float64) for name in ("y", *names)),
        names=tuple(names),
        firms=coded(frame, "firm"),
        effects=tuple(coded(frame, name) for name in effects),
        absorbs_firm=firm_effects,
        groups=tuple(coded(frame, way) for way in ways),
        weights=None if weights is None else frame[weights].to_numpy(),
        weight_kind=None if weights is None else "analytic",
    )
    return fit_two_stage(arrays, endogenous, instruments, vcov)


def test_job_training_and_scrap_rates(shared_data: Path) -> None:
    """Wooldridge, Introductory Econometrics, example 15.10, by R fixest."""
    numbers = json.loads((shared_data / "expected" / "jtrain.json").read_text(encoding="utf-8"))["iv_fd_1988"]
    frame = pd.read_csv(shared_data / "cases" / "jtrain.csv")
    frame = frame.loc[frame["year"] == 1988, ["fcode", "clscrap", "chrsemp", "cgrant"]].dropna()
    frame = frame.rename(columns={"fcode": "firm", "clscrap": "y"}).sort_values("firm").assign(constant=1.0)
    result = fit(frame, ["chrsemp", "cgrant", "constant"], ["chrsemp"], ["cgrant"], "iid")
    table = result.fit.table()
    assert len(frame) == numbers["n"]
    for place, name in enumerate(["fit_chrsemp", "(Intercept)"]):
        np.testing.assert_allclose(table["estimate"][place], numbers["coef"][name], rtol=R_TOLERANCE)
        np.testing.assert_allclose(table["std_error"][place], numbers["se"][name], rtol=R_TOLERANCE)


@pytest.mark.parametrize("vcov", KINDS, ids=str)
def test_effects_and_errors_of_pyfixest(vcov: Any) -> None:
    """The first stage's F is its classic one if errors are iid, and otherwise that of the same variance."""
    pyfixest = pytest.importorskip("pyfixest")
    frame = simulated()
    asked = {"iid": "iid", "HC1": "hetero"}.get(vcov) if isinstance(vcov, str) else {"CRV1": vcov.CRV1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = pyfixest.feols("y ~ w | firm + year | x ~ z1 + z2", data=frame, vcov=asked)
        peer.first_stage()
    ours = fit(frame, ["x", "w", "z1", "z2"], ["x"], ["z1", "z2"], vcov, effects=("year",), firm_effects=True)
    expected = peer.tidy().loc[["x", "w"]]
    table = ours.fit.table()
    np.testing.assert_allclose(table["estimate"], expected["Estimate"], rtol=ITERATED)
    np.testing.assert_allclose(table["std_error"], expected["Std. Error"], rtol=ITERATED)
    np.testing.assert_allclose(ours.first_stages[0].f_same_variance, peer._f_stat_1st_stage, rtol=ITERATED)


@pytest.mark.parametrize("vcov", KINDS[1:], ids=str)
def test_effective_f_of_pyfixest(vcov: Any) -> None:
    """Without exogenous regressors: pyfixest 0.60 does not take these out of the instruments first."""
    pyfixest = pytest.importorskip("pyfixest")
    frame = simulated()
    asked = "hetero" if isinstance(vcov, str) else {"CRV1": vcov.CRV1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = pyfixest.feols("y ~ 1 | firm + year | x ~ z1 + z2", data=frame, vcov=asked)
        peer.IV_Diag()
    ours = fit(frame, ["x", "z1", "z2"], ["x"], ["z1", "z2"], vcov, effects=("year",), firm_effects=True)
    assert ours.effective_f is not None
    np.testing.assert_allclose(ours.effective_f.statistic, peer._eff_F, rtol=ITERATED)


def linear_model(
    frame: pd.DataFrame, endogenous: list[str], instruments: list[str], model: str = "IV2SLS", **options: Any
) -> Any:
    iv = pytest.importorskip("linearmodels.iv")
    exogenous = frame[["w", "constant"]]
    return getattr(iv, model)(
        frame["y"], exogenous, frame[endogenous], frame[instruments], weights=frame["weight"], **options
    )


@pytest.mark.parametrize("endogenous", [["x"], ["x", "x2"]])
@pytest.mark.parametrize("kind", ["unadjusted", "robust", "clustered"])
def test_errors_of_linearmodels(kind: str, endogenous: list[str]) -> None:
    frame, instruments = simulated(), ["z1", "z2", "z3"]
    vcov: Any = {"unadjusted": "iid", "robust": "HC1", "clustered": GroupedVcov(CRV1="firm")}[kind]
    options = {"clusters": frame["firm"]} if kind == "clustered" else {}
    peer = linear_model(frame, endogenous, instruments).fit(cov_type=kind, debiased=True, **options)
    names = [*endogenous, "w", *instruments, "constant"]
    ours = fit(frame, names, endogenous, instruments, vcov, weights="weight")
    order = [*endogenous, "w", "constant"]
    np.testing.assert_allclose(ours.fit.coefficients, peer.params[order], rtol=EXACT)
    np.testing.assert_allclose(ours.fit.table()["std_error"], peer.std_errors[order], rtol=EXACT)
    np.testing.assert_allclose(ours.fit.facts["r2"], peer.rsquared, rtol=EXACT)


def test_checks_of_linearmodels() -> None:
    frame, instruments = simulated(), ["z1", "z2", "z3"]
    peer = linear_model(frame, ["x"], instruments).fit(cov_type="unadjusted", debiased=True)
    ours = fit(frame, ["x", "w", *instruments, "constant"], ["x"], instruments, "iid", weights="weight")
    stage, told = ours.first_stages[0], peer.first_stage.diagnostics.loc["x"]
    np.testing.assert_allclose(stage.f_classic, told["f.stat"], rtol=EXACT)
    np.testing.assert_allclose(stage.partial_r2, told["partial.rsquared"], rtol=EXACT)
    individual = peer.first_stage.individual["x"]
    order = ["z1", "z2", "z3", "w", "constant"]
    np.testing.assert_allclose(stage.coefficients, individual.params[order], rtol=EXACT)
    np.testing.assert_allclose(stage.table()["std_error"], individual.std_errors[order], rtol=EXACT)
    assert ours.overidentification is not None
    assert ours.endogeneity is not None
    assert (ours.overidentification.name, ours.overidentification.restrictions) == ("Sargan", 2)
    np.testing.assert_allclose(ours.overidentification.statistic, peer.sargan.stat, rtol=EXACT)
    np.testing.assert_allclose(ours.overidentification.p_value, peer.sargan.pval, rtol=EXACT)
    np.testing.assert_allclose(ours.endogeneity.statistic, peer.wu_hausman().stat, rtol=EXACT)
    np.testing.assert_allclose(ours.endogeneity.p_value, peer.wu_hausman().pval, rtol=EXACT)


@pytest.mark.parametrize("endogenous", [["x"], ["x", "x2"]])
@pytest.mark.parametrize("kind", ["robust", "clustered"])
def test_hansen_of_linearmodels(kind: str, endogenous: list[str]) -> None:
    frame, instruments = simulated(), ["z1", "z2", "z3"]
    options = {"clusters": frame["firm"]} if kind == "clustered" else {}
    peer = linear_model(frame, endogenous, instruments, "IVGMM", weight_type=kind, **options).fit(
        iter_limit=2
    )
    vcov: Any = "HC1" if kind == "robust" else GroupedVcov(CRV1="firm")
    names = [*endogenous, "w", *instruments, "constant"]
    ours = fit(frame, names, endogenous, instruments, vcov, weights="weight")
    assert ours.overidentification is not None
    assert ours.overidentification.name == "Hansen J"
    np.testing.assert_allclose(ours.overidentification.statistic, peer.j_stat.stat, rtol=1e-7)
    np.testing.assert_allclose(ours.overidentification.p_value, peer.j_stat.pval, rtol=1e-7)
