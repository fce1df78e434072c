"""Cox regression with annual or exact times: a fold over firms (Cox 1972, JRSS B 34)."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Floats, ModelSource
from clusterpanel.models.likelihood_fit import LikelihoodFit, ratio_of
from clusterpanel.models.projection import symmetric_inverse
from clusterpanel.models.survival.cox_climb import Climb, RiskPass, Top, newton_step
from clusterpanel.models.survival.cox_passes import cell_weights
from clusterpanel.models.survival.cox_rows import CoxRows, batches_of
from clusterpanel.models.survival.cox_scores import CoxScoreFold, SolvedScores, cell_means
from clusterpanel.models.survival.cox_start import CoxPasses, Start, start_of
from clusterpanel.models.survival.cox_ties import Ties, TieTerms
from clusterpanel.models.survival.cox_variance import wald_test
from clusterpanel.models.survival.episodes import CheckedEpisodes, check_episodes
from clusterpanel.models.survival.risk_cells import CellSums
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.sums import ScoreSums

# Above this share of the rows at risk failing per event time, how ties are approximated matters.
MANY_TIES = 0.2


@dataclass(frozen=True)
class CoxFit:
    """A fitted Cox regression, and what residuals, baseline hazards and tests are made of.

    Attributes
    ----------
    likelihood : LikelihoodFit
        Coefficients (log hazard ratios), sums of scores and facts.
    source : ModelSource
        The sample, collinear regressors dropped.
    rows : CoxRows
        Cells, centre, and the last point of the climb, which rounding cannot tell from the coefficients.
    sums : CellSums
        Of the cells, at that point.
    tie_terms : TieTerms
        At that point; ``a0`` is the baseline hazard's increment where the regressors are at their centre.
    ties : "efron" or "breslow"
    """

    likelihood: LikelihoodFit
    source: ModelSource
    rows: CoxRows
    sums: CellSums
    tie_terms: TieTerms
    ties: Ties

    def passes(self, threads: int = 1) -> CoxPasses:
        """Return what makes further passes over the sample."""
        return CoxPasses(self.source, self.rows, self.ties, threads)


def fit_cox(
    source: ModelSource, ties: Ties = "efron", threads: int = 1, *, cause: int | None = None
) -> CoxFit:
    """Fit a Cox regression by maximum partial likelihood.

    Parameters
    ----------
    source : ModelSource
        Three outcomes: event (0 = censored, otherwise the cause's number), start, stop; a row is at risk
        where start < t <= stop. Its one effect, if it has one, holds the strata. The regressors may change
        from row to row of a firm; no constant.
    ties : "efron" or "breslow"
        How events at the same time share a risk set. Breslow's understates effects where many tie: with 8 %
        failing a year, .475 for a coefficient of .50, where Efron's gives .502.
    threads : int
        Changes the time it takes, never the numbers.
    cause : int or None
        The event that is explained; others are censored (cause-specific hazards). None for any event.

    Returns
    -------
    CoxFit
        With sums of scores by each of the source's groups; `cox_variance.survival_variance` makes errors of
        them. The unit of "HC1" is the firm.

    Raises
    ------
    SpecError
        The source or the ties are of another kind.
    DataError
        Intervals without length, backward or not finite.
    NotIdentifiedError
        Fewer than two events; the exposure is collinear within the risk sets; a monotone likelihood.
    NotConvergedError
    """
    if ties not in {"efron", "breslow"}:
        raise SpecError(f"a Cox regression came with ties {ties!r}; allowed: efron, breslow")
    episodes = check_episodes(source, cause, threads)
    start = start_of(source, episodes.cells, cause, ties, threads)
    passes = start.passes
    climb = Climb(passes.source.names, passes.visit, passes.curve, start.spread)
    top = climb.run(start.here, start.information)
    rows = passes.rows.at(top.here.coefficients)
    scores = _scores(replace(passes, rows=rows), top.here)
    likelihood = _likelihood(episodes, start, top, scores)
    return CoxFit(likelihood, passes.source, rows, top.here.sums, top.here.ties, ties)


def _likelihood(episodes: CheckedEpisodes, start: Start, top: Top, scores: SolvedScores) -> LikelihoodFit:
    """Take the step that is left, and gather what is known at the top."""
    here, source = top.here, start.passes.source
    information = scores.gram - here.ties.mean_part(here.sums)
    step = newton_step(information, here.score)
    bread = symmetric_inverse(information)
    sums = ScoreSums(
        bread=bread,
        squares=None,
        meat=scores.meat,
        groups=scores.groups,
        is_probability=source.weight_kind == "probability",
        is_adjusted=False,
    )
    return LikelihoodFit(
        names=source.names,
        coefficients=here.coefficients + step,
        sums=sums,
        counts=SampleCounts(_rows(source), len(step), is_normal=True),
        collinear=start.collinear,
        facts={**_tests(start, here, step, bread), "iterations": top.steps, **_counts(episodes, start)},
        notes=_notes(start, episodes),
    )


def _scores(passes: CoxPasses, here: RiskPass) -> SolvedScores:
    source, cells = passes.source, passes.rows.cells
    fold = CoxScoreFold(
        rows=passes.rows,
        weights=cell_weights(cells, here.ties),
        means=cell_means(cells, here.sums, here.ties),
        group_levels=source.group_levels,
        weight_kind=source.weight_kind,
    )
    return run_fold(fold, batches_of(source, 1, passes.threads), passes.threads)


def _rows(source: ModelSource) -> int:
    return round(source.total_weight) if source.weight_kind == "frequency" else source.rows


def _tests(start: Start, here: RiskPass, step: Floats, bread: Floats) -> dict[str, Any]:
    """Return likelihoods and tests; each chi-squared has as many degrees of freedom as regressors."""
    # The step that is left is short enough for half its promise to be what it adds.
    loglik = here.likelihood + float(step @ here.score) / 2
    coefficients, first = here.coefficients + step, start.here
    return {
        "loglik": loglik,
        "loglik_null": first.likelihood,
        "lr_chi2": 2 * (loglik - first.likelihood),
        "score_chi2": float(newton_step(start.information, first.score) @ first.score),
        "wald_chi2": wald_test(coefficients, bread),
        "hazard_ratio": ratio_of(coefficients[0]),
    }


def _counts(episodes: CheckedEpisodes, start: Start) -> dict[str, Any]:
    return {
        "events": episodes.events,
        "other_events": episodes.other_events,
        "rows_at_risk": int(start.runs[1] + start.runs[2]),
        "strata": len(np.unique(episodes.cells.strata)),
        "event_times": len(np.unique(episodes.cells.times)),
        "cells": episodes.cells.size,
    }


def _notes(start: Start, episodes: CheckedEpisodes) -> tuple[str, ...]:
    notes = []
    idle, sums = int(start.runs[0]), start.here.sums
    if idle:
        notes.append(f"{idle:,} rows are at risk at no event time of their stratum, and say nothing.")
    if episodes.cells.size == 1:
        notes.append("All events are at one time: the regression compares who fails then with who does not.")
    share = float(sums.d0.sum() / sums.s0.sum())
    if share > MANY_TIES:
        notes.append(
            f"{share:.0%} of those at risk fail at a mean event time, which is rough with "
            f"{start.passes.ties.capitalize()}'s ties: compare with a complementary log-log hazard."
        )
    return tuple(notes)
