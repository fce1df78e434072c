"""Absorbed effects equal dummy variables: a dense oracle and a second program, on simulated data."""

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.panel.panel import Panel

COEFFICIENT_TOLERANCE = 1e-10  # both are direct solutions in double precision
PEER_TOLERANCE = 1e-8  # the peer iterates to 1e-12 of its own norm

DESIGNS = {
    "within": (
        ["firm_id", "region_code", "year"],
        {"comparison": "within", "absorb": ["region_code", "year"]},
    ),
    "within joint": (
        ["firm_id", "region_code^year"],
        {"comparison": "within", "absorb": ["region_code^year"]},
    ),
    "within alone": (["firm_id"], {"comparison": "within"}),
    "region": (["region_code", "year"], {"comparison": "region", "absorb": ["year"]}),
    "pooled": ([], {"comparison": "pooled"}),
}


class Oracle(NamedTuple):
    """Coefficients and standard errors of a regression with every effect as dummies."""

    coefficients: np.ndarray
    errors: np.ndarray


def simulated_frame(seed: int = 7, firms: int = 120, first_year: int = 2001) -> pd.DataFrame:
    """Simulate firms of 2 to 7 years, a third of which move between regions; nobody is alone in a level."""
    rng = np.random.default_rng(seed)
    years = rng.integers(2, 8, firms)
    firm = np.repeat(np.arange(firms), years)
    year = first_year + np.concatenate([np.arange(count) for count in years])
    home, away = rng.integers(0, 5, firms), rng.integers(0, 5, firms)
    moves = rng.random(firms) < 0.35
    region = np.where(moves[firm] & (year > first_year + 1), away[firm], home[firm])
    skill = rng.normal(size=firms)
    size = rng.normal(size=len(firm)) + skill[firm]
    exposed = rng.normal(size=len(firm)) + 0.5 * skill[firm] + 0.2 * region > 0.4
    wage = 0.3 * exposed - 0.2 * size + skill[firm] + 0.1 * region + 0.05 * year + rng.normal(size=len(firm))
    return pd.DataFrame(
        {
            "firm_id": [f"firm{number:03d}" for number in firm],
            "year": year,
            "region_code": [f"R{number}" for number in region],
            "in_cluster": exposed,
            "size": size,
            "log_wage": wage,
        }
    )


def effect_codes(frame: pd.DataFrame, effect: str) -> np.ndarray:
    keys = frame[effect.split("^")].astype(str).agg("^".join, axis=1)
    return keys.factorize()[0]


def dummy_oracle(frame: pd.DataFrame, effects: list[str], vcov: str) -> Oracle:
    """Solve with dummies; `vcov` is iid, HC1 or a column, under fixest's rule."""
    regressors = frame[["in_cluster", "size"]].to_numpy(dtype=float)
    outcome = frame["log_wage"].to_numpy()
    codes = [effect_codes(frame, effect) for effect in effects]
    dummies = [np.eye(code.max() + 1)[code] for code in codes] or [np.ones((len(frame), 1))]
    nuisance = np.hstack(dummies)
    values = np.column_stack([outcome, regressors])
    rest = values - nuisance @ np.linalg.lstsq(nuisance, values, rcond=None)[0]
    rest_outcome, rest_regressors = rest[:, 0], rest[:, 1:]
    coefficients = np.linalg.lstsq(rest_regressors, rest_outcome, rcond=None)[0]
    residual = rest_outcome - rest_regressors @ coefficients
    bread = np.linalg.inv(rest_regressors.T @ rest_regressors)
    rows, counts = len(frame), [code.max() + 1 for code in codes]
    if vcov in frame:
        group = frame[vcov].factorize()[0]
        counts = [
            1 if pd.Series(group).groupby(code).nunique().max() == 1 else count
            for code, count in zip(codes, counts, strict=True)
        ]
    parameters = 2 + (sum(counts) - len(counts) + 1 if codes else 1)
    scores = rest_regressors * residual[:, None]
    if vcov == "iid":
        covariance = bread * (residual @ residual) / (rows - parameters)
    elif vcov == "HC1":
        covariance = bread @ scores.T @ scores @ bread * rows / (rows - parameters)
    else:
        sums = pd.DataFrame(scores).groupby(group).sum().to_numpy()
        factor = len(sums) / (len(sums) - 1) * (rows - 1) / (rows - parameters)
        covariance = bread @ sums.T @ sums @ bread * factor
    return Oracle(coefficients, np.sqrt(np.diag(covariance)))


@pytest.mark.parametrize("vcov", ["iid", "HC1", "firm_id", "region_code", "year"])
@pytest.mark.parametrize("name", DESIGNS)
def test_absorbed_effects_equal_dummies(name: str, vcov: str) -> None:
    effects, fields = DESIGNS[name]
    frame = simulated_frame()
    rule = vcov if vcov in ("iid", "HC1") else {"CRV1": vcov}
    wanted = design(outcome="log_wage", exposure="in_cluster", controls=["size"], vcov=rule, **fields)
    rows = estimate(wanted, Panel.from_frame(frame)).tidy().set_index("term").loc[["in_cluster", "size"]]
    oracle = dummy_oracle(frame, effects, vcov)
    np.testing.assert_allclose(rows["estimate"], oracle.coefficients, rtol=COEFFICIENT_TOLERANCE)
    np.testing.assert_allclose(rows["std_error"], oracle.errors, rtol=COEFFICIENT_TOLERANCE)


def test_the_constant_and_its_error_are_those_of_uncentred_regressors() -> None:
    frame = simulated_frame()
    wanted = design(comparison="pooled", outcome="log_wage", exposure="in_cluster", controls=["size", "year"])
    fit = estimate(wanted, Panel.from_frame(frame)).tidy().set_index("term")
    regressors = np.column_stack([frame["in_cluster"], frame["size"], frame["year"], np.ones(len(frame))])
    regressors = regressors.astype(float)
    coefficients = np.linalg.lstsq(regressors, frame["log_wage"], rcond=None)[0]
    residual = frame["log_wage"].to_numpy() - regressors @ coefficients
    sums = pd.DataFrame(regressors * residual[:, None]).groupby(frame["firm_id"].to_numpy()).sum().to_numpy()
    # A pseudo-inverse by orthogonal factors: the normal equations of a raw year lose half the digits.
    bread = np.linalg.pinv(regressors)
    bread = bread @ bread.T
    groups, rows = len(sums), len(frame)
    covariance = bread @ sums.T @ sums @ bread * groups / (groups - 1) * (rows - 1) / (rows - 4)
    terms = ["in_cluster", "size", "year", "constant"]
    np.testing.assert_allclose(fit.loc[terms, "estimate"], coefficients, rtol=1e-8)
    np.testing.assert_allclose(fit.loc[terms, "std_error"], np.sqrt(np.diag(covariance)), rtol=1e-7)


@pytest.mark.parametrize("name", ["within", "within alone", "region"])
def test_pyfixest_agrees(name: str) -> None:
    effects, fields = DESIGNS[name]
    frame = simulated_frame().astype({"in_cluster": float})
    wanted = design(outcome="log_wage", exposure="in_cluster", controls=["size"], **fields)
    ours = estimate(wanted, Panel.from_frame(frame)).tidy()
    with warnings.catch_warnings():
        # The peer and what it imports warn of their own deprecations.
        warnings.simplefilter("ignore")
        import pyfixest
        from pyfixest.demeaners import MapDemeaner

        model = pyfixest.feols(
            f"log_wage ~ in_cluster + size | {' + '.join(effects)}",
            frame,
            vcov={"CRV1": "firm_id"},
            demeaner=MapDemeaner(fixef_tol=1e-12),
        )
    np.testing.assert_allclose(ours["estimate"], model.coef()[["in_cluster", "size"]], rtol=PEER_TOLERANCE)
    np.testing.assert_allclose(ours["std_error"], model.se()[["in_cluster", "size"]], rtol=PEER_TOLERANCE)
