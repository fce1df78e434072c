"""Which rows of a block a sample keeps, each loss counted, whatever the borders of the blocks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.designs.encode import as_floats, has_missing, is_missing
from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.errors import DataError, Fault, SpecError
from clusterpanel.models.arrays import Flags
from clusterpanel.spec.faults import SHOWN_CHOICES

MISSING = "is missing"

Undefined = Callable[[pa.Table], Mapping[str, Flags]]


@dataclass
class Loss:
    """Rows that a step set aside so far."""

    step: str
    reason: str
    rows: int = 0


class Condition:
    """Keep the rows whose column holds one of some values."""

    def __init__(self, design: str, name: str, values: Sequence[object], is_told: bool) -> None:
        self.design, self.name, self.values = design, name, list(values)
        self.loss = Loss(
            f"keep rows where {name} is {', '.join(map(str, values))}", f"{name} is none of these"
        )
        # What a column of few values has is told where no row is kept, unless it names firms.
        self._held: set[object] | None = set() if is_told else None

    def flags(self, column: pa.ChunkedArray) -> Flags:
        """Return which values are among those wanted.

        Raises
        ------
        SpecError
            The values cannot be compared with the column.
        """
        is_coded = pa.types.is_dictionary(column.type)
        kind = column.type.value_type if is_coded else column.type
        try:
            wanted = pa.array(self.values).cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
            came = str(self.values)
            fault = Fault(self.design, f"where {self.name}", came, f"values of type {kind}")
            raise SpecError("a condition cannot be compared with its column", faults=[fault]) from None
        return np.concatenate([_is_in(chunk, wanted) for chunk in column.chunks] or [np.zeros(0, dtype=bool)])

    def note_held(self, column: pa.ChunkedArray, is_any_kept: bool) -> None:
        """Remember the values of rows that came here, while none is kept."""
        if self._held is None or is_any_kept or pa.types.is_floating(column.type):
            self._held = None
        else:
            self._held.update(pc.unique(column.drop_null()).to_pylist())
            self._held = None if len(self._held) > SHOWN_CHOICES else self._held

    def told(self) -> Loss:
        """Return the loss, with what the column holds where no row is kept."""
        held = self._held or set()
        if 0 < len(held) <= SHOWN_CHOICES:
            texts = ", ".join(sorted(map(str, held)))
            return Loss(self.loss.step, f"{self.loss.reason} (it is {texts})", self.loss.rows)
        return self.loss


def _is_in(chunk: pa.Array, wanted: pa.Array) -> Flags:
    if not pa.types.is_dictionary(chunk.type):
        return np.asarray(pc.is_in(chunk, value_set=wanted).to_numpy(zero_copy_only=False), dtype=np.bool_)
    of_values = np.append(_is_in(chunk.dictionary, wanted), False)
    return np.asarray(of_values[chunk.indices.fill_null(len(chunk.dictionary)).to_numpy()])


class RowFilter:
    """The conditions of a sample, then missing values column by column, terms without a value, weights of 0.

    Parameters
    ----------
    design : str
    where : mapping of str to values
    needed : sequence of str
        Columns no row may miss, in the order losses are counted.
    undefined : callable or None
        Tells of a block which rows have no finite value, by the name of each term that is computed.
    weights : str or None
    firm : str
        The column whose values no message may name.
    is_complete : callable or None
        Says of a column's name whether it is known to miss nothing.
    """

    def __init__(
        self,
        design: str,
        where: Mapping[str, Sequence[object]],
        needed: Sequence[str],
        *,
        undefined: Undefined | None = None,
        weights: str | None = None,
        firm: str = "firm_id",
        is_complete: Callable[[str], bool] | None = None,
    ) -> None:
        self.design, self.rows = design, 0
        self._is_complete = is_complete or (lambda _: False)
        self._weights = weights
        self._conditions = [
            Condition(design, name, values, name != firm and not name.endswith("_id"))
            for name, values in where.items()
        ]
        self._missing = {name: Loss(f"keep rows with {name}", f"{name} {MISSING}") for name in needed}
        self._weightless = Loss(f"keep rows with {weights} above 0", f"{weights} is 0")
        self._negative = 0
        self._undefined = undefined
        self._terms: dict[str, Loss] = {}

    def keep(self, table: pa.Table) -> Flags | None:
        """Return which rows of a block are kept; None: all."""
        self.rows += table.num_rows
        keep: Flags | None = None
        for condition in self._conditions:
            column = table.column(condition.name)
            flags = condition.flags(column)
            kept = _counted(keep, flags, condition.loss)
            condition.note_held(
                column if keep is None else column.filter(pa.array(keep)), kept is None or bool(kept.any())
            )
            keep = kept
        for name, loss in self._missing.items():
            column = table.column(name)
            if not self._is_complete(name) and has_missing(column):
                keep = _counted(keep, ~is_missing(column), loss)
        for term, flags in (self._undefined(table) if self._undefined else {}).items():
            loss = self._terms.setdefault(term, Loss(f"keep rows with {term}", f"{term} has no finite value"))
            keep = _counted(keep, ~flags, loss)
        return keep if self._weights is None else self._weighted(as_floats(table.column(self._weights)), keep)

    def flow(self) -> Iterator[FlowStep]:
        """Yield the steps that led to the sample, the reading of the panel first.

        Raises
        ------
        DataError
            A weight is negative.
        """
        if self._negative:
            came = f"{self._negative:,} rows with a weight below 0"
            fault = Fault("panel", f"column {self._weights}", came, "weights of 0 or more")
            raise DataError("weights are negative", faults=[fault])
        rows = self.rows
        yield FlowStep(self.design, "read the panel", "panel", rows, rows)
        told = [*(condition.told() for condition in self._conditions), *self._missing.values()]
        for loss in (*told, *self._terms.values(), self._weightless):
            if loss.rows:
                left = rows - loss.rows
                yield FlowStep(self.design, loss.step, "panel", rows, left, loss.rows, reason=loss.reason)
                rows = left

    def _weighted(self, weights: np.ndarray, keep: Flags | None) -> Flags | None:
        is_kept = weights if keep is None else weights[keep]
        self._negative += int((is_kept < 0).sum())
        return keep if (is_kept > 0).all() else _counted(keep, weights > 0, self._weightless)


def _counted(keep: Flags | None, flags: Flags, loss: Loss) -> Flags | None:
    """Return the rows kept so far that have the flag, and count those that have not."""
    before = len(flags) if keep is None else int(keep.sum())
    kept = flags if keep is None else keep & flags
    after = int(kept.sum())
    loss.rows += before - after
    return keep if before == after else kept
