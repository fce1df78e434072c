"""Set aside the rows that a likelihood would fit perfectly, and say which and why."""

from collections.abc import Mapping

from clusterpanel.designs.sample import Sample
from clusterpanel.models.poisson_separation import Separation, find_separated
from clusterpanel.models.separation import rows_of_mixed_levels

Losses = list[tuple[str, str, int]]


def without_separated(sample: Sample, threads: int = 1) -> Sample:
    """Return a Poisson regression's sample without its separated rows.

    Raises
    ------
    NotIdentifiedError
        No row is left.
    SpecError
        Firms have slopes of their own.
    """
    found = find_separated(sample.source, threads)
    if not found.rows.any():
        return sample
    losses: Losses = [
        (f"keep {name} with an outcome above 0", f"every outcome of its {name} is 0", rows)
        for name, (rows, _) in found.by_level.items()
        if rows
    ]
    if found.by_combination:
        reason = f"separated: {_made_of(found)} foretell that its outcome is 0"
        losses.append(("keep rows that are not separated", reason, found.by_combination))
    notes = _level_notes(found.by_level, "every outcome is 0")
    return sample.thinned(~found.rows, losses).noted(*notes)


def without_one_sided_levels(sample: Sample) -> Sample:
    """Return a yes/no model's sample without the levels of effects that have no event or only events.

    Raises
    ------
    NotIdentifiedError
        No row is left.
    """
    keep, dropped = rows_of_mixed_levels(sample.outcome(), sample.effect_codes())
    losses: Losses = [
        (f"keep {name} with and without events", f"its {name} has no event, or only events", rows)
        for name, (rows, _) in dropped.items()
        if rows
    ]
    if not losses:
        return sample
    notes = _level_notes(dropped, "they have no event or only events")
    return sample.thinned(keep, losses).noted(*notes)


def _level_notes(dropped: Mapping[str, tuple[int, int]], why: str) -> list[str]:
    return [
        f"Levels of {name} set aside because {why}: {levels} ({rows} rows)."
        for name, (rows, levels) in dropped.items()
        if rows
    ]


def _made_of(found: Separation) -> str:
    parts = [*found.regressors, *(f"effects of {name}" for name in found.effects)]
    return " and ".join(parts) or "effects"
