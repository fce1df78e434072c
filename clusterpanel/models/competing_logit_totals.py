"""What the competing-risks logit must know of its sample before it climbs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import DataError, NotIdentifiedError, SpecError
from clusterpanel.models.absorb import CONSTANT
from clusterpanel.models.absorbed import Absorbed
from clusterpanel.models.arrays import ArrayBlock, Floats, ModelSource
from clusterpanel.models.collinear import Collinear, find_collinear


@dataclass(frozen=True)
class CauseTotals:
    """Sums over a sample, weighted where it has weights.

    Attributes
    ----------
    weight, stays : float
        Of all rows, and of those whose firm stays.
    events : float array, shape (causes,)
    wrong : int
        Rows whose outcome is no cause's number.
    centre : float array, shape (regressors,)
        The regressors' means over the first block; 0 for the constant.
    squares : float array, shape (regressors, regressors)
        The regressors' cross-products about the centre.
    """

    weight: float
    stays: float
    events: Floats
    wrong: int
    centre: Floats
    squares: Floats

    def only(self, kept: list[int]) -> "CauseTotals":
        """Return the sums of some of the regressors."""
        return replace(self, centre=self.centre[kept], squares=self.squares[np.ix_(kept, kept)])


@dataclass(frozen=True)
class CauseFold:
    """The fold of the sums."""

    causes: int
    centre: Floats

    def step(self, block: ArrayBlock) -> CauseTotals:
        """Return one block's sums."""
        outcome = block.values[0]
        weights = block.weights if len(block.weights) else np.ones(block.rows)
        is_right = (outcome >= 0) & (outcome <= self.causes) & (outcome == np.floor(outcome))
        numbers = np.where(is_right, outcome, 0).astype(np.int64)
        counts = np.bincount(numbers, weights, self.causes + 1).astype(np.float64)
        columns = block.values[1:] - self.centre[:, None]
        return CauseTotals(
            weight=float(weights.sum()),
            stays=float(counts[0]),
            events=counts[1:],
            wrong=int((~is_right).sum()),
            centre=self.centre,
            squares=(columns * weights) @ columns.T,
        )

    def merge(self, left: CauseTotals, right: CauseTotals) -> CauseTotals:
        """Return the sum."""
        return CauseTotals(
            left.weight + right.weight,
            left.stays + right.stays,
            left.events + right.events,
            left.wrong + right.wrong,
            left.centre,
            left.squares + right.squares,
        )

    def solve(self, moments: CauseTotals) -> CauseTotals:
        """Return the sums as they are."""
        return moments


def check_source(source: ModelSource) -> None:
    """Refuse what the competing-risks logit has no place for.

    Raises
    ------
    SpecError
    """
    if source.outcomes != 1:
        raise SpecError(f"the competing-risks logit came with {source.outcomes} outcomes; allowed: 1")
    effects = [source.firm_name] if source.absorbs_firm or source.firm_slopes_count else []
    effects += source.effect_names
    if effects:
        raise SpecError(
            f"the competing-risks logit came with the effects {', '.join(effects)}, which it cannot absorb",
            hint="Make dummies of them among the controls, such as i(region_code).",
        )
    if source.names[-1:] != (CONSTANT,):
        raise SpecError("the competing-risks logit needs a constant, last among its regressors")


def totals_of(source: ModelSource, causes: Sequence[str], threads: int) -> CauseTotals:
    """Return a sample's sums.

    Raises
    ------
    DataError
        An outcome is no cause's number.
    NotIdentifiedError
        A cause has no events, or nobody stays.
    """
    centre = next(iter(source.blocks())).values[1:].mean(axis=1)
    centre[-1] = 0.0
    totals = run_fold(CauseFold(len(causes), centre), source.blocks(), threads)
    if totals.wrong:
        raise DataError(
            f"the outcome of {totals.wrong:,} rows is no whole number from 0 (stays) to {len(causes)}",
            hint="Number the causes of exit 1, 2, ... in the order of their names.",
        )
    empty = [cause for cause, events in zip(causes, totals.events, strict=True) if events <= 0]
    if empty or totals.stays <= 0:
        raise NotIdentifiedError(
            f"the sample has no rows of {', '.join(empty) or 'firms that stay'}",
            hint="Join causes, or widen the sample.",
        )
    return totals


def keep_regressors(source: ModelSource, totals: CauseTotals) -> tuple[tuple[Collinear, ...], list[int]]:
    """Return the regressors that say nothing of their own beside a constant, and the places of the others.

    Raises
    ------
    NotIdentifiedError
        The first regressor, the exposure, is one of them.
    """
    sums, nothing = totals.squares[-1].copy(), np.zeros(len(source.names))
    sums[-1] = 0.0
    rest = totals.squares - np.outer(sums, sums) / totals.weight
    rest[-1], rest[:, -1], rest[-1, -1] = 0.0, 0.0, totals.weight
    whole = np.diag(rest).copy()
    whole[whole <= 1e-14 * np.diag(totals.squares)] = 0.0
    within = Absorbed(
        slopes=np.empty((0, len(whole))), point=nothing, within=whole, explained=nothing, rest=rest, rank=0
    )
    found = find_collinear(source.names, whole, within, (), None)
    dropped = {item.name: item.reason for item in found}
    if source.names[0] in dropped:
        raise NotIdentifiedError(
            f"the relative-risk ratios of {source.names[0]} are not identified: {dropped[source.names[0]]}",
            hint="Choose a sample in which the exposure varies.",
        )
    return found, [place for place, name in enumerate(source.names) if name not in dropped]
