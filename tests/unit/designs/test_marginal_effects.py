from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.designs.marginal_effects import average_marginal_effects
from clusterpanel.designs.marginal_effects_of_design import marginal_effects
from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Codes, Floats, ModelArrays
from clusterpanel.models.families import FamilyName
from clusterpanel.models.glm import fit_glm
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.vcov import GroupedVcov


def simulated(seed: int = 0, firms: int = 500, *, has_effects: bool = True) -> ModelArrays:
    """Simulated yearly exits in 6 regions and 4 industries; errors are to be grouped by 30 places."""
    rng = np.random.default_rng(seed)
    years = rng.integers(1, 6, firms)
    codes = np.repeat(np.arange(firms, dtype=np.int32), years)
    rows = len(codes)
    region, industry = (rng.integers(0, levels, rows).astype(np.int32) for levels in (6, 4))
    exposure, size = (rng.random(rows) < 0.4).astype(float), rng.normal(size=rows)
    eta = -1.2 - 0.5 * exposure + 0.3 * size + 0.2 * np.sin(region) + 0.1 * industry
    events = (rng.random(rows) < expit(eta)).astype(float)
    constant = () if has_effects else (np.ones(rows),)
    effects = (Codes("region_code", region, 6), Codes("industry_code", industry, 4)) if has_effects else ()
    place = Codes("place", codes % np.int32(30), 30)
    return ModelArrays(
        (events, exposure, size, *constant),
        ("in_cluster", "size", *(["constant"] if constant else [])),
        Codes("firm_id", codes, firms),
        effects,
        False,
        groups=(place,),
        rows_per_block=200,
    )


def with_dummies(sample: ModelArrays) -> Floats:
    """The regressors, then a dummy of each region, then of each industry but the first."""
    dummies = [
        (effect.codes == level).astype(float)
        for kind, effect in enumerate(sample.effects)
        for level in range(int(kind > 0), effect.levels)
    ]
    return np.stack([*sample.columns[1:], *dummies]).T


def statsmodels_effects(sample: ModelArrays, is_discrete: bool) -> Any:
    import statsmodels.api as sm

    fit = sm.Logit(sample.columns[0], with_dummies(sample)).fit(disp=0, method="newton", tol=1e-14)
    return fit.get_margeff(at="overall", method="dydx", dummy=is_discrete)


@pytest.mark.parametrize("has_effects", [True, False])
def test_logit_equals_statsmodels_with_dummies(has_effects: bool) -> None:
    sample = simulated(has_effects=has_effects)
    fit = average_marginal_effects(sample, "logit", "iid")
    expected = statsmodels_effects(sample, is_discrete=True)
    np.testing.assert_allclose(fit.coefficients, 100 * expected.margeff[:2], rtol=1e-7)
    parameters = with_dummies(sample).shape[1]
    factor = (sample.rows - 1) / (sample.rows - parameters)  # fixest's, which `fit_glm` follows
    errors = np.sqrt(np.diag(fit.covariance) / factor)
    np.testing.assert_allclose(errors, 100 * expected.margeff_se[:2], rtol=1e-6)
    assert fit.names == ("in_cluster", "size")


def hazards(family: FamilyName) -> Callable[[Floats], Floats]:
    return expit if family == "logit" else lambda eta: -np.expm1(-np.exp(eta))


def by_hand(sample: ModelArrays, family: FamilyName, coefficients: Floats) -> Floats:
    """Each effect by two averages of hazards: from 0 to 1, or a step of 1e-5 to both sides."""
    regressors, hazard = with_dummies(sample), hazards(family)
    weights = np.ones(sample.rows) if sample.weights is None else sample.weights
    effects = []
    for place, step in ((0, None), (1, 1e-5)):
        low, high = regressors.copy(), regressors.copy()
        if step is None:
            low[:, place], high[:, place] = 0.0, 1.0
        else:
            low[:, place] -= step
            high[:, place] += step
        change = hazard(high @ coefficients) - hazard(low @ coefficients)
        effects.append(np.average(change, weights=weights) / (1 if step is None else 2 * step))
    return 100 * np.array(effects)


@pytest.mark.parametrize("family", ["logit", "cloglog"])
@pytest.mark.parametrize("kind", [None, "frequency"])
def test_grouped_errors_equal_the_delta_method_with_dummies(family: FamilyName, kind: Any) -> None:
    sample = simulated(1)
    weights = None if kind is None else 1.0 + np.arange(sample.rows) % 3
    sample = replace(sample, weights=weights, weight_kind=kind)
    dummies = with_dummies(sample)
    full = replace(
        sample,
        columns=(sample.columns[0], *np.ascontiguousarray(dummies.T), np.ones(sample.rows)),
        names=(*(f"x{place}" for place in range(dummies.shape[1])), "constant"),
        effects=(),
    )
    # The constant makes one region's dummy superfluous: give it back its place in the regressors.
    plain = fit_glm(full, family)
    assert [item.name for item in plain.collinear] == ["x7"]
    order = [place for place in range(dummies.shape[1]) if place != 7]
    back = np.zeros((dummies.shape[1], len(order) + 1))
    back[order, range(len(order))] = 1.0
    back[2:8, -1] = 1.0
    coefficients = back @ plain.coefficients
    fit = average_marginal_effects(sample, family, GroupedVcov(CRV1="place"))
    np.testing.assert_allclose(fit.coefficients, by_hand(sample, family, coefficients), rtol=1e-6)
    steps = np.eye(len(coefficients)) * 1e-5
    jacobian = (
        np.array(
            [
                by_hand(sample, family, coefficients + s) - by_hand(sample, family, coefficients - s)
                for s in steps
            ]
        ).T
        / 2e-5
    )
    influence = plain.sums.groups[0] @ plain.sums.bread @ (jacobian @ back).T
    rows = sample.rows if weights is None else weights.sum()
    factor = 30 / 29 * (rows - 1) / (rows - 11)
    np.testing.assert_allclose(fit.covariance, factor * influence.T @ influence, rtol=1e-4)
    assert fit.influence is not None
    np.testing.assert_allclose(fit.influence, np.sqrt(factor) * influence, rtol=1e-3, atol=1e-6)


def test_sampled_rows_add_how_far_each_group_lies_from_the_mean() -> None:
    """Refitting with a group's weight changed a little moves the mean of the changed rows too."""
    sample = simulated(2, 200)
    fit = average_marginal_effects(sample, "logit", GroupedVcov(CRV1="place"), samples_rows=True)
    assert fit.influence is not None
    scale = np.sqrt(30 / 29 * (sample.rows - 1) / (sample.rows - 11))
    for place in (0, 7, 21):
        moved = []
        for step in (1e-4, -1e-4):
            weights = 1 + step * (sample.groups[0].codes == place)
            moved.append(
                average_marginal_effects(
                    replace(sample, weights=weights, weight_kind="analytic"), "logit", "HC1"
                ).coefficients
            )
        np.testing.assert_allclose(
            (moved[0] - moved[1]) / 2e-4, fit.influence[place] / scale, rtol=1e-4, atol=1e-7
        )
    given = average_marginal_effects(sample, "logit", GroupedVcov(CRV1="place"))
    assert not np.allclose(given.covariance, fit.covariance)
    assert given.notes[-1] != fit.notes[-1]


def test_what_is_asked_for_in_any_order_blocks_and_dropped_regressors() -> None:
    sample = simulated(3)
    whole = average_marginal_effects(sample, "cloglog", "HC1")
    one = average_marginal_effects(replace(sample, rows_per_block=31), "cloglog", "HC1", ["size"], threads=2)
    np.testing.assert_allclose(one.coefficients, whole.coefficients[1:], rtol=1e-10)
    np.testing.assert_allclose(one.covariance, whole.covariance[1:, 1:], rtol=1e-8)
    twice = replace(sample, columns=(*sample.columns, 2 * sample.columns[1]), names=(*sample.names, "again"))
    assert average_marginal_effects(twice, "cloglog", "HC1").names == ("in_cluster", "size")
    assert whole.facts["mean_hazard_percent"] == pytest.approx(100 * sample.columns[0].mean())


def test_what_has_no_hazard_is_refused() -> None:
    sample = simulated(4)
    with pytest.raises(SpecError, match="firm_id's own"):
        average_marginal_effects(replace(sample, absorbs_firm=True), "logit", "HC1")
    with pytest.raises(SpecError, match="poisson; allowed: logit, cloglog"):
        average_marginal_effects(sample, "poisson", "HC1")
    with pytest.raises(SpecError, match="of nothing were asked for"):
        average_marginal_effects(sample, "logit", "HC1", ["nothing"])


def simulated_panel(seed: int = 5, firms: int = 400) -> Panel:
    """A simulated register with exits by two causes."""
    rng = np.random.default_rng(seed)
    rows = []
    for firm in range(firms):
        exposed, size = bool(rng.random() < 0.4), rng.normal()
        for year in range(2010, 2016):
            chances = np.exp([-2.0 - 0.5 * exposed - 0.3 * size, -2.5 + 0.4 * exposed])
            exit_to = rng.choice(3, p=np.array([1.0, *chances]) / (1 + chances.sum()))
            cause = ("", "closure", "merger")[exit_to]
            rows.append((f"f{firm:04}", year, f"r{firm % 20:02}", exposed, size, exit_to > 0, cause))
            if exit_to:
                break
    names = ["firm_id", "year", "region_code", "in_cluster", "size", "is_exit", "exit_cause"]
    return Panel.from_frame(pd.DataFrame(rows, columns=names))


def test_a_design_has_marginal_effects_with_its_errors_and_influence() -> None:
    panel = simulated_panel()
    asked = design(
        "is_exit ~ in_cluster + size | region_code",
        estimator="logit",
        vcov={"CRV1": "region_code"},
    )
    result, fitted = marginal_effects(asked, panel), estimate(asked, panel)
    assert list(result.tidy()["term"]) == ["in_cluster", "size"]
    assert result.glance["groups"] == 20
    assert result.influence is not None
    assert list(result.influence.columns) == ["in_cluster", "size"]
    np.testing.assert_allclose((result.influence**2).sum() ** 0.5, result.tidy()["std_error"], rtol=1e-9)
    # A step in the index moves the mean hazard by the mean of h(1 - h), in percentage points.
    share = result.term("size")["estimate"] / fitted.term("size")["estimate"]
    mean = result.glance["mean_hazard_percent"] / 100
    assert 0 < share < 100 * mean * (1 - mean)
    assert "percentage points" in result.label
    with pytest.raises(SpecError, match="estimator ols; allowed: logit, cloglog, competing_logit"):
        marginal_effects(design("size ~ in_cluster"), panel)


def test_a_competing_design_has_effects_on_each_cause_that_add_up() -> None:
    panel = simulated_panel()
    asked = design(
        "is_exit ~ in_cluster + size",
        estimator="competing_logit",
        cause="exit_cause",
        vcov={"CRV1": "firm_id"},
    )
    result = marginal_effects(asked, panel)
    terms = [f"{cause}: {name}" for cause in ("closure", "merger") for name in ("in_cluster", "size")]
    assert list(result.tidy()["term"]) == terms
    assert result.term("closure: in_cluster")["estimate"] < 0 < result.term("merger: in_cluster")["estimate"]
    # Together both causes are the exits, of which a logit has about the same effect.
    whole = marginal_effects(as_logit(asked), panel).term("in_cluster")
    both = result.term("closure: in_cluster")["estimate"] + result.term("merger: in_cluster")["estimate"]
    assert both == pytest.approx(whole["estimate"], abs=0.3 * whole["std_error"])


def as_logit(asked: DesignSpec) -> DesignSpec:
    return asked.model_copy(update={"estimator": "logit", "cause": None})
