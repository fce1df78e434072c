"""Rows that are alone in a level of an effect: they fit perfectly and say nothing."""

from collections.abc import Sequence

import numpy as np

from clusterpanel.models.arrays import Codes, Flags, Floats


def rows_beside_others(
    rows: int, effects: Sequence[Codes], frequencies: Floats | None = None
) -> tuple[Flags, dict[str, int]]:
    """Return which rows share every level with another row, and how many rows each effect drops.

    A row dropped for one effect can leave another alone in the next, hence the repetition: Correia (2015,
    "Singletons, cluster-robust standard errors and fixed effects: a bad mix").

    Parameters
    ----------
    rows : int
    effects : sequence of Codes
        Those whose dummies are multiplied are left out: a slope of one row may be 0.
    frequencies : float array, shape (rows,), or None
        How many equal rows each row stands for; more than one are never alone.
    """
    from clusterpanel.models import kernels_codes

    copies = np.empty(0) if frequencies is None else frequencies
    keep = np.ones(rows, dtype=np.bool_)
    plain = [effect for effect in effects if effect.loads is None]
    dropped = {effect.name: 0 for effect in plain}
    still = 0
    while plain and still < len(plain):
        for effect in plain:
            lost = kernels_codes.drop_alone(effect.codes, effect.levels, copies, keep)
            dropped[effect.name] += lost
            # Done once every effect in turn has lost nothing.
            still = 0 if lost else still + 1
            if still >= len(plain):
                break
    return keep, dropped
