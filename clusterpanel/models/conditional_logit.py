"""The conditional logit: firms' effects drop out given how many of a firm's rows are 1 (Chamberlain 1980).

Chamberlain (1980, "Analysis of covariance with qualitative data", Review of Economic Studies 47). Firms whose
outcome never changes say nothing and are counted; nothing is said of the effects themselves, so neither
hazards nor marginal effects follow from the coefficients, which are log odds ratios within firms.
"""

from collections.abc import Callable

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import NotConvergedError, NotIdentifiedError, SpecError
from clusterpanel.models.absorb import Absorbed
from clusterpanel.models.arrays import FIRM, Floats, ModelSource
from clusterpanel.models.climb import MOST_HALVINGS, MOST_STEPS, TOLERANCE, check_information
from clusterpanel.models.collinear import Collinear, find_collinear
from clusterpanel.models.conditional_passes import ConditionalFold, ConditionalPass, Fixed
from clusterpanel.models.families import LOGIT
from clusterpanel.models.likelihood_fit import LikelihoodFit, ratio_of
from clusterpanel.models.outcome_totals import outcome_totals
from clusterpanel.models.projection import symmetric_inverse
from clusterpanel.models.scores import join_groups
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.sums import ScoreSums


def fit_conditional_logit(source: ModelSource, threads: int = 1) -> LikelihoodFit:
    """Fit a logit given each firm's number of ones, by maximum conditional likelihood.

    Parameters
    ----------
    source : ModelSource
        One outcome, 0 or 1; firms absorbed, no other effects (their dummies are to be regressors); weights
        the same in all rows of a firm; each firm in one group of the errors.
    threads : int
        Changes the time it takes, never the numbers.

    Returns
    -------
    LikelihoodFit
        The unit of "HC1" is the firm.

    Raises
    ------
    SpecError
        The source is of another kind.
    NotIdentifiedError
        No firm's outcome changes, or the exposure is constant within firms, collinear, or separates outcomes.
    NotConvergedError
    """
    _check_source(source)
    outcome_totals(source, LOGIT, threads, needs_mixed_firms=False)
    centre = next(source.blocks()).values[1:].mean(axis=1)
    is_frequency = source.weight_kind == "frequency"

    def visit(sample: ModelSource, coefficients: Floats, centre: Floats) -> ConditionalPass:
        fold = ConditionalFold(coefficients, Fixed(centre, sample.group_levels), is_frequency)
        return run_fold(fold, sample.blocks(), threads)

    first = visit(source, np.zeros(len(source.names)), centre)
    if not first.firms:
        raise NotIdentifiedError(
            f"no {source.firm_name} has both outcomes, so that none says anything of the odds ratios",
            hint="Use a logit without the firm's effect, or an outcome that changes within firms.",
        )
    collinear, kept = _collinear(source, first)
    if collinear:
        source, centre = source.only([0, *(1 + place for place in kept)]), centre[kept]
    coefficients, here, steps = _climb(source.names, lambda point: visit(source, point, centre), len(kept))
    return _fit(source, coefficients, here, collinear, steps, first.loss)


def _fit(  # noqa: PLR0917
    source: ModelSource,
    coefficients: Floats,
    here: ConditionalPass,
    collinear: tuple[Collinear, ...],
    steps: int,
    null_loss: float,
) -> LikelihoodFit:
    groups = tuple(
        join_groups(parts, levels) for parts, levels in zip(here.parts, source.group_levels, strict=True)
    )
    # Only groups with a firm that says something count: the others' scores are 0 by definition.
    groups = tuple(sums[sums.any(axis=1)] for sums in groups)
    lost = source.firm_levels - here.firms
    note = f"{lost:,} levels of {source.firm_name} have one outcome only, and say nothing."
    return LikelihoodFit(
        names=source.names,
        coefficients=coefficients,
        sums=ScoreSums(symmetric_inverse(here.information), None, here.meat, groups, is_adjusted=False),
        counts=SampleCounts(here.rows, len(coefficients), is_normal=True),
        collinear=collinear,
        facts={
            "loglik": -here.loss,
            "pseudo_r2": 1 - here.loss / null_loss,
            "iterations": steps,
            "odds_ratio": ratio_of(coefficients[0]),
            "informative_rows": here.rows,
            "informative_firms": here.firms,
        },
        notes=(note,) if lost else (),
    )


def _climb(
    names: tuple[str, ...], visit: Callable[[Floats], ConditionalPass], regressors: int
) -> tuple[Floats, ConditionalPass, int]:
    """Climb by Newton's method; the conditional log-likelihood is concave."""
    coefficients = np.zeros(regressors)
    first = here = visit(coefficients)
    for steps in range(MOST_STEPS):
        check_information(names, LOGIT, first.information, here.information)
        step = here.step
        promise = float(step @ here.scores)
        if promise <= TOLERANCE:
            return coefficients, here, steps
        length = 1.0
        for _ in range(MOST_HALVINGS):
            further = visit(coefficients + length * step)
            if further.loss <= here.loss + 1e-12 * abs(here.loss):
                break
            length /= 2
        coefficients, here = coefficients + length * step, further
    raise NotConvergedError(
        f"the conditional logit has not converged in {MOST_STEPS} steps: a further one promises "
        f"{promise:.2g} of deviance {2 * here.loss:.6g}",
        hint="Rescale or drop the regressors with extreme values.",
    )


def _collinear(source: ModelSource, first: ConditionalPass) -> tuple[tuple[Collinear, ...], list[int]]:
    """Return the regressors that say nothing of their own within firms whose outcome changes.

    Raises
    ------
    NotIdentifiedError
        The exposure is one of them.
    """
    information = first.information
    scale = information.trace() / max(float(first.squares.sum()), 1e-300)
    nothing = np.zeros(len(information))
    within = Absorbed(
        slopes=np.empty((0, len(information))),
        point=nothing,
        within=np.diag(information).copy(),
        explained=nothing,
        rest=information,
        rank=0,
    )
    # The information at the start is the spread within firms, times a share of it that is about the same
    # for all regressors.
    found = find_collinear(source.names, first.squares * scale, within, (), source.firm_name)
    dropped = {item.name: item.reason for item in found}
    if source.names[0] in dropped:
        raise NotIdentifiedError(
            f"the odds ratio of {source.names[0]} is not identified: {dropped[source.names[0]]}",
            hint="Choose an exposure that changes within firms whose outcome changes.",
        )
    return found, [place for place, name in enumerate(source.names) if name not in dropped]


def _check_source(source: ModelSource) -> None:
    """Refuse what the conditional likelihood has no place for.

    Raises
    ------
    SpecError
    """
    if not source.absorbs_firm or source.firm_slopes_count:
        raise SpecError(
            "the conditional logit needs the firm's effect absorbed, without slopes",
            hint="Choose the within comparison, or the estimator logit.",
        )
    if source.effect_names:
        raise SpecError(
            f"the conditional logit came with the effects {', '.join(source.effect_names)}; "
            f"allowed: {source.firm_name}'s",
            hint="Make dummies of them among the controls, such as i(year).",
        )
    for way, name in enumerate(source.group_names):
        if not source.is_nested(FIRM, way):
            raise SpecError(
                f"the conditional logit cannot group errors by {name}: a {source.firm_name} lies in several",
                hint=f"Group by {source.firm_name}, or by what never changes for it.",
            )
