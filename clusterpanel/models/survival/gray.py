"""Gray's test of equal cumulative incidence (Gray 1988, Annals of Statistics 16)."""

from typing import NamedTuple

import numpy as np

from clusterpanel.models.arrays import Floats
from clusterpanel.models.survival.log_rank import GroupTest, group_test
from clusterpanel.models.survival.risk_counts import RiskSets


class _Curves(NamedTuple):
    """What the test needs of a stratum at its event times; shapes (groups, times) or (times,).

    Attributes
    ----------
    risk : those at risk
    own, others : events of the cause, and of other causes
    before, after : the survival of all causes just before and after
    share : the risk over the survival before it: how many would be at risk had nobody left
    free : `share` of those without an event of the cause, who never leave Gray's risk set
    total : the sum of `share`
    pooled_before, pooled : the cumulative incidence of all groups just before and after
    """

    risk: Floats
    own: Floats
    others: Floats
    before: Floats
    after: Floats
    share: Floats
    free: Floats
    total: Floats
    pooled_before: Floats
    pooled: Floats


def gray_test(sets: RiskSets, cause: int = 1, rho: float = 0.0, strata: int = 1) -> GroupTest:
    """Test whether the cumulative incidence of a cause is the same in all groups.

    Parameters
    ----------
    sets : RiskSets
        With a group for each stratum and group, the strata's groups together; numbers are of episodes.
    cause : int
        From 1.
    rho : float
        An event time weighs ``(1 - F)^rho``, F being the incidence of all groups just before it.
    strata : int

    Returns
    -------
    GroupTest

    Raises
    ------
    NotIdentifiedError
        No event of the cause happens while two groups of a stratum are at risk.

    Notes
    -----
    The statistic is that of R's cmprsk. With late entry the curves and risk sets are those of the episodes
    under observation, which keeps the test's size (see tests/recovery); Gray's paper has no late entry.
    """
    shape = strata, -1, len(sets.times)
    risk, own = sets.at_risk.reshape(shape), sets.events[cause - 1].reshape(shape)
    every = sets.events.sum(axis=0).reshape(shape)
    groups = risk.shape[1]
    observed, expected, variance = np.zeros(groups), np.zeros(groups), np.zeros((groups, groups))
    for stratum in range(strata):
        is_event = every[stratum].sum(axis=0) > 0
        parts = (counts[stratum][:, is_event] for counts in (risk, own, every))
        curves = _curves(*parts)
        weight = (1 - curves.pooled_before) ** rho
        observed += (weight * curves.own).sum(axis=1)
        expected += (weight * curves.own.sum(axis=0) * _shares(curves.free)).sum(axis=1)
        variance += _variance(curves, weight)
    return group_test(observed, expected, variance)


def _curves(risk: Floats, own: Floats, every: Floats) -> _Curves:
    after: Floats = np.cumprod(1 - every / np.maximum(risk, 1.0), axis=1, dtype=np.float64)
    before = _left(after, 1.0)
    # Who enters after all before have had their event stands on no curve: the group is no longer followed.
    risk, own, every = (np.where(before > 0, counts, 0.0) for counts in (risk, own, every))
    safe = np.where(before > 0, before, 1.0)
    incidence = np.cumsum(before * own / np.maximum(risk, 1.0), axis=1)
    share = risk / safe
    total = share.sum(axis=0)
    steps = np.divide(own.sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
    pooled = np.cumsum(steps)
    return _Curves(
        risk,
        own,
        every - own,
        before,
        after,
        share,
        share * (1 - _left(incidence, 0.0)),
        total,
        _left(pooled, 0.0),
        pooled,
    )


def _variance(curves: _Curves, weight: Floats) -> Floats:
    """Return the variance of observed less expected, summed over the events of each group and kind.

    An event of the cause in group k moves group i's score by `now` at once; any event in k moves it through
    the curves that later expected numbers are made of, by `later` times `drift`.
    """
    shares = _shares(curves.share)
    groups = np.eye(len(shares))
    now = weight * curves.share * (groups[:, :, None] - shares[:, None, :])
    rate = np.divide(
        curves.own.sum(axis=0),
        curves.total * (1 - curves.pooled_before),
        out=np.zeros_like(curves.total),
        where=curves.total > 0,
    )
    drift = np.cumsum(now * rate, axis=2)
    later = drift[:, :, -1:] - drift
    staying = np.divide(
        1 - curves.pooled, curves.after, out=np.zeros_like(curves.after), where=curves.after > 0
    )
    own_moves = now + (1 - staying) * later
    other_moves = staying * later
    own_spread, other_spread = _spreads(curves)
    return np.asarray(
        np.einsum("kt,ikt,jkt->ij", own_spread, own_moves, own_moves, optimize=True)
        + np.einsum("kt,ikt,jkt->ij", other_spread, other_moves, other_moves, optimize=True)
    )


def _spreads(curves: _Curves) -> tuple[Floats, Floats]:
    """Return the variances of the two kinds of events by group and time; the cause's under the hypothesis."""
    at_risk = curves.risk > 0
    safe = np.where(at_risk, curves.risk, 1.0)
    events, standing = curves.own.sum(axis=0), curves.total * curves.before
    ties = 1 - np.maximum(events - 1, 0.0) / np.maximum(standing - 1, 1e-300)
    chance = np.divide(events, curves.total, out=np.zeros_like(events), where=curves.total > 0)
    own: Floats = np.where(at_risk, np.where(events > 1, ties, 1.0) * curves.before * chance / safe, 0.0)
    other_ties = 1 - np.maximum(curves.others - 1, 0.0) / np.maximum(safe - 1, 1.0)
    other = other_ties * curves.before**2 * curves.others / safe**2
    return own, np.asarray(np.where(curves.after > 0, other, 0.0))


def _shares(parts: Floats) -> Floats:
    total: Floats = parts.sum(axis=0)
    return np.divide(parts, total, out=np.zeros_like(parts), where=total > 0)


def _left(curve: Floats, start: float) -> Floats:
    """Return a curve's values just before each time."""
    return np.concatenate([np.full_like(curve[..., :1], start), curve[..., :-1]], axis=-1)
