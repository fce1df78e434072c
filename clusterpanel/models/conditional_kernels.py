"""The compiled loop of the conditional logit: each firm's likelihood given how many of its rows are 1.

Imported inside the functions that use it: numba alone takes longer to load than the rest of the package.
"""

import numpy as np

from clusterpanel.models.arrays import Floats, Integers
from clusterpanel.models.kernels import compiled

MOST_TILTS = 30


@compiled
def add_conditional(  # noqa: PLR0917
    values: Floats,
    eta: Floats,
    weights: Floats,
    starts: Integers,
    scores: Floats,
    information: Floats,
) -> float:
    """Write each firm's score, add its information, and return minus the log-likelihood of all firms.

    Every row gets a probability p with the firm's odds as the coefficients have them, tilted so that the p of
    a firm add up to its number of ones. The tilt leaves the conditional likelihood as it is and keeps the
    recursion over rows (Gail, Lubin and Rubinstein 1981, Biometrika 68; Howard 1972, JRSS B 34), here of the
    chance of r ones among the first rows, between 0 and 1 for firms of any length.

    Parameters
    ----------
    values : shape (columns, rows)
        The outcome 0 or 1, then the regressors.
    eta : shape (rows,)
    weights : shape (rows,) or (0,)
        The same in all rows of a firm.
    starts : shape (firms + 1,)
    scores : shape (firms, regressors)
        Written; a firm whose outcome does not vary gets 0.
    information : shape (regressors, regressors)
        Added to.
    """
    regressors = len(values) - 1
    loss = 0.0
    for firm in range(len(starts) - 1):
        first, last = starts[firm], starts[firm + 1]
        ones = int(values[0, first:last].sum())
        scores[firm] = 0.0
        if ones == 0 or ones == last - first:
            continue
        weight = weights[first] if len(weights) else 1.0
        chances = tilted(eta[first:last], ones)
        rest = centred(values[1:, first:last], chances)
        chance, mean, square = recurse(chances, rest, ones)
        for row in range(last - first):
            if values[0, first + row] > 0:
                loss -= weight * np.log(chances[row])
                for column in range(regressors):
                    scores[firm, column] += weight * rest[column, row]
            else:
                loss -= weight * np.log1p(-chances[row])
        loss += weight * np.log(chance)
        for column in range(regressors):
            expected = mean[column] / chance
            scores[firm, column] -= weight * expected
            for other in range(regressors):
                information[column, other] += weight * (
                    square[column, other] / chance - expected * mean[other] / chance
                )
    return loss


@compiled
def tilted(eta: Floats, ones: int) -> Floats:
    """Return chances whose log odds are `eta` and a number, and which add up to `ones`."""
    rows = len(eta)
    low, high = -np.max(eta) - 40.0, -np.min(eta) + 40.0
    tilt = np.log(ones / (rows - ones)) - eta.mean()
    chances = np.empty(rows)
    for _ in range(MOST_TILTS):
        total, spread = 0.0, 0.0
        for row in range(rows):
            chances[row] = 1.0 / (1.0 + np.exp(-(eta[row] + tilt)))
            total += chances[row]
            spread += chances[row] * (1.0 - chances[row])
        if abs(total - ones) < 1e-3:
            break
        if total > ones:
            high = tilt
        else:
            low = tilt
        tilt += (ones - total) / max(spread, 1e-300)
        if not low < tilt < high:
            tilt = (low + high) / 2
    return chances


@compiled
def centred(regressors: Floats, chances: Floats) -> Floats:
    """Return the firm's regressors less their mean over the rows whose outcome is open."""
    rest = np.empty(regressors.shape)
    spread = (chances * (1.0 - chances)).sum()
    for column in range(len(regressors)):
        mean = 0.0
        for row in range(len(chances)):
            mean += chances[row] * (1.0 - chances[row]) * regressors[column, row]
        mean = mean / spread if spread > 0 else regressors[column, 0]
        for row in range(len(chances)):
            rest[column, row] = regressors[column, row] - mean
    return rest


@compiled
def recurse(chances: Floats, rest: Floats, ones: int) -> tuple[float, Floats, Floats]:
    """Return the chance of `ones` ones, and with it the sums of the regressors' totals and their squares.

    Returns
    -------
    chance : sum over all outcomes with `ones` ones of their chance
    mean : shape (regressors,); the same sum, times the total of the regressors over the ones
    square : shape (regressors, regressors); times that total's outer product
    """
    rows, columns = len(chances), len(rest)
    chance = np.zeros(ones + 1)
    mean = np.zeros((ones + 1, columns))
    square = np.zeros((ones + 1, columns, columns))
    chance[0] = 1.0
    for row in range(rows):
        hit, miss = chances[row], 1.0 - chances[row]
        # Fewer ones than this can no longer become `ones`; more than this there cannot be yet.
        for count in range(min(row + 1, ones), max(0, ones - rows + row + 1) - 1, -1):
            before = chance[count - 1] if count else 0.0
            for column in range(columns):
                added = rest[column, row] * before
                for other in range(column + 1):
                    cross = 0.0
                    if count:
                        cross = square[count - 1, column, other] + rest[other, row] * added
                        cross += rest[column, row] * mean[count - 1, other]
                        cross += rest[other, row] * mean[count - 1, column]
                    square[count, column, other] = miss * square[count, column, other] + hit * cross
            for column in range(columns):
                carried = mean[count - 1, column] + rest[column, row] * before if count else 0.0
                mean[count, column] = miss * mean[count, column] + hit * carried
            chance[count] = miss * chance[count] + hit * before
    for column in range(columns):
        for other in range(column + 1, columns):
            square[ones, column, other] = square[ones, other, column]
    return chance[ones], mean[ones], square[ones]
