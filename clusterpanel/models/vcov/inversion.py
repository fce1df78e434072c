"""p-values and intervals from bootstrap statistics that are known as functions of the hypothesis."""

from dataclasses import dataclass

import numpy as np

from clusterpanel.models.arrays import Floats

LEVEL = 0.05
# Draws that repeat the sample itself, all signs the same, must count as being as far from 0 as the sample.
TIES = 1e-8
# A million standard errors away; beyond, rounding would decide.
MOST_DOUBLINGS = 20
BISECTIONS = 40


@dataclass(frozen=True)
class DrawnTest:
    """The statistics of one coefficient's draws.

    With d the estimate less the hypothesis, the sample's statistic is ``d / sqrt(squared_error)`` and each
    draw's ``(n0 + n1 d) / sqrt(q0 + q1 d + q2 d^2)``, small-sample factors left out of both.

    Attributes
    ----------
    estimate : float
    squared_error : float
    numerators : float array, shape (2, draws)
    squares : float array, shape (3, draws)
    is_sampled : bool
        The draws are random ones, to which the sample itself is added; else they are all there are, it among
        them.
    """

    estimate: float
    squared_error: float
    numerators: Floats
    squares: Floats
    is_sampled: bool


def p_value(test: DrawnTest, hypothesis: float) -> float:
    """Return the share of draws, the sample among them, at least as far from 0 as the sample's statistic."""
    distance = test.estimate - hypothesis
    numerators = test.numerators[0] + test.numerators[1] * distance
    squares = test.squares[0] + distance * (test.squares[1] + distance * test.squares[2])
    # Without division, so that a draw without variation of its own counts for and not against the hypothesis.
    as_far = numerators**2 * test.squared_error >= distance**2 * np.maximum(squares, 0.0) * (1 - TIES)
    extra = int(test.is_sampled)
    return float((as_far.sum() + extra) / (len(as_far) + extra))


def interval(test: DrawnTest, std_error: float) -> tuple[float, float]:
    """Return the ends of the hypotheses around the estimate that are not rejected at 5 %."""
    return _end(test, std_error, -1.0), _end(test, std_error, 1.0)


def _end(test: DrawnTest, std_error: float, side: float) -> float:
    """Look outward by doubling, then bisect; infinite where no hypothesis is rejected."""
    if not std_error > 0:
        return test.estimate
    inside, outside = 0.0, std_error
    for _ in range(MOST_DOUBLINGS):
        if p_value(test, test.estimate + side * outside) < LEVEL:
            break
        inside, outside = outside, 2 * outside
    else:
        return side * np.inf
    for _ in range(BISECTIONS):
        middle = (inside + outside) / 2
        if p_value(test, test.estimate + side * middle) < LEVEL:
            outside = middle
        else:
            inside = middle
    return test.estimate + side * inside
