"""Restricted mean survival time: the years lived up to an age, the area under the survival curve."""

from dataclasses import dataclass

import numpy as np

from clusterpanel.models.arrays import Floats
from clusterpanel.models.survival.kaplan_meier import survival_of
from clusterpanel.models.survival.risk_counts import RiskSets


@dataclass(frozen=True)
class RestrictedMeans:
    """The restricted mean of each group.

    Attributes
    ----------
    until : float
        The time up to which is counted.
    means, errors : float array, shape (groups,)
        In the unit of time.
    """

    until: float
    means: Floats
    errors: Floats

    def difference(self, one: int, other: int) -> tuple[float, float]:
        """Return one group's mean less another's, and its standard error, the groups apart."""
        error = float(np.hypot(self.errors[one], self.errors[other]))
        return float(self.means[one] - self.means[other]), error


def restricted_means(sets: RiskSets, until: float, start: float = 0.0) -> RestrictedMeans:
    """Return the area under each group's survival curve from `start` to `until`.

    Parameters
    ----------
    sets : RiskSets
    until : float
        Beyond the last time someone is at risk the curve goes on level, as in R's survfit.
    start : float
        Where curves begin, at a survival of 1; an earlier first time begins them there.

    Notes
    -----
    The variance sums A(t)^2 d/(n(n - d)) over times, A(t) being the area from t to `until` (Irwin 1949; Klein
    and Moeschberger 2003, section 4.5). It is conditional on those under observation: where a firm moves from
    one group to another its stretches are apart in time, so that the groups' errors are still unrelated.
    """
    survival, variance = survival_of(sets.weighted_at_risk, sets.weighted_events.sum(axis=0))
    return areas_under(sets.times, survival, variance, until, start)


def areas_under(
    times: Floats, survival: Floats, variance: Floats, until: float, start: float = 0.0
) -> RestrictedMeans:
    """Return the area under survival curves, as `restricted_means` does.

    Parameters
    ----------
    times : float array, shape (times,)
        Ascending.
    survival, variance : float array, shape (groups, times)
        The survival after each time, and the variance of its logarithm.
    until, start : float
    """
    within = times <= until
    times, survival, variance = times[within], survival[:, within], variance[:, within]
    ends = np.append(times, until)
    first = np.full(len(survival), ends[0] - min(start, ends[0]))
    steps = np.diff(ends) * survival
    after = np.cumsum(steps[:, ::-1], axis=1)[:, ::-1]
    # No area is left once a curve is at 0, where the variance is missing.
    terms = np.nan_to_num(np.diff(variance, axis=1, prepend=0.0)) * after**2
    return RestrictedMeans(until, first + steps.sum(axis=1), np.sqrt(terms.sum(axis=1)))
