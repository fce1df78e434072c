"""The Hausman test of two results."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.hausman import hausman_test
from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.fit import Fit
from clusterpanel.models.ols import fit_ols
from clusterpanel.models.panel_models.hausman import hausman
from clusterpanel.models.panel_models.random_effects import fit_random_effects
from clusterpanel.models.result import Result
from clusterpanel.spec.vcov import GroupedVcov

FIRMS = 200
BY_FIRM = GroupedVcov(CRV1="firm_id")


def arrays(related: float) -> ModelArrays:
    """Simulate firms of 4 years whose effect goes together with x as far as `related` says."""
    rng = np.random.default_rng(2)
    firm = np.repeat(np.arange(FIRMS, dtype=np.int32), 4)
    effect = rng.normal(size=FIRMS)[firm]
    x, z = related * effect + rng.normal(size=len(firm)), rng.normal(size=len(firm))
    y = x + z + effect + 0.5 * rng.normal(size=len(firm)) * (1 + np.abs(x))
    codes = Codes("firm_id", firm, FIRMS)
    columns = (y, x, z, np.ones(len(firm)))
    return ModelArrays(columns, ("x", "z", "constant"), codes, (), False, groups=(codes,))


def result(label: str, fit: Fit, vcov: Any) -> Result:
    firms = pd.Index([f"f{number:03d}" for number in range(FIRMS)], name="firm_id")
    influence = None if fit.influence is None else pd.DataFrame(fit.influence, firms, list(fit.names))
    return Result(
        label=label,
        estimate=fit.table(),
        influence=influence,
        provenance={
            "outcome": "y",
            "design": {"vcov": vcov},
            "grouped_by": None if influence is None else "firm_id",
        },
        covariance=pd.DataFrame(fit.covariance, list(fit.names), list(fit.names)),
    )


def within_and_random(related: float, vcov: Any = "iid") -> tuple[Result, Result]:
    sample = arrays(related)
    within = fit_ols(replace(sample, columns=sample.columns[:3], names=("x", "z"), absorbs_firm=True), vcov)
    told = vcov if isinstance(vcov, str) else {"CRV1": "firm_id"}
    return result("within", within, told), result("random", fit_random_effects(sample, vcov), told)


def test_classic_is_that_of_the_fits() -> None:
    sample = arrays(0.7)
    within = fit_ols(replace(sample, columns=sample.columns[:3], names=("x", "z"), absorbs_firm=True))
    wanted = hausman(within, fit_random_effects(sample))
    test = hausman_test(*within_and_random(0.7))
    np.testing.assert_allclose(test.statistic, wanted.statistic, rtol=1e-12)
    assert test.degrees_of_freedom == (2,)


def test_robust_adds_influences_firm_by_firm() -> None:
    within, random = within_and_random(0.7, BY_FIRM)
    assert within.influence is not None
    assert random.influence is not None
    moved = (within.influence[["x", "z"]] - random.influence[["x", "z"]]).to_numpy()
    difference = within.estimate["estimate"].to_numpy() - random.estimate["estimate"].to_numpy()[:2]
    wanted = difference @ np.linalg.inv(moved.T @ moved) @ difference
    np.testing.assert_allclose(hausman_test(within, random, is_robust=True).statistic, wanted, rtol=1e-9)
    upside_down = replace(random, influence=random.influence.iloc[::-1])
    aligned = hausman_test(within, upside_down, is_robust=True)
    np.testing.assert_allclose(aligned.statistic, wanted, rtol=1e-9)


def test_a_firm_that_is_in_one_sample_only_moves_that_estimate() -> None:
    within, random = within_and_random(0.7, BY_FIRM)
    assert within.influence is not None
    assert random.influence is not None
    fewer = replace(within, influence=within.influence.iloc[1:])
    padded = within.influence.copy()
    padded.iloc[0] = 0.0
    one = hausman_test(fewer, random, is_robust=True)
    other = hausman_test(replace(within, influence=padded), random, is_robust=True)
    np.testing.assert_allclose(one.statistic, other.statistic, rtol=1e-12)


def test_it_tells_related_effects_from_unrelated_ones() -> None:
    assert hausman_test(*within_and_random(0.7, BY_FIRM), is_robust=True).p_value < 1e-4
    assert hausman_test(*within_and_random(0.0, BY_FIRM), is_robust=True).p_value > 0.01


def test_what_lacks_its_variance_is_refused() -> None:
    iid, grouped = within_and_random(0.7), within_and_random(0.7, BY_FIRM)
    with pytest.raises(SpecError, match="a result without influence"):
        hausman_test(*iid, is_robust=True)
    with pytest.raises(SpecError, match=r"allowed: vcov = \"iid\". Take is_robust"):
        hausman_test(*grouped)
    other = replace(iid[1], provenance={**iid[1].provenance, "outcome": "growth_log"})
    with pytest.raises(SpecError, match="y and growth_log"):
        hausman_test(iid[0], other)
    by_region = replace(grouped[1], provenance={**grouped[1].provenance, "grouped_by": "region_code"})
    with pytest.raises(SpecError, match="firm_id and region_code"):
        hausman_test(grouped[0], by_region, is_robust=True)
