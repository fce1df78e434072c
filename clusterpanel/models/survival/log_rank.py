"""Tests of equal survival: the log-rank family of weighted, stratified tests."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import chdtrc

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.survival.risk_counts import RiskSets

LogRankFamily = Literal["log_rank", "gehan", "tarone_ware", "peto_peto", "fleming_harrington"]


@dataclass(frozen=True)
class GroupTest:
    """A test that groups are alike.

    Attributes
    ----------
    statistic : float
        Chi-squared under the hypothesis.
    degrees_of_freedom : int
    p_value : float
    observed, expected : float array, shape (groups,)
        Events, weighted as the test weights them, and how many there would be if groups were alike.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float
    observed: Floats
    expected: Floats


def log_rank_test(
    sets: RiskSets,
    family: LogRankFamily = "log_rank",
    rho: float = 1.0,
    gamma: float = 0.0,
    strata: int = 1,
) -> GroupTest:
    """Test whether hazards are the same in all groups.

    Parameters
    ----------
    sets : RiskSets
        With a group for each stratum and group, the strata's groups together. Events of all causes count;
        numbers are of episodes, so that weights other than of equal copies are left out of account.
    family : str
        What an event time with n at risk weighs: log_rank 1 (Mantel 1966), gehan n (Gehan 1965, Breslow
        1970), tarone_ware the root of n (Tarone and Ware 1977), peto_peto the survival of all estimated as
        the product of 1 - d/(n + 1) up to it (Peto and Peto 1972), fleming_harrington S^rho (1 - S)^gamma
        with S the Kaplan-Meier survival of all just before it (Harrington and Fleming 1982). R's
        survdiff(rho = 1), there called Peto and Peto's, is the last with rho 1 and gamma 0.
    rho, gamma : float
        Of fleming_harrington.
    strata : int

    Returns
    -------
    GroupTest

    Raises
    ------
    NotIdentifiedError
        No event happens while two groups of a stratum are at risk.
    """
    shape = strata, -1, len(sets.times)
    at_risk, events = sets.at_risk.reshape(shape), sets.events.sum(axis=0).reshape(shape)
    weights = _weights(at_risk.sum(axis=1), events.sum(axis=1), family, rho, gamma)
    return _test(at_risk, events, weights)


def _test(at_risk: Floats, events: Floats, weights: Floats) -> GroupTest:
    total, deaths = at_risk.sum(axis=1), events.sum(axis=1)
    # A risk set of one, or one without events, tells nothing of the groups.
    safe = np.maximum(total, 1.0)
    shares = at_risk / safe[:, None]
    spread = weights**2 * deaths * (total - deaths) / np.maximum(total - 1, 1.0)
    observed = np.einsum("st,sgt->g", weights, events)
    expected = np.einsum("st,st,sgt->g", weights, deaths, shares)
    variance = np.diag(np.einsum("st,sgt->g", spread, shares))
    variance = variance - np.einsum("st,sgt,sht->gh", spread, shares, shares, optimize=True)
    return group_test(observed, expected, variance)


def group_test(observed: Floats, expected: Floats, variance: Floats) -> GroupTest:
    """Return the test that observed less expected is 0 but for chance, in the groups that vary.

    Raises
    ------
    NotIdentifiedError
        Fewer than two groups vary.
    """
    varies = np.flatnonzero(np.diag(variance) > 1e-12 * max(float(np.diag(variance).max()), 1e-300))
    if len(varies) < 2:
        raise NotIdentifiedError(
            "no event happens while two groups are at risk: there is nothing to compare",
            hint="Widen the sample, or compare over wider strata.",
        )
    free = varies[:-1]
    gap = (observed - expected)[free]
    statistic = float(gap @ np.linalg.lstsq(variance[np.ix_(free, free)], gap, rcond=None)[0])
    return GroupTest(statistic, len(free), float(chdtrc(len(free), statistic)), observed, expected)


def _weights(total: Floats, deaths: Floats, family: LogRankFamily, rho: float, gamma: float) -> Floats:
    if family == "log_rank":
        return np.ones_like(total)
    if family == "gehan":
        return total
    if family == "tarone_ware":
        return np.asarray(np.sqrt(total))
    if family == "peto_peto":
        return np.asarray(np.cumprod(1 - deaths / (total + 1), axis=-1))
    steps = np.cumprod(1 - deaths / np.maximum(total, 1.0), axis=-1)
    survival = np.concatenate([np.ones_like(steps[..., :1]), steps[..., :-1]], axis=-1)
    return np.asarray(survival**rho * (1 - survival) ** gamma)
