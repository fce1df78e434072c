"""First differences: the change of the outcome on the change of the regressors, year on year.

A change is taken between adjacent years only, unless it is asked for over gaps too; a firm's first year and
the first year after a gap have none, and are counted. A constant is the yearly drift; effects are of the
later year, and explain changes: year effects there say the same as year effects in levels.
"""

from dataclasses import dataclass, replace

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.absorb import CONSTANT
from clusterpanel.models.arrays import Flags, Integers, ModelArrays, ModelSource
from clusterpanel.models.fit import Fit
from clusterpanel.models.ols import fit_ols
from clusterpanel.models.panel_models.changed_source import ChangedSource, gathered
from clusterpanel.models.panel_models.changes import (
    Changing,
    CountFold,
    Difference,
    renumbering,
)
from clusterpanel.models.panel_models.columns import check_source
from clusterpanel.models.vcov.from_rows import RowPlaces
from clusterpanel.spec.design import Gaps
from clusterpanel.spec.vcov import Vcov


@dataclass(frozen=True)
class Differences:
    """A sample of changes, and what has none.

    Attributes
    ----------
    sample : ModelSource
        Arrays if the levels were arrays.
    first_rows : int
        Rows that are a firm's first.
    gap_rows : int
        Rows after a year in which the firm is not seen, if they have no change.
    groups_seen : tuple of bool arrays
        Which groups of each way have a change.
    """

    sample: ModelSource
    first_rows: int
    gap_rows: int
    groups_seen: tuple[Flags, ...]


def fit_first_difference(
    source: ModelSource,
    time: str,
    vcov: Vcov = "iid",
    *,
    gaps: Gaps = "dropped",
    places: RowPlaces | None = None,
    times: Integers | None = None,
    threads: int = 1,
) -> Fit:
    """Fit least squares of changes on changes.

    Parameters
    ----------
    source : ModelSource
        As for `differences`.
    time : str
        The regressor that holds the year.
    vcov : Vcov
    gaps : "dropped" or "spanned"
    places : RowPlaces or None
        Where the rows of changes stand (`has_change` says which rows these are).
    times : integer array, shape (groups,), or None
        The years of the first way, for Driscoll-Kraay errors.
    threads : int

    Raises
    ------
    SpecError, NotIdentifiedError
        As `differences` and `clusterpanel.models.ols.fit_ols`.
    """
    changes = differences(source, time, gaps)
    fit = fit_ols(changes.sample, vcov, places=places, times=times, threads=threads)
    counted = {"first_rows": changes.first_rows, "gap_rows": changes.gap_rows}
    return replace(fit, facts={**fit.facts, **counted})


def differences(source: ModelSource, time: str, gaps: Gaps = "dropped") -> Differences:
    """Return a sample's changes over time, for least squares.

    Parameters
    ----------
    source : ModelSource
        Without firm effects and weights.
    time : str
        The regressor that holds the year; it is taken out of the regressors.
    gaps : "dropped" or "spanned"
        Whether a change over a gap is none, or the change since the firm was last seen.

    Raises
    ------
    SpecError
        The sample has weights, an offset or firm effects, or a firm's rows are not in the order of time.
    NotIdentifiedError
        No firm is seen in adjacent years.
    """
    check_source(source, "first_difference", None)
    place = source.outcomes + source.names.index(time)
    changing = Changing(place, gaps, source.names[-1] == CONSTANT)
    counts = run_fold(CountFold(changing, source.effect_levels, source.group_levels), source.blocks())
    if counts.rows == 0:
        raise NotIdentifiedError(
            "no firm is seen in two adjacent years", hint="Take more years, or a within comparison."
        )
    changed = ChangedSource(
        source=source,
        change=Difference(changing, renumbering(counts.effects), renumbering(counts.groups)),
        names=tuple(name for name in source.names if name != time),
        rows=counts.rows,
        firm_levels=counts.firms,
        effect_names=source.effect_names,
        effect_levels=tuple(int(seen.sum()) for seen in counts.effects),
        group_levels=tuple(int(seen.sum()) for seen in counts.groups),
    )
    sample = gathered(changed) if isinstance(source, ModelArrays) else changed
    return Differences(sample, counts.first_rows, counts.gap_rows, tuple(counts.groups))
