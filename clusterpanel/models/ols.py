"""Least squares with absorbed effects: one pass for the moments, one for the scores."""

from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.absorb import Absorbed, AbsorbFold, check_levels
from clusterpanel.models.arrays import Floats, ModelArrays
from clusterpanel.models.collinear import Collinear, find_collinear
from clusterpanel.models.fit import Fit
from clusterpanel.models.scores import ScoreFold, Scores
from clusterpanel.models.small_sample import SmallSample, count_sample
from clusterpanel.models.vcov import VcovKind, influence_of_groups, row_covariance, rule_in_words

CONSTANT = "constant"


@dataclass(frozen=True)
class Projection:
    """The moments of a sample once effects and collinear regressors are gone.

    Attributes
    ----------
    arrays : ModelArrays
        The sample, collinear regressors dropped.
    centre, totals : float array, shape (1 + regressors,)
        Means, and sums of squares about them.
    absorbed : Absorbed
    collinear : tuple of Collinear
    """

    arrays: ModelArrays
    centre: Floats
    totals: Floats
    absorbed: Absorbed
    collinear: tuple[Collinear, ...]


def project(arrays: ModelArrays, threads: int = 1) -> Projection:
    """Absorb the effects and drop the regressors that say nothing of their own.

    Raises
    ------
    NotIdentifiedError
        The first regressor, the exposure, is one of them.
    SpecError
        The effects have too many levels.
    """
    check_levels(arrays)
    centre, totals = centre_and_totals(arrays)
    fold = AbsorbFold(arrays.absorbs_firm, arrays.levels, centre)
    absorbed = run_fold(fold, arrays.blocks(), threads)
    effects = [effect.name for effect in arrays.effects]
    firm = arrays.firms.name if arrays.absorbs_firm else None
    collinear = find_collinear(arrays.names, totals, absorbed, effects, firm)
    dropped = {item.name for item in collinear}
    if arrays.names[0] in dropped:
        reason = next(item.reason for item in collinear if item.name == arrays.names[0])
        raise NotIdentifiedError(
            f"the effect of {arrays.names[0]} is not identified: {reason}",
            hint="Absorb fewer effects, or choose a comparison in which the exposure varies.",
        )
    kept = np.array([0, *(1 + k for k, name in enumerate(arrays.names) if name not in dropped)])
    return _restrict(Projection(arrays, centre, totals, absorbed, collinear), kept)


def fit_ols(arrays: ModelArrays, kind: VcovKind = "CRV1", threads: int = 1) -> Fit:
    """Fit least squares of the outcome on the regressors and effects.

    Parameters
    ----------
    arrays : ModelArrays
    kind : "iid", "HC1" or "CRV1"
        CRV1 groups the errors by ``arrays.groups``.
    threads : int
        Changes the time it takes, never the numbers.

    Raises
    ------
    NotIdentifiedError
        The exposure is collinear, or there are too few groups or rows.
    SpecError
        The effects have too many levels.
    """
    projection = project(arrays, threads)
    arrays, absorbed = projection.arrays, projection.absorbed
    counts = count_sample(arrays, len(arrays.names), kind == "CRV1")
    bread = symmetric_inverse(absorbed.rest[1:, 1:])
    coefficients = bread @ absorbed.rest[1:, 0]
    slopes = absorbed.slopes.copy()
    slopes[:, 0] -= slopes[:, 1:] @ coefficients
    fold = ScoreFold(arrays.absorbs_firm, coefficients, slopes, projection.centre, arrays.groups.levels)
    scores = run_fold(fold, arrays.blocks(), threads)
    covariance, influence = _covariance(kind, bread, scores, counts)
    back = uncentre(arrays.names, projection.centre)
    coefficients = back @ coefficients
    if arrays.names[-1] == CONSTANT:
        coefficients[-1] += projection.centre[0]
    degrees = float(counts.groups - 1 if kind == "CRV1" else counts.rows - counts.parameters)
    return Fit(
        names=arrays.names,
        coefficients=coefficients,
        covariance=back @ covariance @ back.T,
        influence=None if influence is None else influence @ back.T,
        degrees_of_freedom=degrees,
        rule=rule_in_words(kind, arrays.groups.name, counts, f"t with {degrees:.0f} degrees of freedom"),
        collinear=projection.collinear,
        facts={
            "r2": float(1 - scores.squares / projection.totals[0]),
            "r2_within": float(1 - scores.squares / absorbed.rest[0, 0]),
            "rmse": float(np.sqrt(scores.squares / counts.rows)),
        },
    )


def centre_and_totals(arrays: ModelArrays) -> tuple[Floats, Floats]:
    """Return each column's mean and its sum of squares about it; the constant's are 0 and the rows."""
    centre = arrays.values.mean(axis=0)
    totals = np.zeros(len(centre))
    for column in range(len(centre)):
        deviation = arrays.values[:, column] - centre[column]
        totals[column] = deviation @ deviation
    # The rounding error of a mean must not pass for variation.
    totals[totals <= 1e-24 * arrays.rows * centre**2] = 0.0
    if arrays.names[-1] == CONSTANT:
        centre[-1], totals[-1] = 0.0, float(arrays.rows)
    return centre, totals


def uncentre(names: tuple[str, ...], centre: Floats) -> Floats:
    """Return the matrix that takes coefficients on centred regressors to those on the raw ones."""
    back = np.eye(len(names))
    if names[-1] == CONSTANT:
        back[-1, :-1] = -centre[1:-1]
    return back


def symmetric_inverse(matrix: Floats) -> Floats:
    """Invert a symmetric matrix, scaled to a unit diagonal so that units of money do not matter."""
    scale = 1 / np.sqrt(np.diag(matrix))
    inverse = np.linalg.inv(matrix * np.outer(scale, scale)) * np.outer(scale, scale)
    return (inverse + inverse.T) / 2


def _covariance(
    kind: VcovKind, bread: Floats, scores: Scores, counts: SmallSample
) -> tuple[Floats, Floats | None]:
    if kind == "iid":
        return bread * scores.squares / (counts.rows - counts.parameters), None
    if kind == "HC1":
        return row_covariance(bread, scores.meat, counts), None
    influence = influence_of_groups(bread, scores.groups, counts)
    return influence.T @ influence, influence


def _restrict(projection: Projection, kept: np.ndarray) -> Projection:
    """Keep some columns, the outcome among them."""
    if len(kept) == len(projection.centre):
        return projection
    arrays, absorbed = projection.arrays, projection.absorbed
    names = tuple(arrays.names[place - 1] for place in kept[1:])
    return Projection(
        arrays=replace(arrays, values=np.ascontiguousarray(arrays.values[:, kept]), names=names),
        centre=projection.centre[kept],
        totals=projection.totals[kept],
        absorbed=Absorbed(
            slopes=absorbed.slopes[:, kept],
            within=absorbed.within[kept],
            explained=absorbed.explained[kept],
            rest=absorbed.rest[np.ix_(kept, kept)],
            rank=absorbed.rank,
        ),
        collinear=projection.collinear,
    )
