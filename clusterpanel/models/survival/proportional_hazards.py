"""The test of proportional hazards: that hazard ratios are the same at all times.

The score test of Grambsch and Therneau (1994, Biometrika 81) that the coefficients are b + c g(t) with c = 0,
with the exact information of b and c, as R's `cox.zph` since survival 3.0.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammaincc

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import ArrayBlock, Floats
from clusterpanel.models.survival.cox import CoxFit
from clusterpanel.models.survival.cox_passes import cell_weights, kernel_rows, whole
from clusterpanel.models.survival.cox_rows import CoxRows, batches_of
from clusterpanel.models.survival.cox_ties import CellWeights, TieTerms
from clusterpanel.models.survival.time_transforms import Transform, transformed_times

GLOBAL = "GLOBAL"


@dataclass(frozen=True)
class TimedInformationFold:
    """The fold of the information of rows at risk, its cells weighted in several ways at once.

    Attributes
    ----------
    rows : CoxRows
    weights : tuple of CellWeights
    """

    rows: CoxRows
    weights: tuple[CellWeights, ...]

    def step(self, batch: Iterable[ArrayBlock]) -> Floats:
        """Return some blocks' products, lower triangles; shape (ways, regressors, regressors)."""
        from clusterpanel.models.survival import cox_kernels

        size = len(self.rows.centre)
        products = np.zeros((len(self.weights), size, size))
        for block in batch:
            rows, hazards = kernel_rows(block, self.rows.terms(block), self.rows.centre), np.empty(block.rows)
            for weights, gram in zip(self.weights, products, strict=True):
                cox_kernels.write_hazards(rows, weights, hazards)
                cox_kernels.add_products(rows, hazards, gram)
        return products

    def merge(self, left: Floats, right: Floats) -> Floats:
        """Return the sum."""
        return left + right

    def solve(self, moments: Floats) -> Floats:
        """Return whole matrices."""
        return np.stack([whole(gram) for gram in moments])


def proportional_hazards_test(
    fit: CoxFit,
    transform: Transform = "km",
    terms: Mapping[str, Sequence[str]] | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """Test whether hazard ratios are the same at all times; one pass over the sample.

    Parameters
    ----------
    fit : CoxFit
    transform : "km", "rank", "identity" or "log"
        The function of time g that a coefficient may follow.
    terms : mapping of str to sequences of str
        Regressors that are tested together, such as a factor's dummies; by default each by itself.
    threads : int

    Returns
    -------
    DataFrame
        term, statistic (chi-squared), degrees_of_freedom, p_value; the last row, GLOBAL, of all regressors.

    Raises
    ------
    SpecError
        An unknown transform or regressor.
    NotIdentifiedError
        All events are at one time.
    """
    places = _places_of(fit, terms)
    g = _centred(fit, transformed_times(fit, transform, threads))
    information, score = _joint(fit, g, threads)
    size = len(fit.source.names)
    rows = []
    for term, chosen in places.items():
        some = [*range(size), *(size + place for place in chosen)]
        right = score[some]
        statistic = float(right @ np.linalg.solve(information[np.ix_(some, some)], right))
        rows.append((term, statistic, len(chosen), float(gammaincc(len(chosen) / 2, statistic / 2))))
    return pd.DataFrame(rows, columns=["term", "statistic", "degrees_of_freedom", "p_value"]).astype(
        {"term": "str"}
    )


def _places_of(fit: CoxFit, terms: Mapping[str, Sequence[str]] | None) -> dict[str, list[int]]:
    names = fit.source.names
    wanted = {name: (name,) for name in names} if terms is None else terms
    unknown = sorted({name for group in wanted.values() for name in group} - set(names))
    if unknown:
        raise SpecError(f"the regressors {', '.join(unknown)} are not among {', '.join(names)}")
    places = {term: [names.index(name) for name in group] for term, group in wanted.items()}
    return {**places, GLOBAL: list(range(len(names)))}


def _centred(fit: CoxFit, g: Floats) -> Floats:
    """Return g less its mean over events, scaled, which changes no statistic but keeps digits."""
    events = fit.sums.events
    centred: Floats = g - (g @ events) / events.sum()
    size = float(np.abs(centred).max())
    if size == 0:
        raise NotIdentifiedError(
            "all events are at one time, over which hazard ratios cannot change",
            hint="Widen the sample, or measure time more finely.",
        )
    return centred / size


def _joint(fit: CoxFit, g: Floats, threads: int) -> tuple[Floats, Floats]:
    """Return information and score of the coefficients and their changes with g, twice the regressors."""
    ties, sums, cells = fit.tie_terms, fit.sums, fit.rows.cells
    powers = [_times(ties, power) for power in (np.ones(len(g)), g, g * g)]
    fold = TimedInformationFold(fit.rows, tuple(cell_weights(cells, power) for power in powers))
    at_risk = run_fold(fold, batches_of(fit.source, 1, threads), threads)
    own, mixed, squared = (gram - power.mean_part(sums) for gram, power in zip(at_risk, powers, strict=True))
    information = np.block([[own, mixed], [mixed, squared]])
    change = g @ sums.event_values - powers[1].a0 @ sums.s1 + powers[1].a1 @ sums.d1
    return information, np.concatenate([np.zeros(len(change)), change])


def _times(ties: TieTerms, factor: Floats) -> TieTerms:
    """Return the terms of each cell times a factor."""
    a0, a1, b0, b1, b2, loss = ties
    return TieTerms(factor * a0, factor * a1, factor * b0, factor * b1, factor * b2, loss)
