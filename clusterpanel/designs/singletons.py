"""Rows that are alone in a level of an effect: they fit perfectly and say nothing."""

from collections.abc import Mapping, Sequence

import numpy as np

from clusterpanel.designs.codes import SampleCodes, slices
from clusterpanel.models.arrays import Flags, Integers


class FirmLevels:
    """Firms as an effect: their rows follow each other, so that their starts say all."""

    def __init__(self, name: str, starts: Integers) -> None:
        self.name, self._starts = name, starts

    def counts(self) -> Integers:
        """Return the rows of each firm."""
        return np.diff(self._starts)

    def levels_of(self, rows: Integers) -> Integers:
        """Return the firms of some rows."""
        return np.searchsorted(self._starts, rows, side="right") - 1

    def rows_in(self, is_wanted: Flags, keep: Flags) -> Integers:
        """Return the kept rows of some firms."""
        firms = np.flatnonzero(is_wanted)
        sizes = self.counts()[firms]
        ends = np.cumsum(sizes)
        rows = np.repeat(self._starts[firms] - (ends - sizes), sizes) + np.arange(sizes.sum())
        return np.asarray(rows[keep[rows]])


class OtherLevels:
    """Any other effect's levels."""

    def __init__(self, codes: SampleCodes) -> None:
        self.name, self._codes, self.counts = codes.name, codes.codes, codes.counts

    def levels_of(self, rows: Integers) -> Integers:
        """Return the levels of some rows."""
        return self._codes[rows].astype(np.int64)

    def rows_in(self, is_wanted: Flags, keep: Flags) -> Integers:
        """Return the kept rows of some levels."""
        found = [
            rows.start + np.flatnonzero(is_wanted[self._codes[rows]] & keep[rows])
            for rows in slices(len(self._codes))
        ]
        return np.concatenate(found)


def rows_beside_others(
    rows: int, effects: Sequence[FirmLevels | OtherLevels]
) -> tuple[Flags | None, Mapping[str, int]]:
    """Return which rows share every level with another row (None: all), and how many each effect drops.

    A row dropped for one effect can leave another alone in the next, hence the repetition: Correia (2015,
    "Singletons, cluster-robust standard errors and fixed effects: a bad mix").
    """
    counts = [effect.counts() for effect in effects]
    dropped = {effect.name: 0 for effect in effects}
    if not any((count == 1).any() for count in counts):
        return None, dropped
    keep = np.ones(rows, dtype=np.bool_)
    is_done = False
    while not is_done:
        is_done = True
        for place, effect in enumerate(effects):
            alone = counts[place] == 1
            if not alone.any():
                continue
            is_done = False
            lost = effect.rows_in(alone, keep)
            keep[lost] = False
            dropped[effect.name] += len(lost)
            for other, left in zip(effects, counts, strict=True):
                left[:] -= np.bincount(other.levels_of(lost), minlength=len(left))
    return keep, dropped
