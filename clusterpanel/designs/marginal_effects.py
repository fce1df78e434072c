"""Average marginal effects on a yearly hazard, in percentage points.

Of a number the derivative of the hazard, of a yes/no column the change from 0 to 1, averaged over the rows of
the sample with all else as it is; absorbed effects enter with their estimated levels, and the errors count
that these are estimated too. An effect moves with the coefficients by the delta method; each group's part of
that is kept, so that errors are grouped as the design's are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.designs.marginal_effect_passes import (
    HAZARDS,
    EffectFold,
    EffectSums,
    MovedFold,
    RowEffects,
)
from clusterpanel.engine.local import run_fold
from clusterpanel.errors import SpecError
from clusterpanel.models.absorb import CONSTANT
from clusterpanel.models.arrays import ArrayBlock, Flags, Floats, ModelSource
from clusterpanel.models.climb import Climber, Top
from clusterpanel.models.families import FAMILIES, FamilyName
from clusterpanel.models.fit import Fit
from clusterpanel.models.glm import GlmTop
from clusterpanel.models.glm_passes import GlmFold, Pass, Point
from clusterpanel.models.glm_start import start_of
from clusterpanel.models.outcome_totals import fit_constant, outcome_totals
from clusterpanel.models.scores import join_groups
from clusterpanel.models.vcov.counts import count_sample
from clusterpanel.models.vcov.from_sums import from_sums
from clusterpanel.models.vcov.sums import ScoreSums
from clusterpanel.spec.vcov import Vcov

PERCENT = 100.0
PER_UNIT = "Effects on the yearly hazard in percentage points: per unit, and of yes/no columns from 0 to 1."
SAMPLED = "Errors count that the rows averaged over are a sample."
FIXED = "Errors take the rows averaged over as given."


def average_marginal_effects(
    source: ModelSource,
    family: FamilyName,
    vcov: Vcov,
    names: Sequence[str] | None = None,
    threads: int = 1,
    *,
    samples_rows: bool = False,
) -> Fit:
    """Fit a logit or complementary log-log hazard, and return its average marginal effects.

    Parameters
    ----------
    source : ModelSource
        As `fit_glm` takes it, without firms' effects.
    family : "logit" or "cloglog"
    vcov : Vcov
        One that sums of scores suffice for.
    names : sequence of str or None
        The regressors whose effects are wanted; None for all but the constant. Those that were dropped as
        collinear have none.
    threads : int
    samples_rows : bool
        Count in the errors that the rows averaged over are themselves a sample (Stata's
        ``vce(unconditional)``); otherwise they are given, as in Stata's ``margins`` and statsmodels.

    Returns
    -------
    Fit
        One coefficient each effect, in percentage points.

    Raises
    ------
    SpecError
        Firms' effects are absorbed, a name is unknown, or the family or variance is of another kind.
    NotIdentifiedError, NotConvergedError
        As `fit_glm`.
    """
    _check(source, family)
    top = _top_of(source, family, threads)
    sample = top.start.source
    wanted = _wanted(source, sample, names)
    is_yes_no = run_fold(YesNoFold(), sample.blocks(), threads)
    effects = RowEffects(
        rows=top.rows,
        hazard=HAZARDS[family],
        places=wanted,
        is_yes_no=tuple(bool(is_yes_no[place]) for place in wanted),
    )
    sums = run_fold(EffectFold(effects, len(top.rows.point.effects)), sample.blocks(), threads)
    scores = _scores(top, effects, sums, threads, samples_rows=samples_rows)
    if vcov != "iid":
        scores = replace(scores, bread=np.eye(len(wanted)))
    variance = from_sums(vcov, scores, count_sample(sample, len(sample.names), is_normal=True))
    return Fit(
        names=tuple(sample.names[place] for place in wanted),
        coefficients=PERCENT * sums.effects / sums.weight,
        variance=variance.of_combinations(PERCENT * np.eye(len(wanted))),
        collinear=top.start.collinear,
        facts={"mean_hazard_percent": PERCENT * _mean_outcome(sample, threads)},
        notes=(PER_UNIT, SAMPLED if samples_rows and vcov != "iid" else FIXED),
    )


def _scores(
    top: GlmTop, effects: RowEffects, sums: EffectSums, threads: int, *, samples_rows: bool
) -> ScoreSums:
    """Return how much rows and groups move the effects; the bread is the effects' own covariance.

    The groups' sums have the inverse information in them already.
    """
    sample = top.start.source
    on_coefficients, on_levels, inverse = _solved(top, sums)
    fold = MovedFold(
        effects=effects,
        on_coefficients=on_coefficients,
        on_levels=on_levels,
        means=sums.effects / sums.weight if samples_rows else None,
        total_weight=sums.weight,
        weight_kind=sample.weight_kind,
        group_levels=sample.group_levels,
    )
    moved = run_fold(fold, sample.blocks(), threads)
    pairs = zip(moved.parts, sample.group_levels, strict=True)
    return ScoreSums(
        bread=inverse,
        squares=None,
        meat=moved.meat,
        groups=tuple(join_groups(parts, levels) for parts, levels in pairs),
        is_probability=sample.weight_kind == "probability",
    )


def _solved(top: GlmTop, sums: EffectSums) -> tuple[Floats, Floats, Floats]:
    """Apply the inverse information to the effects' gradients.

    Returns
    -------
    on_coefficients, on_levels : float array, shape (effects, regressors), (effects, levels)
    inverse : float array, shape (effects, effects)
        The gradients' quadratic form in the inverse information.
    """
    nothing = np.zeros(sums.on_coefficients.shape[1])
    on_coefficients, on_levels = sums.on_coefficients / sums.weight, sums.on_levels / sums.weight
    steps = []
    for scores, level_scores, pearson in zip(on_coefficients, on_levels, sums.pearson, strict=True):
        size = float(pearson) / sums.weight**2
        here = Pass(0.0, scores, level_scores, None, top.top.curvature.total, size, nothing, nothing)
        steps.append(top.top.curvature.step(here))
    solved = np.stack([step.coefficients for step in steps])
    levels = np.stack([step.effects for step in steps])
    inverse = on_coefficients @ solved.T + on_levels @ levels.T
    return solved, levels, (inverse + inverse.T) / 2


def _top_of(source: ModelSource, family: FamilyName, threads: int) -> GlmTop:
    """Climb to the top of the likelihood; the levels' effects are known there."""
    chosen = FAMILIES[family]
    constant, _ = fit_constant(source, chosen, outcome_totals(source, chosen, threads), threads)
    start = start_of(source, chosen, constant, threads)

    def visit(point: Point, is_curved: bool) -> Pass:
        fold = GlmFold(replace(start.rows, point=point), len(point.effects), is_curved)
        return run_fold(fold, start.batches(), threads)

    climber = Climber(chosen, start.source.names, visit, start.shape, start.source.rows, passes=1)
    top: Top = climber.climb(start.rows.point, start.here, start.curvature)
    return GlmTop(start, top)


@dataclass(frozen=True)
class YesNoFold:
    """The fold of which regressors are 0 or 1 throughout, shape (regressors,)."""

    def step(self, block: ArrayBlock) -> Flags:
        """Return one block's answer."""
        flags: Flags = ((block.values[1:] == 0) | (block.values[1:] == 1)).all(axis=1)
        return flags

    def merge(self, left: Flags, right: Flags) -> Flags:
        """Return both blocks' answer."""
        return left & right

    def solve(self, moments: Flags) -> Flags:
        """Return the answer as it is."""
        return moments


def _mean_outcome(source: ModelSource, threads: int) -> float:
    return run_fold(MeanFold(), source.only([0]).blocks(), threads)


@dataclass(frozen=True)
class MeanFold:
    """The fold of the outcome's weighted mean."""

    def step(self, block: ArrayBlock) -> Floats:
        """Return one block's weight, and weight times outcome."""
        weights = block.weights if len(block.weights) else np.ones(block.rows)
        return np.array([weights.sum(), weights @ block.values[0]])

    def merge(self, left: Floats, right: Floats) -> Floats:
        """Return the sum."""
        return left + right

    def solve(self, moments: Floats) -> float:
        """Return the mean."""
        return float(moments[1] / moments[0])


def _wanted(source: ModelSource, sample: ModelSource, names: Sequence[str] | None) -> tuple[int, ...]:
    """Return the places of the regressors whose effects are wanted and that were kept.

    Raises
    ------
    SpecError
        A name is unknown.
    """
    chosen = [name for name in source.names if name != CONSTANT] if names is None else list(names)
    unknown = [name for name in chosen if name not in source.names]
    if unknown:
        raise SpecError(
            f"marginal effects of {', '.join(unknown)} were asked for; allowed: {', '.join(source.names)}"
        )
    return tuple(sample.names.index(name) for name in chosen if name in sample.names)


def _check(source: ModelSource, family: FamilyName) -> None:
    """Refuse models whose hazards have no effects to average.

    Raises
    ------
    SpecError
    """
    if family not in HAZARDS:
        raise SpecError(f"marginal effects on a hazard came with {family}; allowed: {', '.join(HAZARDS)}")
    if source.absorbs_firm or source.firm_slopes_count:
        raise SpecError(
            f"marginal effects came with effects of each {source.firm_name}'s own, whose estimates from few "
            "rows each do not average to a hazard",
            hint="Absorb coarser effects, or use least squares with the firm's effect.",
        )
