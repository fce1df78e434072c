"""Make a model's arrays of a sample's columns and codes."""

from collections.abc import Sequence
from dataclasses import replace

from clusterpanel.designs.columns import NumberColumns
from clusterpanel.models.arrays import ROWS_PER_BLOCK, Codes, Floats, ModelArrays


def arrays_of(
    numbers: NumberColumns,
    columns: Sequence[Floats],
    *,
    firms: Codes,
    effects: Sequence[Codes],
    groups: Sequence[Codes],
    rows_per_block: int = ROWS_PER_BLOCK,
) -> ModelArrays:
    """Return the arrays of a sample, or of one block of it.

    Parameters
    ----------
    numbers : NumberColumns
        Says which column is which.
    columns : sequence of float arrays, each of shape (rows,)
        All that `numbers` names, in its order.
    firms : Codes
    effects, groups : sequence of Codes
        As in the layout; the loads of slopes are added here.
    rows_per_block : int
    """
    plan, layout = numbers.plan, numbers.layout

    def further(name: str | None) -> Floats | None:
        return None if name is None else columns[numbers.place(name)]

    return ModelArrays(
        columns=columns[: numbers.model],
        names=numbers.names,
        firms=firms,
        effects=tuple(
            replace(effect, loads=further(levels.slope))
            for effect, levels in zip(effects, layout.others, strict=True)
        ),
        absorbs_firm=layout.absorbs_firm,
        firm_slopes=tuple(columns[numbers.place(name)] for name in layout.firm_slopes),
        groups=tuple(groups),
        weights=further(plan.weights),
        weight_kind=plan.weight_kind,
        offset=further(plan.offset),
        outcomes=len(plan.outcomes),
        rows_per_block=rows_per_block,
    )
