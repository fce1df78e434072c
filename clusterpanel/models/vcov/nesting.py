"""Which absorbed effects are nested in groups, told from the rows."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from clusterpanel.models.arrays import Codes, Levels, is_nested
from clusterpanel.models.linearised import EffectRows
from clusterpanel.models.vcov.counts import SampleCounts


def effects_are_nested(effects: EffectRows | None, groups: Codes) -> bool:
    """Say whether each level of every absorbed effect lies in one group."""
    if effects is None:
        return True
    kinds = [effects.firms] if effects.firms is not None else []
    return all(_is_nested(codes, groups) for codes in (*kinds, *effects.effects.T))


def counted_by(counts: SampleCounts, effects: EffectRows | None, ways: Sequence[Codes]) -> SampleCounts:
    """Return the counts with the effects nested in any of the ways marked as such.

    Variances whose groups are no columns, such as places, are counted by this. Counts of other effects than
    those of the rows are returned as they are.
    """
    if effects is None:
        return counts
    firms = [effects.firms] if effects.absorbs_firm else []
    kinds = [*firms, *([None] * effects.basis.shape[1]), *effects.effects.T]
    if len(kinds) != len(counts.effects):
        return counts
    marked = [
        replace(effect, is_nested=not effect.is_slope and any(_is_nested(codes, way) for way in ways))
        for effect, codes in zip(counts.effects, kinds, strict=True)
    ]
    return replace(counts, effects=tuple(marked))


def _is_nested(codes: Levels | None, groups: Codes) -> bool:
    if codes is None:
        return False
    return is_nested(Codes("", np.ascontiguousarray(codes), int(codes.max(initial=-1)) + 1), groups)
