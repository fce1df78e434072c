"""Errors related in time: Driscoll-Kraay over all rows of a year, Newey-West over a firm's own rows."""

import numpy as np

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.vcov.counts import SampleCounts, check_groups
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.grouped import group_factor
from clusterpanel.models.vcov.sums import ScoreSums, sum_by_code
from clusterpanel.models.vcov.words import count_words, distribution_words


def bartlett(distance: Floats | Integers, lags: int) -> Floats:
    """Return the weights ``1 - d/(lags + 1)``, 0 beyond `lags`."""
    return np.maximum(1.0 - np.asarray(distance, dtype=np.float64) / (lags + 1), 0.0)


def driscoll_kraay(sums: ScoreSums, counts: SampleCounts, lags: int) -> Covariance:
    """Return the covariance with errors of all rows related over up to `lags` years.

    Driscoll and Kraay (1998, Review of Economics and Statistics 80): the Bartlett kernel over the years'
    sums of scores, by the years between them, whether the sample has those or not.

    Parameters
    ----------
    sums : ScoreSums
        Its first way groups by time, and `times` says which.
    counts : SampleCounts
    lags : int

    Raises
    ------
    SpecError
        The times are not told.
    NotIdentifiedError
        There are fewer than two years, or no more rows than parameters.
    """
    if sums.times is None or not sums.groups:
        raise SpecError("Driscoll-Kraay errors need the sums of scores by year, and the years")
    scores, times = sums.groups[0], sums.times
    check_groups(len(times), "time")
    kernel = bartlett(np.abs(times[:, None] - times[None, :]), lags)
    meat = scores.T @ kernel @ scores
    return _in_time(
        f"Driscoll-Kraay, Bartlett kernel over {lags} {_lags(lags)} of all rows",
        sums.bread,
        meat,
        counts,
        len(times),
    )


def newey_west(
    scores: Floats,
    bread: Floats,
    firms: Levels | Integers,
    times: Integers,
    *,
    counts: SampleCounts,
    lags: int,
) -> Covariance:
    """Return the covariance with errors of a firm related over up to `lags` years, those of others not.

    Newey and West (1987, Econometrica 55) inside each firm, by the years between its rows.

    Parameters
    ----------
    scores : float array, shape (rows, coefficients)
    bread : float array, shape (coefficients, coefficients)
    firms : integer array, shape (rows,)
    times : integer array, shape (rows,)
    counts : SampleCounts
    lags : int

    Raises
    ------
    SpecError
        A firm has two rows in one year.
    NotIdentifiedError
        There are fewer than two years, or no more rows than parameters.
    """
    order = np.lexsort((times, firms))
    scores, firms, times = scores[order], firms[order], times[order]
    if ((np.diff(firms) == 0) & (np.diff(times) == 0)).any():
        raise SpecError(
            "Newey-West errors need one row of a firm each year; some firms have more",
            hint='Group the errors by firm instead: vcov = { CRV1 = "firm_id" }.',
        )
    periods = len(np.unique(times))
    check_groups(periods, "time")
    meat = scores.T @ scores
    for step in range(1, min(lags, len(scores) - 1) + 1):
        # Rows `step` places apart are at least as many years apart.
        apart = times[step:] - times[:-step]
        weights = np.where(firms[step:] == firms[:-step], bartlett(apart, lags), 0.0)
        cross = scores[step:].T @ (scores[:-step] * weights[:, None])
        meat += cross + cross.T
    return _in_time(
        f"Newey-West, Bartlett kernel over {lags} {_lags(lags)} of each firm's rows",
        bread,
        meat,
        counts,
        periods,
    )


def years_sums(scores: Floats, times: Integers) -> tuple[Floats, Integers]:
    """Return each year's sum of scores, and the years."""
    years, codes = np.unique(times, return_inverse=True)
    return sum_by_code(scores, codes, len(years)), years


def _lags(lags: int) -> str:
    return "lag" if lags == 1 else "lags"


def _in_time(words: str, bread: Floats, meat: Floats, counts: SampleCounts, periods: int) -> Covariance:
    factor = group_factor(periods) * counts.parameter_factor(is_grouped=True)
    degrees = counts.group_degrees(periods)
    rule = (
        f"{words}, times T/(T - 1) * (n - 1)/(n - K), T = {periods}, "
        f"{count_words(counts, is_grouped=True)}, {distribution_words(degrees)}"
    )
    return Covariance(
        factor * (bread @ meat @ bread),
        degrees,
        rule,
        facts={"periods": periods},
        no_influence="errors are related over time, and no one unit's influence is a sum",
    )
