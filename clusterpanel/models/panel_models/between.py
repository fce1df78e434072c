"""Between: least squares of firm means, one row a firm, each firm counted once."""

from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.errors import Fault, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import FIRM, ArrayBlock, Floats, Integers, ModelSource
from clusterpanel.models.fit import Fit
from clusterpanel.models.panel_models.changed_source import ChangedSource
from clusterpanel.models.panel_models.columns import PanelColumns, firm_means, panel_columns, pieces
from clusterpanel.models.panel_models.firm_moments import firm_moments
from clusterpanel.models.panel_models.quasi_demean import Terms
from clusterpanel.models.panel_models.solution import PanelSolution
from clusterpanel.models.panel_models.terms import panel_model, shown_terms
from clusterpanel.models.panel_models.variation import explained_shares
from clusterpanel.models.vcov.from_rows import RowPlaces
from clusterpanel.spec.vcov import Vcov


def fit_between(
    source: ModelSource,
    vcov: Vcov = "iid",
    *,
    places: RowPlaces | None = None,
    times: Integers | None = None,
    threads: int = 1,
) -> Fit:
    """Fit least squares of firm means.

    Parameters
    ----------
    source : ModelSource
        Without firm effects and weights. Other effects enter as the shares of a firm's years in their levels.
    vcov : Vcov
        As a design's spec has it.
    places : RowPlaces or None
        Where each firm stands, for variances that need the rows; None: sums over ``source``'s groups suffice.
    times : integer array, shape (groups,), or None
        The years of the first way, for Driscoll-Kraay errors.
    threads : int

    Raises
    ------
    SpecError
        The sample has weights, firm effects or too many dummies, or a firm lies in several groups of the
        errors.
    NotIdentifiedError
        The exposure's firm means are collinear, or there are too few firms.
    """
    solution = solve_between(source, threads)
    return solution.fit(solution.covariance(vcov, places=places, times=times, threads=threads))


def solve_between(source: ModelSource, threads: int = 1) -> PanelSolution:
    """Return `fit_between` before its variance."""
    columns = panel_columns(source, "between", threads)
    _check_groups(source)
    model = panel_model(columns, firm_moments(source, columns, threads), source.effect_names, is_between=True)
    moments = model.moments
    if moments.firms < len(moments.within):
        raise NotIdentifiedError(
            f"{moments.firms} firms are too few for {len(moments.within) - 1} coefficients",
            hint="Widen the sample, or use fewer regressors.",
        )
    gram = moments.weighted_between(1 / moments.years)
    changed = ChangedSource(
        source=source,
        change=FirmMean(columns, model.terms),
        names=model.terms.names,
        rows=source.firm_levels,
        firm_levels=source.firm_levels,
        effect_names=(),
        effect_levels=(),
        group_levels=source.group_levels,
    )
    solution = PanelSolution(changed, gram, shown_terms(model), model.collinear)
    return replace(solution, facts=explained_shares(moments, solution.coefficients, model.constant))


@dataclass(frozen=True)
class FirmMean:
    """The change of a block to one row a firm: its means.

    Attributes
    ----------
    columns : PanelColumns
    terms : Terms
    """

    columns: PanelColumns
    terms: Terms

    def __call__(self, block: ArrayBlock) -> ArrayBlock:
        """Return the firms' means, without effects."""
        means = np.concatenate([self._of_piece(piece) for piece in pieces(block)], axis=1)
        firms = means.shape[1]
        return block._replace(
            values=means,
            effects=np.empty((firms, 0), dtype=np.int32),
            starts=np.arange(firms + 1),
            groups=np.ascontiguousarray(block.groups[block.starts[:-1]]),
        )

    def _of_piece(self, piece: ArrayBlock) -> Floats:
        means, _ = firm_means(self.columns.of(piece), piece.starts)
        return means[self.terms.columns]


def _check_groups(source: ModelSource) -> None:
    faults = [
        Fault("between", "vcov", f"errors grouped by {name}, which changes within firms", "groups of firms")
        for way, name in enumerate(source.group_names)
        if not source.is_nested(FIRM, way)
    ]
    if faults:
        raise SpecError("between has one row a firm, which lies in one group", faults=faults)
