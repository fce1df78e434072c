"""Fine and Gray's regression: subdistribution hazards, whose ratios say how cumulative incidence moves.

Fine and Gray (1999, JASA 94): a firm that exits by another cause stays at risk of the cause of interest, with
the weight that it would still be observed.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.absorb import Absorbed
from clusterpanel.models.arrays import Floats, ModelSource
from clusterpanel.models.collinear import Collinear, find_collinear
from clusterpanel.models.likelihood_fit import LikelihoodFit, ratio_of
from clusterpanel.models.projection import symmetric_inverse
from clusterpanel.models.survival.cox_climb import Climb, newton_step
from clusterpanel.models.survival.cox_rows import CoxRows, centre_of, in_small_blocks
from clusterpanel.models.survival.cox_ties import Ties
from clusterpanel.models.survival.episodes import OUTCOMES, CheckedEpisodes, check_episodes
from clusterpanel.models.survival.fine_gray_observed import Observed, observed_weights
from clusterpanel.models.survival.fine_gray_passes import SubPasses, SubRows
from clusterpanel.models.survival.fine_gray_scores import WeightScores, scores_at
from clusterpanel.models.survival.parametric_raw import rows_of
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.sums import ScoreSums

NOTES: dict[WeightScores, str] = {
    "exact": "Errors count that the censoring weights are estimated.",
    "published": "Errors count that the censoring weights are estimated (Fine and Gray 1999; cmprsk::crr).",
    "known": "Errors take the censoring weights as known (as coxph on the rows of survival::finegray).",
}


def fit_fine_gray(
    source: ModelSource,
    cause: int,
    ties: Ties = "efron",
    threads: int = 1,
    *,
    weight_scores: WeightScores = "exact",
) -> LikelihoodFit:
    """Fit Fine and Gray's regression without writing anybody down once per event time.

    Parameters
    ----------
    source : ModelSource
        Three outcomes: event (0 = censored, otherwise the cause's number), start, stop; a firm's rows follow
        each other without gaps, and its event is on the last. Its one effect, if it has one, holds the
        strata, which never change for a firm; each has censoring of its own. Regressors may change from row
        to row until a firm fails; after another cause they stay as they were.
    cause : int
        The event that is explained.
    ties : "efron" or "breslow"
    threads : int
        Changes the time it takes, never the numbers.
    weight_scores : "exact", "published" or "known"
        What estimating the weights adds to the scores: their exact derivative; Fine and Gray's own form,
        whose errors with "HC1" are those of ``cmprsk::crr``; or nothing, as ``coxph`` with ``cluster`` on the
        rows of ``survival::finegray``.

    Returns
    -------
    LikelihoodFit
        Log subdistribution hazard ratios. `cox_variance.survival_variance` makes errors of its sums; the unit
        of "HC1" is the firm, and "iid" is refused: weighted rows are no likelihood.

    Raises
    ------
    SpecError
        The source, the cause or the ties are of another kind.
    DataError
        Intervals or firms' rows break a rule.
    NotIdentifiedError
        Fewer than two events; the exposure is collinear; a monotone likelihood; weights that cannot be told.
    NotConvergedError
    """
    if ties not in {"efron", "breslow"}:
        raise SpecError(f"subdistribution hazards came with ties {ties!r}; allowed: efron, breslow")
    if cause < 1:
        raise SpecError(f"subdistribution hazards came with cause {cause}; allowed: 1, 2, ...")
    episodes = check_episodes(source, cause, threads)
    observed = observed_weights(source, cause, threads)
    passes, collinear = _start(in_small_blocks(source), episodes, observed, cause, ties, threads)
    fit = _climbed(passes, weight_scores)
    return replace(fit, collinear=collinear, facts={**_facts(episodes, observed), **fit.facts})


def _climbed(passes: SubPasses, weight_scores: WeightScores) -> LikelihoodFit:
    """Climb to the top, and return the fit without what is known before."""
    source = passes.source
    first = passes.visit(np.zeros(len(source.names)))
    information = passes.curve(first)
    spread = np.sqrt(np.diag(information) / first.sums.event_weights.sum())
    top = Climb(source.names, passes.visit, passes.curve, spread).run(first, information)
    here = top.here
    final = replace(passes, rows=passes.rows.at(here.coefficients))
    scores = scores_at(final, here, weight_scores=weight_scores)
    information = scores.gram - here.ties.mean_part(here.sums)
    coefficients = here.coefficients + newton_step(information, here.score)
    return LikelihoodFit(
        names=source.names,
        coefficients=coefficients,
        sums=ScoreSums(
            bread=symmetric_inverse(information),
            squares=None,
            meat=scores.meat,
            groups=scores.groups,
            # Those who stay are weighed by inverse probabilities, under which no formula for "iid" holds.
            is_probability=True,
            is_adjusted=False,
        ),
        counts=SampleCounts(rows_of(source), len(coefficients), is_normal=True),
        collinear=(),
        facts={
            "subdistribution_hazard_ratio": ratio_of(coefficients[0]),
            "loglik": here.likelihood,
            "loglik_null": first.likelihood,
            "iterations": top.steps,
        },
        notes=(NOTES[weight_scores],),
    )


def _start(  # noqa: PLR0917
    source: ModelSource,
    episodes: CheckedEpisodes,
    observed: Observed,
    cause: int,
    ties: Ties,
    threads: int,
) -> tuple[SubPasses, tuple[Collinear, ...]]:
    """Return the passes over the sample without collinear regressors, and these."""
    cells, centre = episodes.cells, centre_of(source)
    at_cells = observed.before(cells.strata.astype(np.int32), cells.times)
    rows = SubRows(CoxRows(cells, cause, centre, np.zeros(len(centre))), observed, at_cells)
    passes = SubPasses(source, rows, ties, threads)
    here = passes.visit(np.zeros(len(centre)))
    products = passes.products(here)
    collinear = _collinear(source.names, np.diag(products), products - here.ties.mean_part(here.sums))
    if not collinear:
        return passes, ()
    dropped = {item.name for item in collinear}
    kept = [place for place, name in enumerate(source.names) if name not in dropped]
    source = source.only([*range(OUTCOMES), *(OUTCOMES + place for place in kept)])
    rows = SubRows(CoxRows(cells, cause, centre[kept], np.zeros(len(kept))), observed, at_cells)
    return SubPasses(source, rows, ties, threads), collinear


def _collinear(names: tuple[str, ...], squares: Floats, information: Floats) -> tuple[Collinear, ...]:
    """Return the regressors that say nothing of their own within the risk sets.

    Raises
    ------
    NotIdentifiedError
        The first, the exposure, is one of them.
    """
    nothing = np.zeros(len(names))
    within = Absorbed(
        slopes=np.empty((0, len(names))),
        point=nothing,
        within=np.diag(information).copy(),
        explained=nothing,
        rest=information,
        rank=0,
    )
    found = find_collinear(names, squares, within, (), "every risk set")
    reasons = {item.name: item.reason for item in found}
    if names[0] in reasons:
        raise NotIdentifiedError(
            f"the subdistribution hazard ratio of {names[0]} is not identified: {reasons[names[0]]}",
            hint="Use fewer strata, or choose an exposure that varies among the firms at risk together.",
        )
    return found


def _facts(episodes: CheckedEpisodes, observed: Observed) -> dict[str, Any]:
    return {
        "events": episodes.events,
        "other_events": episodes.other_events,
        "event_times": len(np.unique(episodes.cells.times)),
        "least_weight": float(observed.after.min(initial=1.0)),
    }
