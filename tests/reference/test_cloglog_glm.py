"""A hazard with absorbed effects equals statsmodels' GLM with dummies, on simulated data."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.panel.panel import Panel

TOLERANCE = 1e-8  # both climb until a step is below 1e-9 standard errors
DESIGNS = {
    "pooled": ([], {"comparison": "pooled"}),
    "year": (["year"], {"comparison": "pooled", "absorb": ["year"]}),
    "region and year": (["region_code", "year"], {"comparison": "region", "absorb": ["year"]}),
}


def simulated_hazard(baseline: float = -2.5, seed: int = 3, firms: int = 500) -> pd.DataFrame:
    """Simulate firms followed until they exit or six years are over."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(firms):
        region, skill = int(rng.integers(0, 4)), rng.normal()
        for year in range(6):
            in_cluster, size = bool(rng.random() < 0.4), rng.normal() + skill
            rate = np.exp(baseline - 0.5 * in_cluster + 0.2 * size + 0.2 * region + 0.05 * year)
            is_exit = bool(rng.random() < -np.expm1(-rate))
            rows.append((f"f{number:04d}", 2000 + year, f"R{region}", in_cluster, size, is_exit))
            if is_exit:
                break
    names = ["firm_id", "year", "region_code", "in_cluster", "size", "is_exit"]
    return pd.DataFrame(rows, columns=names)


def glm(frame: pd.DataFrame, effects: list[str]) -> tuple[Any, np.ndarray]:
    """Fit with dummies, the first effect's in full; return the fit and its regressors."""
    with warnings.catch_warnings():
        # The peer warns of its own deprecations when it is imported and fitted.
        warnings.simplefilter("ignore")
        import statsmodels.api as sm

        columns = [frame[["in_cluster", "size"]].astype(float)]
        for place, effect in enumerate(effects):
            dummies = pd.get_dummies(frame[effect], dtype=float)
            columns.append(dummies.iloc[:, 1:] if place else dummies)
        if not effects:
            columns.append(pd.DataFrame({"constant": np.ones(len(frame))}))
        regressors = pd.concat(columns, axis=1).to_numpy()
        family = sm.families.Binomial(sm.families.links.CLogLog())
        model = sm.GLM(frame["is_exit"].astype(float).to_numpy(), regressors, family=family)
        return model.fit(tol=1e-14, maxiter=200), regressors


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("baseline", [-4.0, -2.5, 0.0])
def test_coefficients_and_deviance(name: str, baseline: float) -> None:
    effects, fields = DESIGNS[name]
    frame = simulated_hazard(baseline, firms=1500 if baseline < -3 else 500)
    wanted = design(
        estimator="cloglog", outcome="is_exit", exposure="in_cluster", controls=["size"], vcov="iid", **fields
    )
    ours = estimate(wanted, Panel.from_frame(frame))
    theirs, _ = glm(frame, effects)
    count, rows, levels = len(ours.tidy()), ours.glance["n"], ours.glance["levels"]
    parameters = count + sum(levels.values()) - max(len(levels) - 1, 0)
    # fixest's rule, which R's glm and statsmodels leave out.
    adjusted = theirs.bse[:count] * np.sqrt((rows - 1) / (rows - parameters))
    np.testing.assert_allclose(ours.tidy()["estimate"], theirs.params[:count], rtol=TOLERANCE)
    np.testing.assert_allclose(ours.tidy()["std_error"], adjusted, rtol=1e-7)
    np.testing.assert_allclose(ours.glance["deviance"], theirs.deviance, rtol=1e-12)
    np.testing.assert_allclose(ours.glance["hazard_ratio"], np.exp(theirs.params[0]), rtol=TOLERANCE)


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("group", ["firm_id", "region_code"])
def test_grouped_errors_are_the_sandwich_of_the_dummies(name: str, group: str) -> None:
    """The bread is the expected information, as in R's glm; statsmodels' own errors use the observed one."""
    effects, fields = DESIGNS[name]
    frame = simulated_hazard()
    wanted = design(
        estimator="cloglog",
        outcome="is_exit",
        exposure="in_cluster",
        controls=["size"],
        vcov={"CRV1": group},
        **fields,
    )
    ours = estimate(wanted, Panel.from_frame(frame)).tidy()
    theirs, regressors = glm(frame, effects)
    bread = np.linalg.inv(-theirs.model.hessian(theirs.params, observed=False))
    scores = theirs.model.score_obs(theirs.params)
    sums = pd.DataFrame(scores).groupby(frame[group].to_numpy()).sum().to_numpy()
    groups, rows = len(sums), len(frame)
    nested = frame["region_code"].nunique() - 1 if group == "region_code" and "region_code" in effects else 0
    parameters = regressors.shape[1] - nested
    factor = groups / (groups - 1) * (rows - 1) / (rows - parameters)
    errors = np.sqrt(np.diag(bread @ sums.T @ sums @ bread * factor))
    np.testing.assert_allclose(ours["std_error"], errors[: len(ours)], rtol=1e-7)


def test_levels_without_events_are_dropped_as_their_dummies_would_run_off() -> None:
    frame = simulated_hazard()
    quiet = frame["region_code"] == "R3"
    frame.loc[quiet, "is_exit"] = False
    wanted = design(
        estimator="cloglog", comparison="region", outcome="is_exit", exposure="in_cluster", controls=["size"]
    )
    ours = estimate(wanted, Panel.from_frame(frame))
    theirs, _ = glm(frame[~quiet], ["region_code"])
    np.testing.assert_allclose(ours.tidy()["estimate"], theirs.params[:2], rtol=TOLERANCE)
    assert ours.glance["n"] == int((~quiet).sum())
    assert ours.provenance["flow"][-1]["rows_set_aside"] == int(quiet.sum())
    assert any(
        note.startswith("Levels of region_code set aside") and ": 1 (" in note
        for note in ours.provenance["notes"]
    )
