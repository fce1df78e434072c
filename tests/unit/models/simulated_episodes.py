"""Small simulated survival samples, and the slow Cox fit of a survival source."""

import numpy as np

from clusterpanel.models.arrays import Codes, ModelArrays, ModelSource

from .slow_cox import SlowCox, slow_cox

FIRMS = 40


def simulated_episodes(seed: int, *, is_yearly: bool = False, rows_per_block: int = 40) -> ModelArrays:
    """Simulate forty firms with one to four episodes each: late entry, ties, strata, weights and offset.

    Yearly episodes last a year each; others half a year to four, and start at times at which events happen.
    """
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(FIRMS, dtype=np.int32), rng.integers(1, 5, FIRMS))
    rows = len(codes)
    start = rng.integers(0, 6, rows).astype(float)
    length = np.ones(rows) if is_yearly else rng.integers(1, 9, rows) / 2
    columns = (
        (rng.random(rows) < 0.5).astype(float),
        start,
        start + length,
        (rng.random(rows) < 0.5).astype(float),
        rng.normal(size=rows) + 3,
    )
    return ModelArrays(
        columns,
        ("in_cluster", "size"),
        Codes("firm_id", codes, FIRMS),
        (Codes("industry", codes % 2, 2),),
        absorbs_firm=False,
        groups=(Codes("region", codes % 7, 7), Codes("firm_id", codes, FIRMS)),
        weights=rng.uniform(0.5, 2, rows),
        weight_kind="probability",
        offset=0.1 * rng.normal(size=rows),
        outcomes=3,
        rows_per_block=rows_per_block,
    )


def slow_fit(source: ModelSource, ties: str = "efron") -> SlowCox:
    """Fit the slow Cox regression to a survival source with weights, one effect and an offset."""
    blocks = list(source.blocks())
    values = np.hstack([block.values for block in blocks])
    weights = np.concatenate([block.weights for block in blocks])
    offset = np.concatenate([block.offset for block in blocks])
    strata = np.concatenate([block.effects[:, 0] for block in blocks])
    return slow_cox(values[0], values[1], values[2], values[3:].T, weights, strata, offset, ties)
