"""A sample's means, squares and switchers, as a fold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from clusterpanel.models.arrays import ROWS_PER_BLOCK, ArrayBlock, Floats, Integers
from clusterpanel.models.code_passes import switchers
from clusterpanel.models.column_passes import mean_and_squares
from clusterpanel.models.picked import PickedColumns


class FirmRows(NamedTuple):
    """Some whole firms' rows.

    Attributes
    ----------
    columns : sequence of float arrays, each of shape (rows,)
        Outcomes, then the exposure.
    starts : integer array, shape (firms + 1,)
    """

    columns: Sequence[Floats]
    starts: Integers


@dataclass(frozen=True)
class SampleFacts:
    """What a sample's columns are like.

    Attributes
    ----------
    rows, firms : int
    switchers : int
        Firms whose exposure, the first column after the outcomes, changes within the sample.
    means, squares : float array, shape (outcomes + 1,)
        Of the outcomes and the exposure: means, and sums of squares about them.
    lowest, highest : float array, shape (outcomes + 1,)
    """

    rows: int
    firms: int
    switchers: int
    means: Floats
    squares: Floats
    lowest: Floats
    highest: Floats

    def deviation(self, column: int) -> float:
        """Return a column's standard deviation."""
        return float(np.sqrt(self.squares[column] / (self.rows - 1))) if self.rows > 1 else float("nan")


@dataclass(frozen=True)
class FactsFold:
    """The fold of a sample's facts.

    Attributes
    ----------
    exposure : int
        The place of the exposure among the columns.
    """

    exposure: int

    def step(self, block: FirmRows) -> SampleFacts:
        """Return some firms' facts."""
        columns, starts = block
        totals = np.array([mean_and_squares(column) for column in columns])
        return SampleFacts(
            rows=int(starts[-1]),
            firms=len(starts) - 1,
            switchers=switchers(columns[self.exposure], starts),
            means=totals[:, 0].copy(),
            squares=totals[:, 1].copy(),
            lowest=np.array([column.min() for column in columns]),
            highest=np.array([column.max() for column in columns]),
        )

    def merge(self, left: SampleFacts, right: SampleFacts) -> SampleFacts:
        """Join means and squares as Chan, Golub and LeVeque (1983, American Statistician 37) do."""
        rows = left.rows + right.rows
        apart = right.means - left.means
        return SampleFacts(
            rows=rows,
            firms=left.firms + right.firms,
            switchers=left.switchers + right.switchers,
            means=left.means + apart * (right.rows / rows),
            squares=left.squares + right.squares + apart**2 * (left.rows / rows * right.rows),
            lowest=np.minimum(left.lowest, right.lowest),
            highest=np.maximum(left.highest, right.highest),
        )

    def solve(self, moments: SampleFacts) -> SampleFacts:
        """Return the facts."""
        return moments


def rows_of_blocks(blocks: Iterator[ArrayBlock]) -> Iterator[FirmRows]:
    """Yield the blocks of a model's source as the facts' fold takes them."""
    return (FirmRows(list(block.values), block.starts) for block in blocks)


def cut_rows(rows: FirmRows) -> Iterator[FirmRows]:
    """Yield pieces of whole firms that a core's cache holds; columns that are held are not copied."""
    columns, starts = rows
    first = 0
    while first < len(starts) - 1:
        last = int(np.searchsorted(starts, starts[first] + ROWS_PER_BLOCK))
        last = max(first + 1, min(last, len(starts) - 1))
        piece = slice(starts[first], starts[last])
        held = (
            columns.stacked(piece) if isinstance(columns, PickedColumns) else [own[piece] for own in columns]
        )
        yield FirmRows(list(held), starts[first : last + 1] - starts[first])
        first = last
