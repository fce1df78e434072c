"""The compiled loop that counts who enters, goes on and ends, by group and time."""

from clusterpanel.models.arrays import Floats, Levels
from clusterpanel.models.kernels import compiled


@compiled
def count_rows(  # noqa: PLR0917
    first: Levels,
    last: Levels,
    causes: Levels,
    groups: Levels,
    goes_on: Levels,
    weights: Floats,
    counts: Floats,
    weighted: Floats,
) -> None:
    """Add rows to the counts by kind, group and time.

    Parameters
    ----------
    first : shape (rows,)
        The place of the first time a row is at risk at.
    last : shape (rows,)
        The place of the time it ends at.
    causes, groups : shape (rows,)
    goes_on : shape (rows,) or (0,)
        1 where the firm goes on in the same group with the next row.
    weights : shape (rows,) or (0,)
    counts, weighted : shape (kinds, groups, times), changed
        Entered, went on, then ended by each cause from 0 (censored); `weighted` of no kinds without weights.
    """
    for row in range(len(last)):
        group, stop, kind = groups[row], last[row], causes[row] + 2
        counts[0, group, first[row]] += 1.0
        counts[kind, group, stop] += 1.0
        if len(goes_on) and goes_on[row]:
            counts[1, group, stop] += 1.0
        if len(weights):
            weighted[0, group, first[row]] += weights[row]
            weighted[kind, group, stop] += weights[row]
