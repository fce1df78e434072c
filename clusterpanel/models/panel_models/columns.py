"""The columns of a panel model as its folds see them: outcome, regressors, a constant, dummies."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import Fault, SpecError
from clusterpanel.models.absorb import CONSTANT
from clusterpanel.models.arrays import ArrayBlock, Floats, Integers, ModelSource

# Effects enter as dummies, whose cross-products take a matrix of this size for each number of years.
MOST_DUMMIES = 200
# Dummies are spelt out for so many rows at a time.
ROWS_AT_A_TIME = 32_768


@dataclass(frozen=True)
class PanelColumns:
    """Which columns a panel model has, in which order.

    Attributes
    ----------
    names : tuple of str
        The regressors, without a constant.
    centre : float array, shape (1 + regressors,)
        Means of outcome and regressors, taken off first for the digits it saves.
    dummies : int
        The number of levels of all effects.
    """

    names: tuple[str, ...]
    centre: Floats
    dummies: int

    @property
    def constant(self) -> int:
        """The place of the constant: after outcome and regressors, before the dummies."""
        return 1 + len(self.names)

    @property
    def count(self) -> int:
        """The number of columns."""
        return self.constant + 1 + self.dummies

    def of(self, block: ArrayBlock) -> Floats:
        """Return a block's columns, centred; shape (columns, rows)."""
        values = np.zeros((self.count, block.rows))
        given = self.constant
        np.subtract(block.values[:given], self.centre[:, None], out=values[:given])
        values[given] = 1.0
        if self.dummies:
            for levels in block.effects.T:
                values[given + 1 + levels, np.arange(block.rows)] = 1.0
        return values


@dataclass(frozen=True)
class SumFold:
    """The fold of the columns' sums."""

    rows: int

    def step(self, block: ArrayBlock) -> Floats:
        """Return a block's sums."""
        sums: Floats = block.values.sum(axis=1)
        return sums

    def merge(self, left: Floats, right: Floats) -> Floats:
        """Add two blocks' sums."""
        return left + right

    def solve(self, moments: Floats) -> Floats:
        """Return the means."""
        return moments / self.rows


def panel_columns(
    source: ModelSource, model: str, threads: int = 1, *, has_dummies: bool = True
) -> PanelColumns:
    """Return the columns of a panel model, once it is known that the model is defined for them.

    Parameters
    ----------
    source : ModelSource
    model : str
        Its name, for what is refused.
    threads : int
    has_dummies : bool
        Whether effects enter as dummies.

    Raises
    ------
    SpecError
        The sample has weights, an offset, absorbed firms, slopes, several outcomes or too many effects.
    """
    check_source(source, model, MOST_DUMMIES if has_dummies else None)
    names = source.names[:-1] if source.names[-1] == CONSTANT else source.names
    means = run_fold(SumFold(source.rows), source.blocks(), threads)
    return PanelColumns(names, means[: 1 + len(names)], sum(source.effect_levels) if has_dummies else 0)


def check_source(source: ModelSource, model: str, most_dummies: int | None) -> None:
    """Refuse a sample for which a panel model is not defined.

    Parameters
    ----------
    source : ModelSource
    model : str
    most_dummies : int or None
        The number of levels that effects may have in all; None for any.

    Raises
    ------
    SpecError
        With every fault.
    """
    faults = []
    if source.weight_kind is not None:
        hint = "A firm's mean under weights that change over its years has no agreed meaning."
        faults.append(Fault(model, "weights", f"{source.weight_kind} weights", "none", hint))
    if source.outcomes != 1:
        faults.append(Fault(model, "outcome", f"{source.outcomes} outcomes", "one"))
    if source.absorbs_firm or source.firm_slopes_count:
        hint = f"The model deals with {source.firm_name} itself; absorb it with estimator ols."
        faults.append(Fault(model, "absorb", f"effects of {source.firm_name}", "effects of others", hint))
    if most_dummies is not None and sum(source.effect_levels) > most_dummies:
        came = ", ".join(
            f"{name} {count:,}" for name, count in zip(source.effect_names, source.effect_levels, strict=True)
        )
        hint = "Absorb coarser effects, such as year."
        faults.append(Fault(model, "absorb", f"levels: {came}", f"{most_dummies} levels in all", hint))
    if any(block.offset.size or block.loads.size for block in first_of(source)):
        faults.append(Fault(model, "offset, absorb", "an offset or slopes of effects", "none"))
    if faults:
        raise SpecError(f"{model} is not defined for this design", faults=faults)


def first_of(source: ModelSource) -> Iterator[ArrayBlock]:
    """Yield the first block, from which a sample's kind can be told."""
    for block in source.blocks():
        yield block
        return


def pieces(block: ArrayBlock) -> Iterator[ArrayBlock]:
    """Yield a block's firms, not many rows at a time."""
    starts, firms, first_firm = block.starts, len(block.starts) - 1, 0
    if block.rows <= ROWS_AT_A_TIME:
        yield block
        return
    while first_firm < firms:
        last_firm = int(np.searchsorted(starts, starts[first_firm] + ROWS_AT_A_TIME))
        last_firm = max(first_firm + 1, min(last_firm, firms))
        rows = slice(int(starts[first_firm]), int(starts[last_firm]))
        yield block._replace(
            values=block.values[:, rows],
            effects=block.effects[rows],
            starts=starts[first_firm : last_firm + 1] - starts[first_firm],
            groups=block.groups[rows],
            first_row=block.first_row + rows.start,
        )
        first_firm = last_firm


def firm_means(values: Floats, starts: Integers) -> tuple[Floats, Integers]:
    """Return each firm's means, shape (columns, firms), and its number of rows."""
    years = np.diff(starts)
    means: Floats = np.add.reduceat(values, starts[:-1], axis=1) / years
    return means, years
