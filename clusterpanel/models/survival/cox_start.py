"""Where a Cox regression's climb begins: coefficients of 0, and the regressors that say something there."""

from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.absorbed import Absorbed
from clusterpanel.models.arrays import Floats, Integers, ModelSource
from clusterpanel.models.collinear import Collinear, find_collinear
from clusterpanel.models.survival.cox_climb import RiskPass
from clusterpanel.models.survival.cox_passes import InformationFold, RiskFold, cell_weights
from clusterpanel.models.survival.cox_rows import CoxRows, batches_of, centre_of, in_small_blocks
from clusterpanel.models.survival.cox_ties import Ties, tie_terms
from clusterpanel.models.survival.episodes import OUTCOMES
from clusterpanel.models.survival.risk_cells import CellSums, RiskCells


@dataclass(frozen=True)
class CoxPasses:
    """The passes over a sample.

    Attributes
    ----------
    source : ModelSource
    rows : CoxRows
    ties : "efron" or "breslow"
    threads : int
    """

    source: ModelSource
    rows: CoxRows
    ties: Ties
    threads: int

    def risk_sums(self, coefficients: Floats, *, needs_squares: bool = False) -> tuple[CellSums, Integers]:
        """Return the cells' sums at a point, and the number of rows at risk in no cell, one, several."""
        fold = RiskFold(self.rows.at(coefficients), needs_squares)
        batches = batches_of(self.source, self.rows.cells.size, self.threads)
        return run_fold(fold, batches, self.threads)

    def visit(self, coefficients: Floats) -> RiskPass:
        """Return likelihood and score at a point."""
        sums, _ = self.risk_sums(coefficients)
        return RiskPass.of(coefficients, sums, tie_terms(sums, self.ties))

    def products(self, here: RiskPass) -> Floats:
        """Return the information that rows at risk have about the centre, shape (regressors, regressors)."""
        fold = InformationFold(self.rows.at(here.coefficients), cell_weights(self.rows.cells, here.ties))
        return run_fold(fold, batches_of(self.source, 1, self.threads), self.threads)

    def curve(self, here: RiskPass) -> Floats:
        """Return the information at a point."""
        return self.products(here) - here.ties.mean_part(here.sums)


@dataclass(frozen=True)
class Start:
    """The beginning of a climb.

    Attributes
    ----------
    passes : CoxPasses
        Over the sample, collinear regressors dropped.
    here : RiskPass
        At coefficients of 0.
    information : float array, shape (regressors, regressors)
    spread : float array, shape (regressors,)
        Root mean squares of the regressors about their centre, over the events' risk sets.
    collinear : tuple of Collinear
    runs : integer array, shape (3,)
        Rows at risk in no cell, in one, in several.
    """

    passes: CoxPasses
    here: RiskPass
    information: Floats
    spread: Floats
    collinear: tuple[Collinear, ...]
    runs: Integers


def start_of(source: ModelSource, cells: RiskCells, cause: int | None, ties: Ties, threads: int) -> Start:
    """Return where the climb begins.

    Raises
    ------
    NotIdentifiedError
        The first regressor, the exposure, is constant or collinear within the risk sets.
    """
    source = in_small_blocks(source)
    centre = centre_of(source)
    rows = CoxRows(cells, cause, centre, np.zeros(len(centre)))
    passes = CoxPasses(source, rows, ties, threads)
    sums, runs = passes.risk_sums(rows.coefficients)
    if runs[0] == runs[2] == 0:
        rows = replace(rows, cells=cells.known_as_unit(True))
        passes = replace(passes, rows=rows)
    here = RiskPass.of(rows.coefficients, sums, tie_terms(sums, ties))
    products = passes.products(here)
    information = products - here.ties.mean_part(sums)
    collinear, kept = _collinear(source, np.diag(products), information)
    if collinear:
        source = source.only([*range(OUTCOMES), *(OUTCOMES + place for place in kept)])
        rows = replace(rows, centre=centre[kept], coefficients=np.zeros(len(kept)))
        passes = replace(passes, source=source, rows=rows)
        here, information = passes.visit(rows.coefficients), information[np.ix_(kept, kept)]
    spread = np.sqrt(np.diag(products)[kept] / sums.event_weights.sum())
    return Start(passes, here, information, spread, collinear, runs)


def _collinear(
    source: ModelSource, squares: Floats, information: Floats
) -> tuple[tuple[Collinear, ...], list[int]]:
    """Return the regressors that say nothing of their own within the risk sets, and the places of others."""
    nothing = np.zeros(len(information))
    within = Absorbed(
        slopes=np.empty((0, len(information))),
        point=nothing,
        within=np.diag(information).copy(),
        explained=nothing,
        rest=information,
        rank=0,
    )
    found = find_collinear(source.names, squares, within, (), "every risk set")
    dropped = {item.name: item.reason for item in found}
    if source.names[0] in dropped:
        raise NotIdentifiedError(
            f"the hazard ratio of {source.names[0]} is not identified: {dropped[source.names[0]]}",
            hint="Use fewer strata, or choose an exposure that varies among the firms at risk together.",
        )
    return found, [place for place, name in enumerate(source.names) if name not in dropped]
