"""The piecewise exponential model: a hazard that is constant between given ages, times exp(x'b).

Its likelihood is that of Poisson counts with the log of the time at risk as offset (Holford 1980, Biometrics
36; Laird and Olivier 1981, JASA 76); rows that live through several pieces are not split, since each piece
needs only its sum of expected events.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import ArrayBlock, Floats, ModelSource
from clusterpanel.models.likelihood_fit import LikelihoodFit, ratio_of
from clusterpanel.models.survival.parametric_climb import Climb, LikelihoodSums
from clusterpanel.models.survival.parametric_passes import OUTCOMES, ScoreRule
from clusterpanel.models.survival.parametric_raw import fit_facts, on_raw_regressors, rows_of
from clusterpanel.models.survival.parametric_source import check_source, held_blocks
from clusterpanel.models.survival.parametric_totals import centre_of, keep_regressors, totals_of
from clusterpanel.models.vcov.counts import SampleCounts

WORDS = "the piecewise exponential model"


@dataclass(frozen=True)
class PiecewiseFold:
    """The fold of one pass.

    Attributes
    ----------
    cuts : float array, shape (pieces - 1,)
    centre : float array, shape (regressors,)
    point : float array, shape (regressors + pieces,)
        The coefficients of the centred regressors, then each piece's log hazard.
    rule : ScoreRule
    """

    cuts: Floats
    centre: Floats
    point: Floats
    rule: ScoreRule

    def step(self, block: ArrayBlock) -> LikelihoodSums:
        """Return one block's sums."""
        from clusterpanel.models.survival import piecewise_kernels

        size, values = len(self.centre), block.values[:OUTCOMES]
        columns = block.values[OUTCOMES:] - self.centre[:, None]
        eta = self.point[:size] @ columns
        if len(block.offset):
            eta += block.offset
        with np.errstate(over="ignore"):
            rate, level = np.exp(eta), np.exp(self.point[size:])
        if len(block.weights):
            rate *= block.weights
        if not (np.isfinite(rate).all() and np.isfinite(level).all()):
            return self._nothing()
        hazard, cross = np.empty(block.rows), np.zeros((len(level), 1 + size))
        piecewise_kernels.add_pieces(columns, rate, values, self.cuts, level, hazard, cross)
        events, pieces = np.zeros(len(level)), np.empty(block.rows, dtype=np.int64)
        piecewise_kernels.add_events(values, block.weights, self.cuts, events, pieces)
        seen = values[0] * block.weights if len(block.weights) else values[0]
        loss = float(hazard.sum() - seen @ eta - events @ self.point[size:])
        scores = np.concatenate([columns @ (seen - hazard), events - cross[:, 0]])
        information = np.diag(np.concatenate([np.zeros(size), cross[:, 0]]))
        information[:size, :size] = (columns * hazard) @ columns.T
        information[:size, size:], information[size:, :size] = cross[:, 1:].T, cross[:, 1:]
        by_row = np.zeros((len(self.point), block.rows if self.rule.is_wanted else 0))
        if self.rule.is_wanted:
            by_row[:size] = columns * (seen - hazard)
            by_row[size + pieces, np.arange(block.rows)] = seen
            piecewise_kernels.write_piece_scores(rate, values, self.cuts, level, by_row[size:])
        return LikelihoodSums(loss, scores, information, *self.rule.sums(block, by_row))

    def _nothing(self) -> LikelihoodSums:
        """Return the sums at a point that a step went too far for."""
        size = len(self.point)
        return LikelihoodSums(np.inf, np.zeros(size), np.zeros((size, size)), *self.rule.nothing(size))

    def merge(self, left: LikelihoodSums, right: LikelihoodSums) -> LikelihoodSums:
        """Return the sum."""
        return left.add(right)

    def solve(self, moments: LikelihoodSums) -> LikelihoodSums:
        """Return the sums as they are."""
        return moments


def fit_piecewise_exponential(source: ModelSource, cuts: Sequence[float], threads: int = 1) -> LikelihoodFit:
    """Fit a hazard that is constant between given times, by maximum likelihood.

    Parameters
    ----------
    source : ModelSource
        Three outcomes: event (0 or 1), start and stop. No effects: dummies are to be regressors.
    cuts : sequence of float
        Ascending times at which the hazard may change; an event at a cut belongs to the piece before it.
    threads : int
        Changes the time it takes, never the numbers.

    Returns
    -------
    LikelihoodFit
        The regressors' log hazard ratios, then each piece's log hazard.

    Raises
    ------
    SpecError
        The cuts do not ascend, or the source is of another kind.
    DataError
        Times or events are not what they must be.
    NotIdentifiedError
        A piece has no events, the exposure is collinear, or a coefficient runs off.
    NotConvergedError
    """
    edges = _checked(cuts)
    check_source(source, OUTCOMES, WORDS)
    centre = centre_of(source)
    totals = totals_of(source, centre, threads, needs_clock=False)
    collinear, kept = keep_regressors(source, totals)
    levels, null_loss = _start(source, edges, threads)
    if collinear:
        source = source.only([*range(OUTCOMES), *(OUTCOMES + place for place in kept)])
    sample = Sample(source, held_blocks(source), edges, centre[kept], threads)
    spread = totals.only(kept).spread * (totals.events / totals.weight)
    climb = Climb(WORDS, source.names, sample.visit, spread)
    point, steps = climb.top(np.concatenate([np.zeros(len(kept)), levels]))
    here = sample.visit(point, is_last=True)
    coefficients, sums = on_raw_regressors(source, sample.centre, point, here, constants=len(levels))
    return LikelihoodFit(
        names=(*source.names, *piece_names(edges)),
        coefficients=coefficients,
        sums=sums,
        counts=SampleCounts(rows_of(source), len(point), is_normal=True),
        collinear=collinear,
        facts={
            "hazard_ratio": ratio_of(coefficients[0]),
            **fit_facts(here.loss, null_loss, len(point)),
            "events": totals.events,
            "time_at_risk": totals.exposure,
            "iterations": steps,
        },
    )


@dataclass(frozen=True)
class Sample:
    """A sample with what its passes share."""

    source: ModelSource
    blocks: Callable[[], Iterable[ArrayBlock]]
    cuts: Floats
    centre: Floats
    threads: int

    def visit(self, point: Floats, *, is_last: bool = False) -> LikelihoodSums:
        """Return the sums at a point, and at the last one the rows' and groups' scores."""
        levels = self.source.group_levels if is_last else ()
        rule = ScoreRule(is_last, self.source.weight_kind, levels)
        return run_fold(PiecewiseFold(self.cuts, self.centre, point, rule), self.blocks(), self.threads)


def piece_names(cuts: Floats) -> tuple[str, ...]:
    """Return a name for each piece's log hazard."""
    edges = [f"{cut:g}" for cut in cuts]
    if not edges:
        return ("log_hazard",)
    inner = [f"log_hazard_{low}_to_{high}" for low, high in pairwise(edges)]
    return (f"log_hazard_to_{edges[0]}", *inner, f"log_hazard_from_{edges[-1]}")


def _start(source: ModelSource, cuts: Floats, threads: int) -> tuple[Floats, float]:
    """Return the pieces' log hazards that fit best without regressors, and the loss there.

    Raises
    ------
    NotIdentifiedError
        A piece has no events.
    """
    bare = source.only(range(OUTCOMES))
    sample = Sample(bare, held_blocks(bare), cuts, np.empty(0), threads)
    here = sample.visit(np.zeros(len(cuts) + 1))
    expected = np.diag(here.information)
    events = here.scores + expected
    empty = [
        name for name, seen in zip(piece_names(cuts), events, strict=True) if seen <= 1e-9 * events.sum()
    ]
    if empty:
        raise NotIdentifiedError(
            f"pieces without an event have no hazard above 0: {', '.join(empty)}",
            hint="Leave out the cuts beside them.",
        )
    levels: Floats = np.log(events / expected)
    return levels, sample.visit(levels).loss


def _checked(cuts: Sequence[float]) -> Floats:
    """Return the cuts as an array.

    Raises
    ------
    SpecError
        They do not ascend.
    """
    edges = np.asarray(cuts, dtype=np.float64)
    if not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
        raise SpecError(f"the cuts {list(cuts)} do not ascend", hint="List each time once, ascending.")
    return edges
