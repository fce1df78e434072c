"""What a GLM must know of its outcome before it starts: its range, mean, and the fit of a constant alone."""

from dataclasses import dataclass

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import Fault, NotConvergedError, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import ArrayBlock, Floats, ModelSource
from clusterpanel.models.families import Family

MOST_STEPS = 100
TOLERANCE = 1e-20


@dataclass
class OutcomeTotals:
    """The outcome of a sample.

    Attributes
    ----------
    weight, total : float
        Sum of the weights, and of weight times outcome.
    lowest, highest : float
    is_yes_no : bool
        Whether every outcome is 0 or 1; not looked at for counts.
    one_sided_firms : int
        Firms whose own effect would run off: all 0, or where it is yes or no, all 1.
    offset : float
        Sum of weight times offset.
    has_offset : bool
    """

    weight: float
    total: float
    lowest: float
    highest: float
    is_yes_no: bool
    one_sided_firms: int
    offset: float
    has_offset: bool


@dataclass(frozen=True)
class TotalsFold:
    """The fold of the outcome's totals."""

    family: Family
    absorbs_firm: bool

    def step(self, block: ArrayBlock) -> OutcomeTotals:
        """Return one block's totals."""
        outcome = block.values[0]
        weights = block.weights if len(block.weights) else np.ones(block.rows)
        is_yes_no = not self.family.is_count and bool(((outcome == 0) | (outcome == 1)).all())
        one_sided = 0
        if self.absorbs_firm:
            sums = np.add.reduceat(outcome, block.starts[:-1])
            one_sided = int((sums == 0).sum())
            if not self.family.is_count:
                one_sided += int((sums == np.diff(block.starts)).sum())
        offset = float(weights @ block.offset) if len(block.offset) else 0.0
        total = float(weights @ outcome)
        lowest, highest = float(outcome.min()), float(outcome.max())
        return OutcomeTotals(
            weight=float(weights.sum()),
            total=total,
            lowest=lowest,
            highest=highest,
            is_yes_no=is_yes_no,
            one_sided_firms=one_sided,
            offset=offset,
            has_offset=bool(len(block.offset)),
        )

    def merge(self, left: OutcomeTotals, right: OutcomeTotals) -> OutcomeTotals:
        """Return the totals of both."""
        return OutcomeTotals(
            left.weight + right.weight,
            left.total + right.total,
            min(left.lowest, right.lowest),
            max(left.highest, right.highest),
            left.is_yes_no and right.is_yes_no,
            left.one_sided_firms + right.one_sided_firms,
            left.offset + right.offset,
            left.has_offset or right.has_offset,
        )

    def solve(self, moments: OutcomeTotals) -> OutcomeTotals:
        """Return the totals as they are."""
        return moments


def outcome_totals(
    source: ModelSource, family: Family, threads: int = 1, *, needs_mixed_firms: bool = True
) -> OutcomeTotals:
    """Return the totals of an outcome that the family can be fitted to.

    Parameters
    ----------
    source : ModelSource
    family : Family
    threads : int
    needs_mixed_firms : bool
        Whether firms that are absorbed must not have outcomes of one side only.

    Raises
    ------
    SpecError
        The outcome has values the family knows nothing of.
    NotIdentifiedError
        The outcome does not vary, or some firms with an effect of their own have outcomes of one side only.
    """
    totals = run_fold(TotalsFold(family, source.absorbs_firm), source.only([0]).blocks(), threads)
    allowed = "numbers from 0 on" if family.is_count else "0 and 1, or true and false"
    if totals.lowest < 0 if family.is_count else not totals.is_yes_no:
        fault = Fault("the outcome", "", f"values from {totals.lowest:g} to {totals.highest:g}", allowed)
        raise SpecError(f"{family.words} cannot take the outcome", faults=[fault])
    if totals.highest == 0 or (not family.is_count and totals.lowest == totals.highest):
        raise NotIdentifiedError(
            f"{family.words} has nothing to explain: the outcome is {totals.lowest:g} in every row",
            hint="Widen the sample, or choose an outcome that varies.",
        )
    if totals.one_sided_firms and needs_mixed_firms:
        sides = "is 0 throughout" if family.is_count else "never changes"
        raise NotIdentifiedError(
            f"{totals.one_sided_firms:,} levels of {source.firm_name} have an outcome that {sides}; their "
            "own effects would be infinite",
            hint="Set their rows aside first.",
        )
    return totals


@dataclass(frozen=True)
class NullFold:
    """The fold of the score, information and loss of a constant alone, beside an offset."""

    family: Family
    constant: float

    def step(self, block: ArrayBlock) -> Floats:
        """Return one block's sums."""
        eta = np.full(block.rows, self.constant)
        if len(block.offset):
            eta += block.offset
        information, scores, loss = self.family.terms(eta, block.values[0], block.weights)
        return np.array([scores.sum(), information.sum(), loss])

    def merge(self, left: Floats, right: Floats) -> Floats:
        """Return the sum."""
        return left + right

    def solve(self, moments: Floats) -> Floats:
        """Return the sums as they are."""
        return moments


def fit_constant(
    source: ModelSource, family: Family, totals: OutcomeTotals, threads: int = 1
) -> tuple[float, float]:
    """Return the constant that alone fits best, and its loss; counts without an offset take no pass.

    Raises
    ------
    NotConvergedError
    """
    outcome = source.only([0])
    constant = family.link(totals.total / totals.weight) - totals.offset / totals.weight
    if family.is_count and not totals.has_offset:
        return constant, totals.total * (1.0 - constant)
    for _ in range(MOST_STEPS):
        score, information, loss = run_fold(NullFold(family, constant), outcome.blocks(), threads)
        step = score / information
        if step * score <= TOLERANCE * max(1.0, abs(loss)):
            return constant, float(loss)
        # A step of more than 1 in the logarithm overshoots where the offset is far off.
        constant += float(np.clip(step, -1.0, 1.0))
    raise NotConvergedError(
        f"the constant of {family.words} has not converged in {MOST_STEPS} steps",
        hint="Check the offset: it belongs on the scale of the logarithm.",
    )
