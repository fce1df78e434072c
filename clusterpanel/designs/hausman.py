"""The Hausman test of two results, which asks whether firm effects go together with the regressors.

Classic: the difference of the coefficients against the difference of their variances, which is a variance
only if errors are homoskedastic and unrelated over time (Hausman 1978, Econometrica 46). Robust: against the
variance that the results' influences give it, group by group, which holds whatever the errors are.
"""

import numpy as np
import pandas as pd

from clusterpanel.errors import Fault, SpecError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.panel_models.hausman import hausman_of, shared_terms
from clusterpanel.models.panel_models.panel_test import PanelTest
from clusterpanel.models.result import Result


def hausman_test(within: Result, random: Result, *, is_robust: bool = False) -> PanelTest:
    """Test whether firm effects are unrelated to the exposure and the controls that both results share.

    Parameters
    ----------
    within : Result
        Consistent either way.
    random : Result
        Random effects (or another estimate that is consistent only if the effects are unrelated).
    is_robust : bool
        By the influences of both results, which must be grouped by the same column; otherwise by their
        covariances, which must be iid.

    Raises
    ------
    SpecError
        The outcomes differ, no regressor is shared, or a result lacks the variance that the test needs.
    NotIdentifiedError
        The variance of the difference is singular, or the classic statistic negative.
    """
    _check(within, random, is_robust)
    first, second = (_coefficients(result) for result in (within, random))
    names = shared_terms(list(first.index), list(second.index))
    difference = first[names].to_numpy() - second[names].to_numpy()
    if is_robust:
        groups = within.provenance["grouped_by"]
        return hausman_of(
            difference,
            _robust(within, random, names),
            f"robust: influences of both fits, grouped by {groups}",
        )
    return hausman_of(
        difference,
        _matrix(within, names) - _matrix(random, names),
        "classic: variance of within less variance of random effects (Hausman 1978)",
    )


def _check(within: Result, random: Result, is_robust: bool) -> None:
    faults = []
    pair = (within, random)
    if len({result.provenance["outcome"] for result in pair}) > 1:
        came = " and ".join(str(result.provenance["outcome"]) for result in pair)
        faults.append(Fault("hausman_test", "outcome", came, "the same outcome"))
    for result in pair:
        if is_robust and result.influence is None:
            allowed = 'errors grouped as in vcov = {"CRV1": "firm_id"}'
            faults.append(Fault("hausman_test", result.label, "a result without influence", allowed))
        vcov = result.provenance["design"]["vcov"]
        if not is_robust and (vcov != "iid" or result.covariance is None):
            hint = "Take is_robust = True for grouped errors."
            faults.append(Fault("hausman_test", result.label, f"vcov {vcov}", 'vcov = "iid"', hint))
    groups = dict.fromkeys(str(result.provenance["grouped_by"]) for result in pair)
    if is_robust and len(groups) > 1:
        faults.append(Fault("hausman_test", "groups of the errors", " and ".join(groups), "the same groups"))
    if faults:
        raise SpecError("the Hausman test is not defined for these results", faults=faults)


def _coefficients(result: Result) -> "pd.Series[float]":
    return result.estimate.set_index("term")["estimate"]


def _matrix(result: Result, names: list[str]) -> Floats:
    if result.covariance is None:
        raise SpecError(f"{result.label} has no covariance")
    return result.covariance.loc[names, names].to_numpy(dtype=np.float64)


def _robust(within: Result, random: Result, names: list[str]) -> Floats:
    """Return the covariance of the difference; a group in one sample only moves that estimate only."""
    if within.influence is None or random.influence is None:
        raise SpecError("a result has no influence")
    moved = within.influence[names].sub(random.influence[names], fill_value=0.0).to_numpy(dtype=np.float64)
    covariance: Floats = moved.T @ moved
    return covariance
