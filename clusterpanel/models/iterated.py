"""Least squares on what an iteration leaves of the columns, where effects have too many levels."""

from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.absorb import MOST_LEVELS
from clusterpanel.models.arrays import Codes, Floats, ModelArrays, ModelSource
from clusterpanel.models.collinear import TOLERANCE, Collinear
from clusterpanel.models.projection import Projection, project
from clusterpanel.models.two_huge import left_rows_iterative


@dataclass(frozen=True)
class Iterated:
    """A projection by iteration.

    Attributes
    ----------
    projection : Projection
        Its source holds what the effects leave of each column, and no effects.
    counted : ModelArrays
        The sample with its effects, whose levels are parameters.
    """

    projection: Projection
    counted: ModelArrays


def has_too_many_levels(source: ModelSource) -> bool:
    """Say whether the effects besides the firm's have too many levels for their Schur complement."""
    return sum(source.effect_levels) > MOST_LEVELS


def project_by_iteration(source: ModelSource, threads: int = 1) -> Iterated:
    """Take the effects out by a preconditioned iteration, and drop the regressors that they explain.

    Raises
    ------
    SpecError
        The rows are not in memory.
    NotIdentifiedError
        The effects explain the exposure.
    NotConvergedError
    """
    if not isinstance(source, ModelArrays):
        raise SpecError(
            f"effects of {sum(source.effect_levels):,} levels besides the firm's need all rows in memory",
            hint="Give more memory, as in estimate(..., memory_gb=16), or absorb coarser effects.",
        )
    left = left_rows_iterative(source.columns, _all_effects(source), source.weights)
    totals = _squares(np.stack(source.columns), source.weights, is_centred=True)
    dropped = _explained(source, left.columns, totals)
    kept = [*range(source.outcomes)]
    kept += [
        source.outcomes + place
        for place, name in enumerate(source.names)
        if name not in {item.name for item in dropped}
    ]
    rows = replace(source, columns=tuple(left.columns), effects=(), absorbs_firm=False, firm_slopes=()).only(
        kept
    )
    found = project(rows, threads)
    names = (*rows.names,)
    places = [*range(source.outcomes), *(source.outcomes + names.index(name) for name in found.source.names)]
    projection = replace(
        found,
        totals=totals[kept][places],
        absorbed=replace(found.absorbed, path=left.path),
        collinear=(*dropped, *found.collinear),
    )
    return Iterated(projection, source)


def _all_effects(arrays: ModelArrays) -> list[Codes]:
    firms = arrays.firms
    slopes = [replace(firms, loads=variable) for variable in arrays.firm_slopes]
    return [*((firms,) if arrays.absorbs_firm else ()), *slopes, *arrays.effects]


def _explained(arrays: ModelArrays, left: Floats, totals: Floats) -> tuple[Collinear, ...]:
    """Return the regressors of which the effects leave nothing.

    Raises
    ------
    NotIdentifiedError
        The exposure is one of them.
    """
    remaining = _squares(left, arrays.weights, is_centred=False)
    own = [arrays.firm_name] if arrays.absorbs_firm else []
    reason = f"the effects explain it ({', '.join([*own, *arrays.effect_names])})"
    found = tuple(
        Collinear(name, reason)
        for place, name in enumerate(arrays.names, start=arrays.outcomes)
        if remaining[place] <= TOLERANCE * totals[place]
    )
    if found and found[0].name == arrays.names[0]:
        raise NotIdentifiedError(
            f"the effect of {arrays.names[0]} is not identified: {reason}",
            hint="Absorb fewer effects, or choose a comparison in which the exposure varies.",
        )
    return found


def _squares(columns: Floats, weights: Floats | None, is_centred: bool) -> Floats:
    """Return each column's weighted sum of squares, about its mean if asked."""
    if is_centred:
        columns = columns - np.average(columns, axis=1, weights=weights)[:, None]
    squares = columns**2
    total: Floats = squares.sum(axis=1) if weights is None else squares @ weights
    return total
