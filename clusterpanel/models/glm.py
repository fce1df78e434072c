"""Generalised linear models with absorbed effects: Fisher scoring whose every pass is a fold."""

from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import SpecError
from clusterpanel.models.absorb import CONSTANT
from clusterpanel.models.arrays import Floats, ModelArrays, ModelSource
from clusterpanel.models.climb import Climber, Top
from clusterpanel.models.families import FAMILIES, Family, FamilyName
from clusterpanel.models.glm_passes import GlmFold, GlmRows, Pass, Point
from clusterpanel.models.glm_scores import GlmScoreFold
from clusterpanel.models.glm_start import Start, start_of
from clusterpanel.models.likelihood_fit import LikelihoodFit, ratio_of
from clusterpanel.models.linearised import EffectRows, Linearised
from clusterpanel.models.outcome_totals import fit_constant, outcome_totals
from clusterpanel.models.projection import symmetric_inverse, uncentre
from clusterpanel.models.separation import check_regressors, ranges_by_outcome
from clusterpanel.models.vcov.counts import count_sample
from clusterpanel.models.vcov.sums import ScoreSums
from clusterpanel.models.within import left_of_block

FEW_YEARS = (
    "Each {firm} has an effect of its own, estimated from its few rows: the {effect} is biased away from 1 "
    "(incidental parameters, Neyman and Scott 1948), twice too far in logarithms with two rows each; "
    "conditional_logit has no such bias."
)


@dataclass(frozen=True)
class GlmTop:
    """A fitted model as the climb left it.

    Attributes
    ----------
    start : Start
        The sample, collinear regressors dropped.
    top : Top
    """

    start: Start
    top: Top

    @property
    def rows(self) -> GlmRows:
        """The rows at the top."""
        return replace(self.start.rows, point=self.top.point)

    @property
    def back(self) -> Floats:
        """What takes coefficients on the centred regressors to those on the raw ones."""
        return uncentre(self.start.source.names, self.start.rows.centre)

    @property
    def coefficients(self) -> Floats:
        """The coefficients on the raw regressors."""
        coefficients: Floats = self.back @ self.top.point.coefficients
        if self.start.source.names[-1] == CONSTANT:
            coefficients[-1] += self.top.point.constant
        return coefficients

    @property
    def bread(self) -> Floats:
        """The inverse of the expected information."""
        bread: Floats = self.back @ symmetric_inverse(self.top.curvature.absorbed.rest) @ self.back.T
        return bread


def fit_glm(source: ModelSource, family: FamilyName, threads: int = 1) -> LikelihoodFit:
    """Fit a Poisson, logit or complementary log-log regression by maximum likelihood.

    Parameters
    ----------
    source : ModelSource
        One outcome: any numbers from 0 on for "poisson", otherwise 0 or 1. Separated rows must be gone: for
        "poisson" `poisson_separation.find_separated` finds them; otherwise levels of effects without or with
        only events are to be set aside (`separation.rows_of_mixed_levels`).
    family : "poisson", "logit" or "cloglog"
    threads : int
        Changes the time it takes, never the numbers.

    Returns
    -------
    LikelihoodFit
        With sums of scores by each of the source's groups.

    Raises
    ------
    NotIdentifiedError
        The exposure is collinear, or a regressor separates the outcome.
    NotConvergedError
        The likelihood still rises after the most steps allowed.
    SpecError
        The outcome is not of the family, or the effects have too many levels.
    """
    chosen = FAMILIES[family]
    _check_slopes(source, chosen)
    totals = outcome_totals(source, chosen, threads)
    if not chosen.is_count:
        check_regressors(ranges_by_outcome(source, threads), source.names, chosen)
    constant, null_loss = fit_constant(source, chosen, totals, threads)
    fitted = _climb(source, chosen, constant, threads)
    sample, top = fitted.start.source, fitted.top
    fold = GlmScoreFold(fitted.rows, top.curvature.absorbed.slopes, sample.weight_kind, sample.group_levels)
    scores, (likelihood, perfect) = run_fold(fold, fitted.start.batches(), threads)
    forth = np.linalg.inv(fitted.back)
    sums = ScoreSums(
        bread=fitted.bread,
        squares=None,
        meat=forth.T @ scores.meat[0] @ forth,
        groups=tuple(groups[:, 0] @ forth for groups in scores.groups),
        is_probability=sample.weight_kind == "probability",
    )
    return LikelihoodFit(
        names=sample.names,
        coefficients=fitted.coefficients,
        sums=sums,
        counts=count_sample(sample, len(sample.names), is_normal=True),
        collinear=fitted.start.collinear,
        facts={
            "loglik": float(likelihood - top.loss),
            "deviance": float(2 * (top.loss - perfect)),
            "pseudo_r2": float(1 - (likelihood - top.loss) / (likelihood - null_loss)),
            "iterations": top.steps,
            "passes": top.passes,
            "path": top.curvature.absorbed.path,
            chosen.ratio: ratio_of(fitted.coefficients[0]),
        },
        notes=_notes(sample, chosen),
    )


def linearise_glm(arrays: ModelArrays, family: FamilyName, threads: int = 1) -> Linearised:
    """Fit a model whose rows are in memory, and return it as the weighted least squares it is at its top.

    Raises
    ------
    NotIdentifiedError, NotConvergedError, SpecError
        As `fit_glm`.
    """
    chosen = FAMILIES[family]
    _check_slopes(arrays, chosen)
    totals = outcome_totals(arrays, chosen, threads)
    constant, _ = fit_constant(arrays, chosen, totals, threads)
    fitted = _climb(arrays, chosen, constant, threads)
    rows, slopes = fitted.rows, fitted.top.curvature.absorbed.slopes
    left = np.empty((arrays.rows, len(slopes.T)))
    residuals, weights = np.empty(arrays.rows), np.empty(arrays.rows)
    for block in fitted.start.source.blocks():
        there = slice(block.first_row, block.first_row + block.rows)
        terms = rows.terms(block)
        left[there] = left_of_block(
            block, rows.centred(block), terms.information, rows.absorbs_firm, slopes
        ).T
        residuals[there], weights[there] = terms.scores / terms.information, terms.information
    return Linearised(
        names=fitted.start.source.names,
        coefficients=fitted.coefficients,
        bread=fitted.bread,
        regressors=left @ np.linalg.inv(fitted.back),
        residuals=residuals,
        weights=weights,
        frequencies=arrays.weights if arrays.weight_kind == "frequency" else None,
        effects=EffectRows.of(arrays),
        estimator="likelihood",
        has_known_dispersion=True,
        is_probability=arrays.weight_kind == "probability",
    )


def _climb(source: ModelSource, family: Family, constant: float, threads: int) -> GlmTop:
    """Climb from the constant that fits best alone, with each firm's effect where it is absorbed."""
    start = start_of(source, family, constant, threads)
    levels = len(start.rows.point.effects)

    def visit(point: Point, is_curved: bool) -> Pass:
        fold = GlmFold(replace(start.rows, point=point), levels, is_curved)
        return run_fold(fold, start.batches(), threads)

    names, rows = start.source.names, start.source.rows
    climber = Climber(family, names, visit, start.shape, rows, passes=1)
    top = climber.climb(start.rows.point, start.here, start.curvature)
    return GlmTop(start, top)


def _check_slopes(source: ModelSource, family: Family) -> None:
    """Refuse slopes of each firm's own, whose firm part has no closed form and often no finite value.

    Raises
    ------
    SpecError
    """
    if source.firm_slopes_count:
        raise SpecError(
            f"{family.words} with slopes of each {source.firm_name}'s own is not to be had",
            hint="Absorb the firm's effect alone, or use least squares.",
        )


def _notes(source: ModelSource, family: Family) -> tuple[str, ...]:
    if family.is_count or not source.absorbs_firm:
        return ()
    return (FEW_YEARS.format(firm=source.firm_name, effect=family.effect),)
