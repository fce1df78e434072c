"""The compiled loops of a GLM's passes: from a point to each row's information and score.

Imported inside the functions that use it: numba alone takes longer to load than the rest of the package.
"""

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats, Integers
from clusterpanel.models.dense_moments import RowsOfFirms
from clusterpanel.models.kernels import compiled, compiled_reordered
from clusterpanel.models.kernels_moves import STAYS

# The codes of the families, as the loops know them.
POISSON, LOGIT, CLOGLOG = 0, 1, 2
# Beyond these a mean is 0, or 1, to the last digit, or too large to be squared.
POISSON_BOUND, LOGIT_BOUND, LOWEST_CLOGLOG, HIGHEST_CLOGLOG = 300.0, 35.0, -35.0, 6.5
MOST_FIRM_STEPS = 200
FIRM_TOLERANCE = 1e-13
SHORT_FIRM_STEP = 1e-6
# Rows whose linear predictor stays in the first-level cache while columns are added to it.
ROWS_PER_TILE = 1024


@compiled
def row_terms(family: int, eta: float, outcome: float) -> tuple[float, float, float]:
    """Return a row's expected information and score in eta, and its loss: minus the log-likelihood.

    The loss of a count leaves out what does not depend on eta.
    """
    if family == POISSON:
        bounded = min(max(eta, -POISSON_BOUND), POISSON_BOUND)
        mean = np.exp(bounded)
        return mean, outcome - mean, mean - outcome * bounded
    if family == LOGIT:
        bounded = min(max(eta, -LOGIT_BOUND), LOGIT_BOUND)
        odds = np.exp(-abs(bounded))
        smaller = odds / (1.0 + odds)
        # The form that keeps its digits where the chance is nearly 1.
        score = outcome - smaller if bounded < 0 else smaller - (1.0 - outcome)
        loss = np.log1p(odds) + max(bounded, 0.0) - outcome * bounded
        return smaller * (1.0 - smaller), score, loss
    rate = np.exp(min(max(eta, LOWEST_CLOGLOG), HIGHEST_CLOGLOG))
    ratio = rate / np.expm1(rate)
    if outcome <= 0:
        return rate * ratio, -rate, rate
    # Of log(1 - exp(-rate)) one form keeps its digits for small rates, the other for large ones.
    hit = -np.log(-np.expm1(-rate)) if rate < np.log(2.0) else -np.log1p(-np.exp(-rate))
    return rate * ratio, ratio, hit


@compiled
def observed_hazard(eta: float, outcome: float) -> float:
    """Return the observed information of a complementary log-log row, which is positive.

    Within a firm of few rows the expected one is so far from it that scoring goes back and forth.
    """
    rate = float(np.exp(min(max(eta, LOWEST_CLOGLOG), HIGHEST_CLOGLOG)))
    if outcome <= 0:
        return rate
    ratio = float(rate / np.expm1(rate))
    # The first term of the series where the difference would lose its digits.
    return ratio * (rate + ratio - 1.0 if rate > 1e-4 else rate / 2.0)


@compiled
def write_terms(  # noqa: PLR0917
    family: int, eta: Floats, outcome: Floats, weights: Floats, information: Floats, scores: Floats
) -> float:
    """Write each row's weighted information and score; return the weighted loss."""
    total = 0.0
    for row in range(len(eta)):
        weight = weights[row] if len(weights) else 1.0
        curvature, slope, loss = row_terms(family, eta[row], outcome[row])
        information[row], scores[row] = weight * curvature, weight * slope
        total += weight * loss
    return total


@compiled_reordered
def write_eta(  # noqa: PLR0917
    block: ArrayBlock, centre: Floats, constant: float, coefficients: Floats, levels: Floats, eta: Floats
) -> None:
    """Write the linear predictor of each row but for the firm's own effect."""
    for place in range(len(coefficients)):
        constant -= coefficients[place] * centre[place]
    for first in range(0, len(eta), ROWS_PER_TILE):
        last = min(first + ROWS_PER_TILE, len(eta))
        own = eta[first:last]
        for row in range(len(own)):
            own[row] = constant + block.offset[first + row] if len(block.offset) else constant
        for place in range(len(coefficients)):
            values, coefficient = block.values[place + 1, first:last], coefficients[place]
            for row in range(len(own)):
                own[row] += coefficient * values[row]
        for kind in range(block.effects.shape[1]):
            for row in range(len(own)):
                load = block.loads[first + row, kind] if len(block.loads) else 1.0
                own[row] += load * levels[np.uint32(block.effects[first + row, kind])]


@compiled_reordered
def write_counts(  # noqa: PLR0917
    outcome: Floats,
    weights: Floats,
    starts: Integers,
    eta: Floats,
    means: Floats,
    information: Floats,
    scores: Floats,
) -> float:
    """Write the information and scores of counts, each firm's effect at its best; return the loss.

    The effect is the log of the ratio of what came of the firm to what was expected, and takes no further
    exponential: a firm's score is then 0.

    Parameters
    ----------
    means : shape (rows,)
        The exponential of eta, which is without the firm's effect.
    """
    total = 0.0
    for firm in range(len(starts) - 1):
        first, last = starts[firm], starts[firm + 1]
        came, expected = 0.0, 0.0
        for row in range(first, last):
            weight = weights[row] if len(weights) else 1.0
            own = weight * outcome[row]
            came += own
            expected += weight * means[row]
            total -= own * eta[row]
        ratio = came / expected
        total += came * (1.0 - np.log(ratio))
        for row in range(first, last):
            weight = weights[row] if len(weights) else 1.0
            information[row] = weight * ratio * means[row]
            scores[row] = weight * outcome[row] - information[row]
    return total


@compiled
def write_binary(  # noqa: PLR0917
    family: int,
    outcome: Floats,
    weights: Floats,
    starts: Integers,
    eta: Floats,
    information: Floats,
    scores: Floats,
) -> float:
    """Write the information and scores of yes or no, each firm's effect at its best; return the loss."""
    total = 0.0
    for firm in range(len(starts) - 1):
        first, last = starts[firm], starts[firm + 1]
        effect = binary_effect(family, first, last, outcome, weights, eta[first:last])
        for row in range(first, last):
            weight = weights[row] if len(weights) else 1.0
            curvature, slope, loss = row_terms(family, eta[row] + effect, outcome[row])
            information[row], scores[row] = weight * curvature, weight * slope
            total += weight * loss
        # What the last step left of the firm's score would pass for a level's where nothing else is left.
        left = scores[first:last].sum() / information[first:last].sum()
        for row in range(first, last):
            scores[row] -= left * information[row]
    return total


@compiled
def binary_effect(  # noqa: PLR0917
    family: int, first: int, last: int, outcome: Floats, weights: Floats, eta: Floats
) -> float:
    """Return the effect at which a firm's weighted score is 0, by Newton's steps held in a bracket.

    The firm's likelihood is concave. `eta` is the firm's part of it only.
    """
    low, high = float(-np.max(eta) - LOGIT_BOUND), float(-np.min(eta) + LOGIT_BOUND)
    share = outcome[first:last].mean()
    effect = float(np.log(share / (1.0 - share)) - eta.mean())
    before = np.inf
    for _ in range(MOST_FIRM_STEPS):
        slope, curvature = 0.0, 0.0
        for row in range(first, last):
            weight = weights[row] if len(weights) else 1.0
            information, score, _ = row_terms(family, eta[row - first] + effect, outcome[row])
            if family == CLOGLOG:
                information = observed_hazard(eta[row - first] + effect, outcome[row])
            slope += weight * score
            curvature += weight * information
        step = slope / curvature
        size = abs(step)
        # A short step that is no shorter than the one before is rounding, whose sign says nothing.
        if size < FIRM_TOLERANCE * (1.0 + abs(effect)) or (size < SHORT_FIRM_STEP and size >= before):
            break
        before = size
        if slope > 0:
            low = effect
        else:
            high = effect
        effect += step
        if size > SHORT_FIRM_STEP and not low < effect < high:
            effect = (low + high) / 2
    return effect


@compiled_reordered
def add_scores(block: ArrayBlock, centre: Floats, scores: Floats, sums: Floats, levels: Floats) -> None:
    """Add the rows' scores to the sums of regressors and levels."""
    for first in range(0, len(scores), ROWS_PER_TILE):
        own = scores[first : first + ROWS_PER_TILE]
        for column in range(len(sums)):
            values, point, total = block.values[column + 1, first : first + len(own)], centre[column], 0.0
            for row in range(len(own)):
                total += own[row] * (values[row] - point)
            sums[column] += total
        for kind in range(block.effects.shape[1]):
            for row in range(len(own)):
                load = block.loads[first + row, kind] if len(block.loads) else 1.0
                levels[np.uint32(block.effects[first + row, kind])] += load * own[row]


@compiled_reordered
def pearson(information: Floats, scores: Floats) -> tuple[float, float]:
    """Return the sums of the information and of squared scores over it."""
    total, squares = 0.0, 0.0
    for row in range(len(scores)):
        total += information[row]
        squares += scores[row] * scores[row] / information[row]
    return total, squares


@compiled_reordered
def write_row_scores(  # noqa: PLR0917
    there: RowsOfFirms,
    centre: Floats,
    slopes: Floats,
    information: Floats,
    scores: Floats,
    absorbs_firm: bool,
    written: Floats,
    by_firm: Floats,
) -> None:
    """Write each row's scores in the coefficients, and each firm's sums of them.

    A row's scores are its score in eta times what effects leave of its regressors.

    Parameters
    ----------
    there : RowsOfFirms
    centre : shape (regressors,)
    slopes : shape (regressors, levels)
        Coefficients on the effects.
    information, scores : shape (rows,)
        In eta, weighted.
    absorbs_firm : bool
    written : shape (regressors, rows)
    by_firm : shape (regressors, firms), written
    """
    block, moves = there
    starts, effects = block.starts, block.effects
    for column in range(len(written)):
        values, slope, left, point = block.values[column + 1], slopes[column], written[column], centre[column]
        for row in range(len(left)):
            left[row] = values[row] - point
        for firm in range(len(moves)):
            first, last = starts[firm], starts[firm + 1]
            for kind in range(effects.shape[1]):
                # What the firm keeps goes with its own effect.
                if moves[firm, kind] == STAYS:
                    continue
                for row in range(first, last):
                    load = block.loads[row, kind] if len(block.loads) else 1.0
                    left[row] -= load * slope[np.uint32(effects[row, kind])]
            total, weight = 0.0, 0.0
            if absorbs_firm:
                for row in range(first, last):
                    total += information[row] * left[row]
                    weight += information[row]
                total /= weight
            summed = 0.0
            for row in range(first, last):
                left[row] = (left[row] - total) * scores[row]
                summed += left[row]
            by_firm[column, firm] = summed
