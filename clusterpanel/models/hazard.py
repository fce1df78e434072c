"""Discrete-time hazards with absorbed effects: Fisher scoring whose every pass is a fold."""

import numpy as np
from scipy.linalg import eigh

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import NotConvergedError, NotIdentifiedError
from clusterpanel.models.arrays import Floats, ModelArrays
from clusterpanel.models.cloglog import link
from clusterpanel.models.fit import Fit
from clusterpanel.models.hazard_passes import HazardFold, HazardPass, HazardPoint, HazardScoreFold
from clusterpanel.models.ols import CONSTANT, Projection, project, symmetric_inverse, uncentre
from clusterpanel.models.separation import check_regressors
from clusterpanel.models.small_sample import count_sample
from clusterpanel.models.vcov import VcovKind, influence_of_groups, row_covariance, rule_in_words

MOST_STEPS = 100
MOST_HALVINGS = 20
# The gain in log-likelihood a further step promises; its square root bounds the step in standard errors.
TOLERANCE = 1e-18
# A regressor that separates events loses its information as its coefficient runs off; this share of what it
# had at the start is lost to the last digit long before the promise is, and no regressor in use comes near.
LEAST_INFORMATION = 1e-10
# At the top every level's score is 0: rounding leaves less than this, a level that was lost about 1 or more.
MOST_UNMET = 1e-3
# A small level that overshoots by more ends where its weight vanishes, and no later step brings it back.
MOST_CHANGE_OF_LEVEL = 2.0
INFORMATION = "inverse of the expected information, normal"


def fit_hazard(arrays: ModelArrays, kind: VcovKind = "CRV1", threads: int = 1) -> Fit:
    """Fit a complementary log-log hazard by maximum likelihood.

    Parameters
    ----------
    arrays : ModelArrays
        The outcome 0 or 1, at least one effect or the constant, and no absorbed firm. Levels of effects
        without or with only events must be gone (`rows_of_mixed_levels`).
    kind : "iid", "HC1" or "CRV1"
        iid is the inverse of the expected information, as R's glm reports it.
    threads : int
        Changes the time it takes, never the numbers.

    Raises
    ------
    NotIdentifiedError
        The exposure is collinear, a regressor foretells the events, or there are too few groups or rows.
    NotConvergedError
        The likelihood still rises after `MOST_STEPS` steps.
    """
    check_regressors(arrays.values[:, 0], arrays.values[:, 1:], arrays.names)
    projection = project(arrays, threads)
    arrays = projection.arrays
    counts = count_sample(arrays, len(arrays.names), kind == "CRV1")
    centre = np.concatenate([[0.0], projection.centre[1:]])
    point, last, steps = _climb(projection, centre, threads)
    bread = symmetric_inverse(last.absorbed.rest[1:, 1:])
    fold = HazardScoreFold(point, centre, last.absorbed.slopes, arrays.groups.levels)
    meat, scores = run_fold(fold, arrays.blocks(), threads)
    back = uncentre(arrays.names, centre)
    influence = influence_of_groups(bread, scores, counts) @ back.T if kind == "CRV1" else None
    robust = row_covariance(bread, meat, counts) if kind == "HC1" else bread
    coefficients = back @ point.coefficients
    if arrays.names[-1] == CONSTANT:
        coefficients[-1] += point.offset
    return Fit(
        names=arrays.names,
        coefficients=coefficients,
        covariance=back @ robust @ back.T if influence is None else influence.T @ influence,
        influence=influence,
        degrees_of_freedom=np.inf,
        rule=INFORMATION if kind == "iid" else rule_in_words(kind, arrays.groups.name, counts, "normal"),
        collinear=projection.collinear,
        facts={
            "deviance": last.deviance,
            "iterations": steps,
            "hazard_ratio": float(np.exp(coefficients[0])),
        },
    )


def _climb(projection: Projection, centre: Floats, threads: int) -> tuple[HazardPoint, HazardPass, int]:
    """Score until a further step promises nothing.

    The log-likelihood is concave and no step lowers it, so that where every score is 0 is its one top.
    """
    arrays = projection.arrays

    def visit(point: HazardPoint) -> HazardPass:
        return run_fold(HazardFold(point, centre, arrays.levels), arrays.blocks(), threads)

    mean = float(arrays.values[:, 0].mean())
    point = HazardPoint(link(mean), np.zeros(len(arrays.names)), np.zeros(arrays.levels))
    first = here = visit(point)
    for steps in range(MOST_STEPS):
        _check_information(arrays.names, first, here)
        if here.promise <= TOLERANCE:
            _check_levels_met(here)
            return point, here, steps
        step = here.step
        length = min(1.0, MOST_CHANGE_OF_LEVEL / max(here.change_of_level, 1.0))
        further = visit(point.moved(step, length))
        for _ in range(MOST_HALVINGS):
            if further.deviance <= here.deviance * (1 + 1e-12):
                break
            length /= 2
            further = visit(point.moved(step, length))
        point, here = point.moved(step, length), further
    raise NotConvergedError(
        f"the hazard has not converged in {MOST_STEPS} steps: a further one promises {here.promise:.2g} of "
        f"deviance {here.deviance:.6g}",
        hint="Absorb coarser effects, or rescale or drop the regressors with extreme values.",
    )


def _check_information(names: tuple[str, ...], first: HazardPass, here: HazardPass) -> None:
    """Refuse regressors that, alone or together, tell next to nothing of what they told at the start."""
    before, now = (there.absorbed.rest[1:, 1:] for there in (first, here))
    scale = np.sqrt(np.diag(before))
    units = np.outer(scale, scale)
    shares, directions = eigh(now / units, before / units)
    if shares[0] >= LEAST_INFORMATION:
        return
    weights = np.abs(directions[:, 0])
    running = [name for name, weight in zip(names, weights, strict=True) if weight > 0.01 * weights.max()]
    raise NotIdentifiedError(
        f"the hazard ratio of {', '.join(running)} is not identified: with the effects it separates "
        "events from the other rows",
        hint="Leave the regressor out, absorb fewer effects, or take the logarithm of extreme values.",
    )


def _check_levels_met(last: HazardPass) -> None:
    """Refuse a point where a level's weight is lost: no step is promised though its score is not 0."""
    if last.unmet > MOST_UNMET:
        raise NotConvergedError(
            "the hazard is stuck: a level of the effects has lost its weight while its score is still "
            f"{last.unmet:.2g}",
            hint="Absorb coarser effects, or drop the regressors with extreme values.",
        )
