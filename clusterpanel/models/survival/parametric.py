"""Parametric survival models with late entry, as folds over firms.

The log-likelihood of a row at risk from `start` to `stop` is its event's log-density (log-survival where it
is censored) less the log-survival at the start: being there at `start` says that the firm lived that long. A
firm's rows thus add up to the likelihood of its whole life, whatever it is cut into.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.models.absorb import CONSTANT
from clusterpanel.models.arrays import ArrayBlock, Floats, ModelSource
from clusterpanel.models.likelihood_fit import LikelihoodFit, ratio_of
from clusterpanel.models.survival.parametric_climb import Climb, LikelihoodSums
from clusterpanel.models.survival.parametric_families import PARAMETRIC, ParametricFamily, ParametricName
from clusterpanel.models.survival.parametric_passes import OUTCOMES, ParametricFold, ScoreRule
from clusterpanel.models.survival.parametric_raw import fit_facts, on_raw_regressors, rows_of
from clusterpanel.models.survival.parametric_source import check_source, held_blocks
from clusterpanel.models.survival.parametric_totals import Totals, centre_of, keep_regressors, totals_of
from clusterpanel.models.vcov.counts import SampleCounts


@dataclass(frozen=True)
class Sample:
    """A sample with what its passes share.

    Attributes
    ----------
    source : ModelSource
    blocks : function that yields its blocks
    family : ParametricFamily
    centre : float array, shape (regressors,)
    totals : Totals
        Of the regressors that were kept.
    threads : int
    """

    source: ModelSource
    blocks: Callable[[], Iterable[ArrayBlock]]
    family: ParametricFamily
    centre: Floats
    totals: Totals
    threads: int

    def visit(self, point: Floats, *, is_last: bool = False) -> LikelihoodSums:
        """Return the sums at a point, and at the last one the rows' and groups' scores."""
        levels = self.source.group_levels if is_last else ()
        rule = ScoreRule(is_last, self.source.weight_kind, levels)
        fold = ParametricFold(self.family, self.centre, point, rule)
        return run_fold(fold, self.blocks(), self.threads)

    def top(self, point: Floats) -> tuple[Floats, int]:
        """Return where the likelihood is highest, and the number of steps."""
        share = self.totals.events / self.totals.weight
        climb = Climb(self.family.words, self.source.names, self.visit, self.totals.spread * share)
        return climb.top(point)


def fit_parametric(source: ModelSource, family: ParametricName, threads: int = 1) -> LikelihoodFit:
    """Fit a survival model with a parametric baseline by maximum likelihood.

    Parameters
    ----------
    source : ModelSource
        Three outcomes: event (0 or 1), start and stop. No effects: dummies are to be regressors.
    family : "exponential", "weibull", "log_logistic", "log_normal" or "gompertz"
    threads : int
        Changes the time it takes, never the numbers.

    Returns
    -------
    LikelihoodFit
        The regressors, then ``constant``, then ``log_scale`` (Weibull, log-logistic, log-normal: coefficients
        are log time ratios, as in R's ``survreg``) or ``shape`` (Gompertz: log hazard ratios, as in R's
        ``flexsurv``). The bread is the inverse of the observed information; the unit of "HC1" is the firm.
        `cox_variance.survival_variance` makes errors of its sums.

    Raises
    ------
    SpecError
        The source is of another kind.
    DataError
        Times or events are not what they must be.
    NotIdentifiedError
        There are no events, the exposure is collinear, or a coefficient runs off.
    NotConvergedError
    """
    chosen = PARAMETRIC[family]
    check_source(source, OUTCOMES, chosen.words)
    centre = centre_of(source)
    totals = totals_of(source, centre, threads, needs_clock=chosen.is_accelerated)
    collinear, kept = keep_regressors(source, totals)
    start, null_loss = _start(source, chosen, totals, threads)
    if collinear:
        source = source.only([*range(OUTCOMES), *(OUTCOMES + place for place in kept)])
    sample = Sample(source, held_blocks(source), chosen, centre[kept], totals.only(kept), threads)
    point, steps = sample.top(np.concatenate([np.zeros(len(kept)), start]))
    here = sample.visit(point, is_last=True)
    shape = (chosen.shape,) if chosen.shape else ()
    coefficients, sums = on_raw_regressors(source, sample.centre, point, here)
    return LikelihoodFit(
        names=(*source.names, CONSTANT, *shape),
        coefficients=coefficients,
        sums=sums,
        counts=SampleCounts(rows_of(source), len(point), is_normal=True),
        collinear=collinear,
        facts={
            **_facts(chosen, coefficients),
            **fit_facts(here.loss, null_loss, len(point)),
            "events": totals.events,
            "time_at_risk": totals.exposure,
            "iterations": steps,
        },
    )


def _start(
    source: ModelSource, family: ParametricFamily, totals: Totals, threads: int
) -> tuple[Floats, float]:
    """Return the constant and the shape that fit best without regressors, and the loss there."""
    bare = source.only(range(OUTCOMES))
    sample = Sample(bare, held_blocks(bare), family, np.empty(0), totals.only([]), threads)
    level = np.log(totals.exposure / totals.events)
    point = np.array([level if family.is_accelerated else -level, *([0.0] if family.shape else [])])
    top, _ = sample.top(point)
    return top, sample.visit(top).loss


def _facts(family: ParametricFamily, coefficients: Floats) -> dict[str, float]:
    """Return the exposure's ratios by name, and the shape in the units it is told in."""
    first, shape = coefficients[0], coefficients[-1]
    if family.name == "gompertz":
        return {"hazard_ratio": ratio_of(first), "shape": float(shape)}
    facts = {"time_ratio": ratio_of(first)}
    scale = float(np.exp(shape)) if family.shape else 1.0
    if family.has_hazard_ratio:
        facts["hazard_ratio"] = ratio_of(-first / scale)
    return facts | {"scale": scale}
