"""The passes of a GLM's climb: each tells the scores at a point, and the curvature if it is asked for."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from clusterpanel.models.absorb import Absorbed
from clusterpanel.models.arrays import ArrayBlock, Floats, Levels
from clusterpanel.models.dense_moments import DenseMoments, RowsOfFirms, add_weighted
from clusterpanel.models.dense_split import take_out_weighted
from clusterpanel.models.families import Family


class Point(NamedTuple):
    """Where the climb stands; firms' effects follow from it.

    Attributes
    ----------
    constant : float
        Added to every row.
    coefficients : float array, shape (regressors,)
        On the centred regressors.
    effects : float array, shape (levels,)
    """

    constant: float
    coefficients: Floats
    effects: Floats

    def moved(self, step: "Step", length: float) -> "Point":
        """Return the point a part of a step further."""
        coefficients = self.coefficients + length * step.coefficients
        return Point(self.constant, coefficients, self.effects + length * step.effects)


class Step(NamedTuple):
    """Where to go from a point.

    Attributes
    ----------
    coefficients : float array, shape (regressors,)
    effects : float array, shape (levels,)
    promise : float
        What the step adds to the log-likelihood, twice, to second order.
    change_of_level : float
        The most that the step moves a level whose regressors are at the level's mean. The change of the
        effect itself would not do: it also makes up for the change of the coefficients, and so grows with how
        far the regressors' level means lie apart, which says nothing of the outcome.
    """

    coefficients: Floats
    effects: Floats
    promise: float
    change_of_level: float


class Curvature(NamedTuple):
    """The expected information at a point, effects taken out.

    Attributes
    ----------
    absorbed : Absorbed
        Of the regressors, weighted by the rows' information.
    total : float
        The sum of the rows' information.
    """

    absorbed: Absorbed
    total: float

    def step(self, here: "Pass") -> Step:
        """Return the Fisher scoring step from the scores of a point, of this one or of one close by."""
        slopes, solver = self.absorbed.slopes, self.absorbed.solver
        effects = np.zeros(len(slopes))
        if solver is not None:
            sizes = np.array([np.sqrt(here.pearson)])
            effects = solver.solve(np.ascontiguousarray(here.level_scores[:, None]), sizes)[:, 0]
        right = here.scores - slopes.T @ here.level_scores
        scale = 1 / np.sqrt(np.diag(self.absorbed.rest))
        scaled = np.linalg.solve(self.absorbed.rest * np.outer(scale, scale), right * scale)
        coefficients: Floats = scaled * scale
        promise = float(here.level_scores @ effects + right @ coefficients)
        change = float(np.abs(effects).max(initial=0.0))
        return Step(coefficients, effects - slopes @ coefficients, promise, change)


@dataclass
class Pass:
    """What one pass over the data tells of a point.

    Attributes
    ----------
    loss : float
        Minus the log-likelihood, without what does not depend on the point.
    scores : float array, shape (regressors,)
    level_scores : float array, shape (levels,)
    moments : DenseMoments or None
        Of the regressors, weighted by the rows' information.
    information : float
        Sum of the rows' information.
    pearson : float
        Sum of the rows' squared scores over their information.
    sums, squares : float array, shape (regressors,)
        Of the regressors and their squares, weighted by the rows' information; 0 without moments.
    """

    loss: float
    scores: Floats
    level_scores: Floats
    moments: DenseMoments | None
    information: float
    pearson: float
    sums: Floats
    squares: Floats

    @property
    def unmet(self) -> float:
        """By how much the outcome of a level differs from what is expected of it, at most."""
        return float(np.abs(self.level_scores).max(initial=0.0))

    def taken_moments(self) -> DenseMoments:
        """Return the moments and let them go, since what is made of them reuses their memory.

        Raises
        ------
        ValueError
            The pass was not asked for them, or they are gone.
        """
        if self.moments is None:
            raise ValueError("a pass without moments has no curvature")
        moments, self.moments = self.moments, None
        return moments

    def curvature(self, shape: "Shape") -> Curvature:
        """Take the effects out of the moments, which are let go."""
        sizes = np.sqrt(self.information * shape.spread)
        absorbed = take_out_weighted(self.taken_moments(), shape.levels, shape.factors, sizes)
        return Curvature(absorbed, self.information)


class Shape(NamedTuple):
    """What the curvature needs to know of the sample.

    Attributes
    ----------
    levels : tuple of int
        Of each effect but the firm's.
    factors : tuple of tuples of int32 arrays
        Of each effect, as `Codes` has them.
    spread : float array, shape (regressors,)
        The regressors' mean squares about a point near their means.
    """

    levels: tuple[int, ...]
    factors: tuple[tuple[Levels, ...], ...]
    spread: Floats


class BlockTerms(NamedTuple):
    """A block's rows at a point: weighted information and scores, shape (rows,), and the sum of losses."""

    information: Floats
    scores: Floats
    loss: float


@dataclass(frozen=True)
class GlmRows:
    """How a point is carried to rows.

    Attributes
    ----------
    family : Family
    absorbs_firm : bool
    centre : float array, shape (regressors,)
        Taken off the regressors, for the digits it saves.
    point : Point
    """

    family: Family
    absorbs_firm: bool
    centre: Floats
    point: Point

    def terms(self, block: ArrayBlock) -> BlockTerms:
        """Return each row's information and score, firms' own effects at their best.

        They stand in memory that the next block's terms are written to.
        """
        from clusterpanel.models import glm_kernels

        outcome, point = block.values[0], self.point
        eta, information, scores, means = _memory(block.rows)
        glm_kernels.write_eta(block, self.centre, point.constant, point.coefficients, point.effects, eta)
        if not self.absorbs_firm:
            return BlockTerms(*self.family.terms(eta, outcome, block.weights))
        if self.family.is_count:
            np.clip(eta, -glm_kernels.POISSON_BOUND, glm_kernels.POISSON_BOUND, out=eta)
            loss = glm_kernels.write_counts(
                outcome, block.weights, block.starts, eta, np.exp(eta, out=means), information, scores
            )
        else:
            loss = glm_kernels.write_binary(
                self.family.code, outcome, block.weights, block.starts, eta, information, scores
            )
        return BlockTerms(information, scores, loss)

    def centred(self, block: ArrayBlock) -> Floats:
        """Return the regressors less what is taken off them; shape (regressors, rows)."""
        regressors: Floats = block.values[1:] - self.centre[:, None]
        return regressors


_MEMORY = threading.local()


def _memory(rows: int) -> Floats:
    """Return memory of this thread's own, shape (4, rows), the same each time; it stays in the cache."""
    held: Floats | None = getattr(_MEMORY, "held", None)
    if held is None or held.shape[1] < rows:
        held = _MEMORY.held = np.empty((4, rows))
    return held[:, :rows]


@dataclass(frozen=True)
class GlmFold:
    """The fold of one pass.

    Attributes
    ----------
    rows : GlmRows
    levels : int
        Of all effects but the firm's.
    is_curved : bool
        Whether the curvature is asked for, which takes several times as long as the scores.
    """

    rows: GlmRows
    levels: int
    is_curved: bool

    def step(self, batch: Sequence[RowsOfFirms]) -> Pass:
        """Return some blocks' scores, and their moments if they are asked for."""
        from clusterpanel.models import glm_kernels

        size = len(self.rows.centre)
        here = Pass(
            0.0, np.zeros(size), np.zeros(self.levels), None, 0.0, 0.0, np.zeros(size), np.zeros(size)
        )
        if self.is_curved:
            here.moments = DenseMoments.zeros(size, self.levels)
        for there in batch:
            block = there.block
            terms = self.rows.terms(block)
            here.loss += terms.loss
            glm_kernels.add_scores(block, self.rows.centre, terms.scores, here.scores, here.level_scores)
            information, pearson = glm_kernels.pearson(terms.information, terms.scores)
            here.information += information
            here.pearson += pearson
            if here.moments is not None:
                regressors = self.rows.centred(block)
                here.sums += regressors @ terms.information
                here.squares += (regressors * regressors) @ terms.information
                add_weighted(there, regressors, terms.information, self.rows.absorbs_firm, here.moments)
        return here

    def merge(self, left: Pass, right: Pass) -> Pass:
        """Return the sum, in the memory of `left`."""
        if left.moments is not None and right.moments is not None:
            left.moments.add(right.moments)
        left.loss += right.loss
        left.scores += right.scores
        left.level_scores += right.level_scores
        left.information += right.information
        left.pearson += right.pearson
        left.sums += right.sums
        left.squares += right.squares
        return left

    def solve(self, moments: Pass) -> Pass:
        """Return the sums as they are."""
        return moments
