"""Where a GLM's climb begins: the constant that fits best alone, and the curvature there."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.absorb import CONSTANT, Absorbed, check_levels
from clusterpanel.models.arrays import Floats, ModelSource
from clusterpanel.models.collinear import Collinear, find_collinear
from clusterpanel.models.dense_moments import RowsOfFirms, in_batches
from clusterpanel.models.dense_split import take_out_weighted
from clusterpanel.models.families import Family
from clusterpanel.models.glm_passes import Curvature, GlmFold, GlmRows, Pass, Point, Shape

# A sample up to this size is read once and held as blocks; a larger one is read anew in every pass.
HELD_BYTES = 2**28

Batches = Callable[[], Iterable[Sequence[RowsOfFirms]]]


class Start(NamedTuple):
    """The beginning of a climb.

    Attributes
    ----------
    source : ModelSource
        The sample, collinear regressors dropped.
    batches : function that yields the sample's blocks, some at a time
    collinear : tuple of Collinear
    rows : GlmRows
        At the starting point.
    here : Pass
    curvature : Curvature
    shape : Shape
    """

    source: ModelSource
    batches: Batches
    collinear: tuple[Collinear, ...]
    rows: GlmRows
    here: Pass
    curvature: Curvature
    shape: Shape


def start_of(source: ModelSource, family: Family, constant: float, threads: int = 1) -> Start:
    """Return where the climb begins.

    Raises
    ------
    NotIdentifiedError
        The first regressor, the exposure, is collinear.
    SpecError
        The effects have too many levels.
    """
    check_levels(source)
    batches = batches_of(source)
    point = Point(constant, np.zeros(len(source.names)), np.zeros(sum(source.effect_levels)))
    rows = GlmRows(family, source.absorbs_firm, _centre(source), point)
    here = run_fold(GlmFold(rows, len(point.effects), is_curved=True), batches(), threads)
    shape = Shape(source.effect_levels, source.effect_factors, here.squares / here.information)
    absorbed = take_out_weighted(here.taken_moments(), shape.levels, shape.factors, np.sqrt(here.squares))
    if source.names[-1] == CONSTANT:
        absorbed, rows, here = _about_means(absorbed, rows, here)
    totals = here.squares - np.where(rows.centre != 0, here.sums**2 / here.information, 0.0)
    if source.names[-1] == CONSTANT:
        totals[-1] = here.information
    firm = source.firm_name if source.absorbs_firm else None
    collinear = find_collinear(source.names, totals, absorbed, source.effect_names, firm)
    kept = _kept(source, collinear)
    curvature = Curvature(absorbed.only(kept), here.information)
    if not collinear:
        return Start(source, batches, (), rows, here, curvature, shape)
    sample = source.only([0, *(1 + kept).tolist()])
    rows = replace(rows, centre=rows.centre[kept], point=point._replace(coefficients=np.zeros(len(kept))))
    here.scores, shape = here.scores[kept], shape._replace(spread=shape.spread[kept])
    return Start(sample, batches_of(sample), collinear, rows, here, curvature, shape)


def batches_of(source: ModelSource) -> Batches:
    """Return what yields the sample's blocks, some at a time, held if they have room."""
    columns = 1 + len(source.names) + int(source.weight_kind is not None)
    codes = len(source.effect_names) + len(source.group_names)
    if source.rows * (8 * columns + 4 * codes) > HELD_BYTES:
        return lambda: in_batches(source.blocks(), source.absorbs_firm)
    held = list(in_batches(source.blocks(), source.absorbs_firm))
    return lambda: held


def _centre(source: ModelSource) -> Floats:
    """Return the regressors' means over the first block, where something makes up for taking them off.

    A regressor that is the same in every row there has exactly that value.
    """
    values = next(source.blocks()).values[1:]
    centre = np.where(values.min(axis=1) == values.max(axis=1), values[:, 0], values.mean(axis=1))
    has_constant = source.names[-1] == CONSTANT
    if has_constant:
        centre[-1] = 0.0
    made_up_for = has_constant or source.absorbs_firm or source.has_plain_effects
    return centre if made_up_for else np.zeros_like(centre)


def _about_means(absorbed: Absorbed, rows: GlmRows, here: Pass) -> tuple[Absorbed, GlmRows, Pass]:
    """Move the centre to the weighted means, where the regressors are orthogonal to the constant."""
    rest, sums, weight = absorbed.rest.copy(), here.sums.copy(), here.information
    sums[-1] = 0.0
    rest -= np.outer(sums, sums) / weight
    rest[-1], rest[:, -1], rest[-1, -1] = 0.0, 0.0, weight
    rows = replace(rows, centre=rows.centre + sums / weight)
    here.scores -= sums / weight * here.scores[-1]
    return replace(absorbed, rest=rest, within=np.diag(rest).copy()), rows, here


def _kept(source: ModelSource, collinear: tuple[Collinear, ...]) -> np.ndarray:
    """Return the places of the regressors that stay.

    Raises
    ------
    NotIdentifiedError
        The first is not among them.
    """
    dropped = {item.name: item.reason for item in collinear}
    if source.names[0] in dropped:
        raise NotIdentifiedError(
            f"the effect of {source.names[0]} is not identified: {dropped[source.names[0]]}",
            hint="Absorb fewer effects, or choose a comparison in which the exposure varies.",
        )
    return np.array([place for place, name in enumerate(source.names) if name not in dropped])
