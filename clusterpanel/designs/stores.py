"""What a pass over the panel keeps of a sample: firms, codes, and numbers as long as they may be held."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.designs.codes import SampleCodes, joined, narrow, slices
from clusterpanel.designs.columns import NumberColumns
from clusterpanel.designs.dictionaries import Dictionary
from clusterpanel.designs.sample_moments import FactsFold, FirmRows, SampleFacts, cut_rows
from clusterpanel.engine.firm_blocks import firm_starts
from clusterpanel.errors import DataError
from clusterpanel.models.arrays import Flags, Floats, Integers
from clusterpanel.models.picked import PickedColumns

# How far beyond the budget the rows to come must be foretold for a sample to be streamed at once.
FORETELLS = 1.25


class FirmStore:
    """The firms of a sample: their rows follow each other, so that they need no dictionary.

    Parameters
    ----------
    name : str
    in_order : bool
        Whether the panel is known to be sorted by firm.
    drops_alone : bool
        Whether firms of one row go.
    most_labels : int or None
        How many firms' identifiers are held; None: as many as come. 0: none.
    """

    def __init__(self, name: str, in_order: bool, drops_alone: bool, most_labels: int | None) -> None:
        self.name, self.alone, self.firms = name, 0, 0
        self._in_order, self._drops_alone, self._most_labels = in_order, drops_alone, most_labels
        self._sizes: list[Integers] = []
        self._labels: list[pa.ChunkedArray | pa.Array] = []

    def add(
        self,
        firms: pa.ChunkedArray,
        keep: Flags | None,
        starts: Integers | None = None,
        labels: pa.Array | None = None,
    ) -> tuple[Integers, Flags | None]:
        """Return the kept rows of each firm that is left, and which rows are left of those to keep.

        `starts` are the block's firms' first rows, `labels` their identifiers, where they are known.

        Raises
        ------
        DataError
            A firm is missing, or the firms are not in order.
        """
        if firms.null_count:
            came = f"{firms.null_count:,} rows without {self.name}"
            raise DataError(f"the panel's key is broken: {came}", hint="Every row needs its firm.")
        starts = firm_starts(firms) if starts is None else starts
        sizes = np.diff(starts)
        left = sizes if keep is None else np.add.reduceat(keep, starts[:-1], dtype=np.int64)
        is_alone = left == 1
        if self._drops_alone and is_alone.any():
            self.alone += int(is_alone.sum())
            keep = _without_firms(is_alone, starts, keep)
            left = np.where(is_alone, 0, left)
        if labels is None:
            self._add_labels(firms, starts[:-1], left > 0)
        else:
            self._labels.append(labels.filter(pa.array(left > 0)))
        left = left[left > 0]
        self._sizes.append(left)
        self.firms += len(left)
        return left, keep

    @property
    def holds_labels(self) -> bool:
        """Whether identifiers are held of however many firms."""
        return self._most_labels is None

    def starts(self) -> Integers:
        """Return the first row of each firm, and the number of rows."""
        return np.concatenate([[0], np.cumsum(np.concatenate([np.empty(0, dtype=np.int64), *self._sizes]))])

    def labels(self) -> pa.Array | None:
        """Return the firms' identifiers in order, or None where they are not held."""
        if self._most_labels is not None and self.firms > self._most_labels:
            return None
        chunks = [
            chunk
            for labels in self._labels
            for chunk in (labels.chunks if isinstance(labels, pa.ChunkedArray) else (labels,))
        ]
        return pa.concat_arrays(chunks) if chunks else pa.array([], pa.string())

    def _add_labels(self, firms: pa.ChunkedArray, first: Integers, is_left: Flags) -> None:
        holds = self._most_labels is None or self.firms <= self._most_labels
        if self._in_order and not holds:
            self._labels.clear()
            return
        labels = firms.take(pa.array(first))
        if pa.types.is_dictionary(labels.type):
            labels = labels.cast(labels.type.value_type)
        before, after = labels.slice(0, max(len(labels) - 1, 0)), labels.slice(1)
        if not (self._in_order or pc.all(pc.less(before, after), min_count=0).as_py()):
            raise DataError(f"the panel is not sorted by {self.name}", hint="Sort it by firm and time.")
        if holds:
            self._labels.append(labels if is_left.all() else labels.filter(pa.array(is_left)))


def _without_firms(is_alone: Flags, starts: Integers, keep: Flags | None) -> Flags:
    """Return which rows are kept once firms of one kept row are gone."""
    if keep is not None:
        return np.asarray(keep & np.repeat(~is_alone, np.diff(starts)))
    # Where all rows are kept, such a firm's one row is its first.
    kept = np.ones(int(starts[-1]), dtype=np.bool_)
    kept[starts[:-1][is_alone]] = False
    return kept


class CodeStore:
    """The codes of the columns that effects and groups are made of."""

    def __init__(self, names: Iterable[str], schema: pa.Schema) -> None:
        self.dictionaries = {name: Dictionary(schema.field(name).type) for name in names}
        self._codes: dict[str, list[np.ndarray]] = {name: [] for name in self.dictionaries}
        self._known: dict[str, tuple[SampleCodes, pa.Array]] = {}

    def know(self, name: str, codes: SampleCodes, values: pa.Array, keep: Flags | None) -> None:
        """Take the codes of all rows at once, counted in the order of their values."""
        del self._codes[name]
        if keep is not None:
            codes, seen = codes.where(keep)
            values = values if seen.all() else values.filter(pa.array(seen))
        self._known[name] = codes, values

    def add(self, table: pa.Table, keep: Flags | None) -> None:
        """Go on with the kept rows of a block."""
        for name, pieces in self._codes.items():
            codes = self.dictionaries[name].codes(table.column(name), keep)
            pieces.append(narrow(codes, self.dictionaries[name].levels))

    def finish(self, name: str) -> SampleCodes:
        """Return the codes of a column over the whole sample, in the order of its values.

        The pieces are given up.
        """
        if name in self._known:
            return replace(self._known[name][0], name=name)
        levels, ranks = self.dictionaries[name].levels, self.dictionaries[name].ranks()
        codes = joined(self._codes.pop(name), levels)
        if (np.diff(ranks) < 0).any():
            own = ranks.astype(codes.dtype)
            for rows in slices(len(codes)):
                codes[rows] = own[codes[rows]]
        return SampleCodes(name, codes, levels)

    def values(self, name: str) -> pa.Array:
        """Return the values of a column in the order of its codes."""
        if name in self._known:
            return self._known[name][1]
        values = self.dictionaries[name].values
        return values.take(pc.array_sort_indices(values))


class NumberStore:
    """The number columns of a sample, held as long as they may be; their weight either way.

    Parameters
    ----------
    numbers : NumberColumns
    rows : int
        The panel's rows.
    most_rows : float
        How many rows may be held. Where the panel has more, facts are found on the way; otherwise they come
        cheaper once all columns are held.
    """

    def __init__(self, numbers: NumberColumns, rows: int, most_rows: float) -> None:
        self.numbers, self.rows, self.total_weight = numbers, 0, 0.0
        self.facts: SampleFacts | None = None
        self._tells_facts = rows > most_rows
        self._told = len(numbers.plan.outcomes) + 1
        self._room, self._most_rows = rows, most_rows
        self._held: Sequence[Floats] | None = []

    def add(self, table: pa.Table, keep: Flags | None, sizes: Integers, seen: int) -> None:
        """Go on with a block: which rows are kept, each firm's number of them, the panel's rows so far."""
        columns = self._columns(table, keep, is_all=seen == self._room and not self.rows)
        if self._tells_facts:
            self._add_facts(FirmRows(columns[: self._told], np.concatenate([[0], np.cumsum(sizes)])))
        weights = self.numbers.plan.weights
        rows = int(sizes.sum())
        self.total_weight += float(rows if weights is None else columns[self.numbers.place(weights)].sum())
        self._hold(columns, rows, seen)
        self.rows += rows

    def columns(self) -> Sequence[Floats] | None:
        """Return the columns over the whole sample, or None where they take too much."""
        if self._held is None or isinstance(self._held, PickedColumns):
            return self._held
        return [column[: self.rows] for column in self._held]

    def _columns(self, table: pa.Table, keep: Flags | None, is_all: bool) -> Sequence[Floats]:
        """Return the columns of the rows kept; of all the panel's rows they are not copied yet."""
        if keep is None:
            return self.numbers.make(table)
        if is_all and not self._tells_facts and self.numbers.is_plain():
            return PickedColumns.of(self.numbers.make_plain(table), keep)
        return self.numbers.make(table.filter(pa.array(keep)))

    def _hold(self, columns: Sequence[Floats], more: int, seen: int) -> None:
        rows = self.rows + more
        # Where a sixteenth of the panel foretells too many rows, holding more would be in vain.
        is_foretold = 16 * seen >= self._room and rows / seen * self._room > FORETELLS * self._most_rows
        if rows > self._most_rows or is_foretold:
            self._held = None
        elif seen == self._room and not self.rows:
            # The whole panel in one block: its columns are taken as they are.
            self._held = columns
        elif self._held is not None:
            # Memory that is not written to is not taken, so room for all rows costs nothing.
            room = min(self._room, int(self._most_rows))
            self._held = self._held or [np.empty(room) for _ in columns]
            for held, column in zip(self._held, columns, strict=True):
                held[self.rows : rows] = column

    def _add_facts(self, rows: FirmRows) -> None:
        fold = FactsFold(len(self.numbers.plan.outcomes))
        for facts in map(fold.step, cut_rows(rows)):
            self.facts = facts if self.facts is None else fold.merge(self.facts, facts)
