"""How a point of the climb is carried to a block's rows: risk scores, cells and weights."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import NamedTuple

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Flags, Floats, Levels, ModelArrays, ModelSource
from clusterpanel.models.survival.episodes import EVENT, OUTCOMES, START, STOP, is_failing
from clusterpanel.models.survival.risk_cells import RiskCells

# A block's columns and what is made of them stay in a core's second-level cache.
ROWS_PER_BLOCK = 8_192
# Adding up the sums of all cells costs as much as this many rows per cell.
ROWS_PER_CELL = 4


class RowTerms(NamedTuple):
    """A block's rows at a point; each of shape (rows,).

    Attributes
    ----------
    eta : float array
        Linear predictor: regressors less their centre times the coefficients, plus offset.
    risks : float array
        Risk score ``exp(eta)``, without weight.
    first, last : int32 array
        Cells at risk, as `RiskCells.spans` gives them.
    fails : bool array
        Whether the row ends with the event.
    strata : int32 array
        Shape (0,) where there are none.
    """

    eta: Floats
    risks: Floats
    first: Levels
    last: Levels
    fails: Flags
    strata: Levels


class Rows(NamedTuple):
    """A block's rows at a point, as compiled loops take them.

    Attributes
    ----------
    regressors : float array, shape (regressors, rows)
    centre : float array, shape (regressors,)
    risks : float array, shape (rows,)
        The risk score r, without weight.
    weights : float array, shape (rows,) or (0,)
    first, last : int32 array, shape (rows,)
        Cells at risk, as `RiskCells.spans` gives them.
    fails : bool array, shape (rows,)
    """

    regressors: Floats
    centre: Floats
    risks: Floats
    weights: Floats
    first: Levels
    last: Levels
    fails: Flags


@dataclass(frozen=True)
class CoxRows:
    """A point, and what carries it to rows.

    Attributes
    ----------
    cells : RiskCells
    cause : int or None
        The event that is explained; None for any.
    centre : float array, shape (regressors,)
        Taken off the regressors; hazard ratios do not depend on it, sums and scores keep more digits.
    coefficients : float array, shape (regressors,)
    """

    cells: RiskCells
    cause: int | None
    centre: Floats
    coefficients: Floats

    def at(self, coefficients: Floats) -> "CoxRows":
        """Return the same at another point."""
        return replace(self, coefficients=coefficients)

    def terms(self, block: ArrayBlock) -> RowTerms:
        """Return each row's risk score and cells."""
        from clusterpanel.models.survival import cox_cell_kernels, cox_lookup

        values, rows = block.values, block.rows
        eta = np.empty(rows)
        cox_cell_kernels.write_eta(values[OUTCOMES:], self.centre, self.coefficients, block.offset, eta)
        first, last = np.empty(rows, dtype=np.int32), np.empty(rows, dtype=np.int32)
        strata = strata_of(block)
        cox_lookup.write_spans(self.cells.index, strata, values[START], values[STOP], first, last)
        return RowTerms(eta, np.exp(eta), first, last, is_failing(values[EVENT], self.cause), strata)


def strata_of(block: ArrayBlock) -> Levels:
    """Return each row's stratum, shape (rows,); shape (0,) where there are none."""
    if not block.effects.shape[1]:
        return np.empty(0, dtype=np.int32)
    return np.ascontiguousarray(block.effects[:, 0])


def in_small_blocks(source: ModelSource) -> ModelSource:
    """Return the source, cut into blocks that stay in cache where its rows are in memory."""
    if isinstance(source, ModelArrays) and source.rows_per_block > ROWS_PER_BLOCK:
        return replace(source, rows_per_block=ROWS_PER_BLOCK)
    return source


def batches_of(source: ModelSource, cells: int, threads: int) -> Iterator[Iterable[ArrayBlock]]:
    """Yield a source's blocks, some at a time, so that the cells' sums are not added up too often.

    The batches are the same whatever the number of threads; one thread reads them as it goes.
    """
    blocks = source.blocks()
    for block in blocks:
        size = max(1, -(-cells * ROWS_PER_CELL // block.rows))
        batch = chain([block], islice(blocks, size - 1))
        yield batch if threads <= 1 else list(batch)


def centre_of(source: ModelSource) -> Floats:
    """Return the regressors' means over the first block; one that is constant there has exactly its value."""
    values = next(iter(source.blocks())).values[OUTCOMES:]
    is_constant = values.min(axis=1) == values.max(axis=1)
    centre: Floats = np.where(is_constant, values[:, 0], values.mean(axis=1))
    return centre
