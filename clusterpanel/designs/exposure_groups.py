"""Cut an exposure into the few groups that survival curves are drawn for."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from clusterpanel.designs.encode import as_floats, dictionary, is_number
from clusterpanel.errors import Fault, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Levels, compact
from clusterpanel.spec.design import DesignSpec

MOST_GROUPS = 6


@dataclass(frozen=True)
class ExposureGroups:
    """A group for each row.

    Attributes
    ----------
    codes : int32 array, shape (rows,)
    labels : tuple of str
    notes : tuple of str
        How a continuous exposure was cut.
    """

    codes: Levels
    labels: tuple[str, ...]
    notes: tuple[str, ...] = ()


def group_exposure(design: DesignSpec, column: pa.ChunkedArray) -> ExposureGroups:
    """Return a group per value of the exposure, or per third of a number with more than `MOST_GROUPS` values.

    Raises
    ------
    NotIdentifiedError
        All rows are in one group.
    SpecError
        A text column has more than `MOST_GROUPS` values.
    """
    encoded = dictionary(column)
    values = encoded.dictionary.to_pylist()
    if len(values) <= MOST_GROUPS:
        groups = _by_value(encoded.indices.to_numpy(), values)
    elif is_number(column.type):
        groups = _by_third(design.exposure, column)
    else:
        fault = Fault(design.name, "exposure", f"{len(values)} different texts", f"{MOST_GROUPS} at most")
        raise SpecError("there are too many groups for survival curves", faults=[fault])
    if len(groups.labels) < 2:
        raise NotIdentifiedError(
            f"all rows of {design.name} have {design.exposure} {groups.labels[0]}: no curves to compare",
            hint="Widen the sample until the exposure varies.",
        )
    return groups


def _by_value(codes: Levels, values: list[object]) -> ExposureGroups:
    order = sorted(range(len(values)), key=lambda place: values[place])  # type: ignore[arg-type, return-value]
    rank = np.empty(len(values), dtype=np.int32)
    rank[order] = np.arange(len(values), dtype=np.int32)
    labels = tuple(_text(values[place]) for place in order)
    if len(set(labels)) < len(labels):
        labels = tuple(str(values[place]) for place in order)
    return ExposureGroups(rank[codes], labels)


def _by_third(name: str, column: pa.ChunkedArray) -> ExposureGroups:
    values = as_floats(column)
    low, high = np.quantile(values, [1 / 3, 2 / 3])
    labels = (f"at most {low:.4g}", f"{low:.4g} to {high:.4g}", f"above {high:.4g}")
    codes, _, old = compact(np.searchsorted([low, high], values).astype(np.int64), 3)
    note = f"{name} takes many values; it was cut at its terciles, {low:.4g} and {high:.4g}."
    return ExposureGroups(codes, tuple(labels[place] for place in old), (note,))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else str(value)
