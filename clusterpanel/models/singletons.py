"""Rows that are alone in a level of an effect: they fit perfectly and say nothing."""

from collections.abc import Sequence

import numpy as np

from clusterpanel.models.arrays import Codes, Flags


def rows_beside_others(rows: int, effects: Sequence[Codes]) -> tuple[Flags, dict[str, int]]:
    """Return which rows share every level with another row, and how many rows each effect drops.

    A row dropped for one effect can leave another alone in the next, hence the repetition: Correia (2015,
    "Singletons, cluster-robust standard errors and fixed effects: a bad mix").
    """
    keep = np.ones(rows, dtype=np.bool_)
    dropped = {effect.name: 0 for effect in effects}
    remaining = rows
    while True:
        for effect in effects:
            codes = effect.codes if remaining == rows else effect.codes[keep]
            alone = np.bincount(codes, minlength=effect.levels) == 1
            if alone.any():
                lost = keep & alone[effect.codes]
                dropped[effect.name] += int(lost.sum())
                keep &= ~lost
        left = int(keep.sum())
        if left == remaining:
            return keep, dropped
        remaining = left
