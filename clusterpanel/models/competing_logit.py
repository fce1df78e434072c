"""Competing exits of yearly rows: a multinomial logit of staying and of each cause of exit.

A row that stays has probability 1/(1 + sum of exp(x'b_c)), one that exits by cause c exp(x'b_c) times that
(Allison 1982, Sociological Methodology 13). Each cause has coefficients of its own; exp(b) is a relative-risk
ratio: by what a unit multiplies the chance of that exit relative to staying.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from clusterpanel.engine.local import run_fold
from clusterpanel.models.arrays import ArrayBlock, Floats, ModelSource
from clusterpanel.models.competing_logit_totals import CauseTotals, check_source, keep_regressors, totals_of
from clusterpanel.models.likelihood_fit import LikelihoodFit, ratio_of
from clusterpanel.models.projection import symmetric_inverse
from clusterpanel.models.scores import join_groups
from clusterpanel.models.survival.parametric_climb import Climb, LikelihoodSums
from clusterpanel.models.survival.parametric_passes import ScoreRule
from clusterpanel.models.survival.parametric_raw import fit_facts, rows_of
from clusterpanel.models.survival.parametric_source import held_blocks
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.sums import ScoreSums

WORDS = "the competing-risks logit"


@dataclass(frozen=True)
class CompetingFold:
    """The fold of one pass.

    Attributes
    ----------
    centre : float array, shape (regressors,)
        Taken off the regressors; 0 for the constant.
    point : float array, shape (causes * regressors,)
        The coefficients of the centred regressors, cause by cause.
    rule : ScoreRule
    """

    centre: Floats
    point: Floats
    rule: ScoreRule

    def step(self, block: ArrayBlock) -> LikelihoodSums:
        """Return one block's sums."""
        columns = block.values[1:] - self.centre[:, None]
        slopes = self.point.reshape(-1, len(self.centre))
        chances, log_stay = chances_of(slopes @ columns + (block.offset if len(block.offset) else 0.0))
        causes = block.values[0].astype(np.int64)
        left = -chances
        gone = np.flatnonzero(causes)
        left[causes[gone] - 1, gone] += 1.0
        weights = block.weights if len(block.weights) else np.ones(block.rows)
        etas = np.einsum("cp,pr->cr", slopes, columns[:, gone])[causes[gone] - 1, np.arange(len(gone))]
        etas += block.offset[gone] if len(block.offset) else 0.0
        loss = -float(weights @ log_stay) - float(weights[gone] @ etas)
        left *= weights
        scores = (left @ columns.T).ravel()
        by_row = np.empty((len(self.point), 0))
        if self.rule.is_wanted:
            by_row = (left[:, None, :] * columns[None]).reshape(len(self.point), block.rows)
        information = self._information(columns, chances, weights)
        return LikelihoodSums(loss, scores, information, *self.rule.sums(block, by_row))

    def _information(self, columns: Floats, chances: Floats, weights: Floats) -> Floats:
        causes, size = len(chances), len(columns)
        information = np.empty((causes, size, causes, size))
        for one in range(causes):
            for two in range(one + 1):
                spread = (chances[one] if one == two else 0.0) - chances[one] * chances[two]
                block = (columns * (weights * spread)) @ columns.T
                information[one, :, two], information[two, :, one] = block, block
        return information.reshape(causes * size, causes * size)

    def merge(self, left: LikelihoodSums, right: LikelihoodSums) -> LikelihoodSums:
        """Return the sum."""
        return left.add(right)

    def solve(self, moments: LikelihoodSums) -> LikelihoodSums:
        """Return the sums as they are."""
        return moments


def chances_of(etas: Floats) -> tuple[Floats, Floats]:
    """Return each cause's chance, shape (causes, rows), and the logarithm of the chance to stay.

    Parameters
    ----------
    etas : float array, shape (causes, rows)
    """
    whole = np.vstack([np.zeros(etas.shape[1]), etas])
    log_stay: Floats = -logsumexp(whole, axis=0)
    return np.exp(etas + log_stay), log_stay


@dataclass(frozen=True)
class Sample:
    """A sample with what its passes share."""

    source: ModelSource
    blocks: Callable[[], Iterable[ArrayBlock]]
    centre: Floats
    causes: Sequence[str]
    threads: int

    @property
    def names(self) -> tuple[str, ...]:
        """The coefficients, cause by cause."""
        return tuple(f"{cause}: {name}" for cause in self.causes for name in self.source.names)

    def top(self, first: Floats, totals: CauseTotals) -> tuple[Floats, int]:
        """Return where the likelihood is highest, and the number of steps.

        Every parameter is told as a regressor's, so that what is known of each is held against its spread.
        """
        spread = np.asarray(np.kron(np.diag(totals.events / totals.weight), totals.squares), dtype=np.float64)
        return Climb(WORDS, self.names, self.visit, spread).top(first.ravel())

    def visit(self, point: Floats, *, is_last: bool = False) -> LikelihoodSums:
        """Return the sums at a point, and at the last one the rows' and groups' scores."""
        levels = self.source.group_levels if is_last else ()
        rule = ScoreRule(is_last, self.source.weight_kind, levels, is_by_firm=False)
        fold = CompetingFold(self.centre, point, rule)
        return run_fold(fold, self.blocks(), self.threads)


def fit_competing_logit(source: ModelSource, causes: Sequence[str], threads: int = 1) -> LikelihoodFit:
    """Fit a multinomial logit of staying (0) and of each cause of exit (1, 2, ...), by maximum likelihood.

    Parameters
    ----------
    source : ModelSource
        One outcome: 0 where the firm stays, otherwise the cause's number. A constant last among the
        regressors. No effects: dummies are to be regressors. An offset is added to every cause's index.
    causes : sequence of str
        The causes' names, in the order of their numbers.
    threads : int
        Changes the time it takes, never the numbers.

    Returns
    -------
    LikelihoodFit
        Names are "cause: regressor", the first cause's exposure first. The bread is the inverse information,
        without small-sample factor, as in statsmodels' MNLogit and R's nnet::multinom.

    Raises
    ------
    SpecError
        The source is of another kind, or effects came.
    DataError
        An outcome is no cause's number.
    NotIdentifiedError
        A cause has no events, the exposure is collinear, or a coefficient runs off.
    NotConvergedError
    """
    check_source(source)
    totals = totals_of(source, causes, threads)
    collinear, kept = keep_regressors(source, totals)
    null = source.only([0, len(source.names)])
    start, null_loss = _null(null, totals, threads)
    if collinear:
        source = source.only([0, *(1 + place for place in kept)])
    sample = Sample(source, held_blocks(source), totals.centre[kept], causes, threads)
    first = np.zeros((len(causes), len(kept)))
    first[:, -1] = start
    point, steps = sample.top(first, totals.only(kept))
    here = sample.visit(point, is_last=True)
    coefficients, sums = _on_raw_regressors(sample, point, here)
    return LikelihoodFit(
        names=sample.names,
        coefficients=coefficients,
        sums=sums,
        counts=SampleCounts(rows_of(source), len(point), is_normal=True),
        collinear=collinear,
        facts={
            **fit_facts(here.loss, null_loss, len(point)),
            "relative_risk_ratio": ratio_of(coefficients[0]),
            "events_by_cause": dict(zip(causes, totals.events.tolist(), strict=True)),
            "iterations": steps,
        },
    )


def _null(bare: ModelSource, totals: CauseTotals, threads: int) -> tuple[Floats, float]:
    """Return each cause's constant that fits best without regressors, and the loss there."""
    causes = [str(place) for place in range(len(totals.events))]
    sample = Sample(bare, held_blocks(bare), np.zeros(1), causes, threads)
    first = np.log(totals.events / totals.stays)[:, None]
    point, _ = sample.top(first, totals.only([len(totals.centre) - 1]))
    return point, sample.visit(point).loss


def _on_raw_regressors(sample: Sample, point: Floats, here: LikelihoodSums) -> tuple[Floats, ScoreSums]:
    """Return coefficients and sums of scores as if nothing had been taken off the regressors."""
    each = np.eye(len(sample.centre))
    each[-1, :-1] = -sample.centre[:-1]
    back = np.kron(np.eye(len(sample.causes)), each)
    forth = np.linalg.inv(back)
    source = sample.source
    pairs = zip(here.parts, source.group_levels, strict=True)
    sums = ScoreSums(
        bread=back @ symmetric_inverse(here.information) @ back.T,
        squares=None,
        meat=forth.T @ here.meat @ forth,
        groups=tuple(join_groups(parts, levels) @ forth for parts, levels in pairs),
        is_probability=source.weight_kind == "probability",
        is_adjusted=False,
    )
    return back @ point, sums
