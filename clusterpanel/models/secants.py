"""What the scores' changes along the last steps tell of the curvature: limited-memory BFGS.

Nocedal and Wright (2006, Numerical Optimization, algorithm 7.4), begun from the curvature of a point close by
instead of from a multiple of the identity.
"""

from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.models.arrays import Floats
from clusterpanel.models.glm_passes import Curvature, Pass, Point, Step


@dataclass
class Secants:
    """Steps since the curvature was renewed, and by how much the scores fell along each.

    Attributes
    ----------
    moves, falls : lists of float arrays, each of shape (regressors + levels,)
    """

    moves: list[Floats]
    falls: list[Floats]

    def forget(self) -> None:
        """Drop what was learned: the curvature is a new one."""
        self.moves.clear()
        self.falls.clear()

    def learn(self, before: tuple[Point, Pass], after: tuple[Point, Pass]) -> None:
        """Take in what a step from one point to another changed."""
        move = _flat(after[0].coefficients, after[0].effects) - _flat(
            before[0].coefficients, before[0].effects
        )
        fall = _scores(before[1]) - _scores(after[1])
        # The likelihood is concave: what does not fall is rounding.
        if move @ fall > 0:
            self.moves.append(move)
            self.falls.append(fall)

    def step(self, curvature: Curvature, here: Pass) -> Step:
        """Return the step from a point, by a curvature of a point close by and what was learned since."""
        if not self.moves:
            return curvature.step(here)
        scores, size = _scores(here), len(here.scores)
        left, shares = scores.copy(), []
        for move, fall in zip(reversed(self.moves), reversed(self.falls), strict=True):
            shares.append(float(move @ left / (move @ fall)))
            left -= shares[-1] * fall
        rough = curvature.step(replace(here, scores=left[:size], level_scores=left[size:]))
        way = _flat(rough.coefficients, rough.effects)
        for move, fall, share in zip(self.moves, self.falls, reversed(shares), strict=True):
            way += (share - float(fall @ way / (move @ fall))) * move
        return Step(way[:size], way[size:], float(scores @ way), rough.change_of_level)


def _flat(coefficients: Floats, effects: Floats) -> Floats:
    return np.concatenate([coefficients, effects])


def _scores(here: Pass) -> Floats:
    return _flat(here.scores, here.level_scores)
