"""Coefficients that change with time: rows split at times, and regressors times a function of time.

A coefficient b(t) = b + c g(t) is the regressor x and its product with g at the event time. Where g is
constant between cuts (periods) a row split at the cuts carries the product; where g changes all the time, a
row must be split at every event time, which yields R's `tt` exactly. Rows are split block by block as they
are read, so that a fit needs no more memory than before; the time it takes grows with the pieces.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Floats, ModelSource
from clusterpanel.models.survival.episodes import EVENT, STOP
from clusterpanel.models.survival.split_source import SplitColumn, SplitSource


@dataclass(frozen=True)
class TimeTerm:
    """A regressor times a function of time.

    Attributes
    ----------
    name : str
        Of the new regressor.
    regressor : str
        The column of the source it is made of.
    at : callable
        Takes times, shape (rows,), and returns g at them; between two of the cuts that rows are split at,
        only its value at the later one is read.
    """

    name: str
    regressor: str
    at: Callable[[Floats], Floats]


def period_terms(regressor: str, cuts: Sequence[float]) -> tuple[TimeTerm, ...]:
    """Return a regressor's terms with a coefficient for each period up to and including a cut, and the last.

    Parameters
    ----------
    regressor : str
    cuts : sequence of float
        Ascending. They must be among the times that rows are split at.
    """
    edges = [-np.inf, *cuts, np.inf]

    def inside(low: float, high: float) -> Callable[[Floats], Floats]:
        return lambda time: ((low < time) & (time <= high)).astype(np.float64)

    return tuple(
        TimeTerm(f"{regressor}:{_words(low, high)}", regressor, inside(low, high))
        for low, high in pairwise(edges)
    )


def _words(low: float, high: float) -> str:
    if np.isinf(low):
        return f"until {high:g}"
    return f"after {low:g}" if np.isinf(high) else f"{low:g} to {high:g}"


def event_times(source: ModelSource) -> Floats:
    """Return all times of an event in a survival source, ascending."""
    found = np.empty(0)
    for block in source.blocks():
        found = np.union1d(found, block.values[STOP][block.values[EVENT] > 0])
    return found


def split_at(
    source: ModelSource,
    cuts: Sequence[float] | Floats,
    terms: Sequence[TimeTerm] = (),
    without: Sequence[str] = (),
) -> SplitSource:
    """Return a survival source whose rows end at each cut inside them, with products of regressors and time.

    Parameters
    ----------
    source : ModelSource
        Event, start, stop, then the regressors.
    cuts : array of float
        Where to split; `event_times` of the source where a term changes all the time.
    terms : sequence of TimeTerm
        New regressors; each comes after the one it is made of.
    without : sequence of str
        Regressors to leave out, because their terms of all periods take their place.

    Raises
    ------
    SpecError
        A name is not a regressor's.
    """
    unknown = sorted({*(term.regressor for term in terms), *without} - set(source.names))
    if unknown:
        raise SpecError(
            f"the regressors {', '.join(unknown)} are not among {', '.join(source.names)}",
            hint="Name regressors of the design.",
        )
    columns = [
        column
        for place, name in enumerate(source.names)
        for column in _columns_of(place, name, terms, is_kept=name not in without)
    ]
    return SplitSource(source, np.unique(np.asarray(cuts, dtype=np.float64)), tuple(columns))


def _columns_of(place: int, name: str, terms: Sequence[TimeTerm], *, is_kept: bool) -> Iterator[SplitColumn]:
    if is_kept:
        yield SplitColumn(name, place)
    for term in terms:
        if term.regressor == name:
            yield SplitColumn(term.name, place, term.at)
