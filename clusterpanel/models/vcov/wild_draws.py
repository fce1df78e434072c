"""The random signs of the wild bootstrap."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from clusterpanel.models.arrays import Floats

WildWeights = Literal["rademacher", "webb"]
WEBB = np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)])
# Draws are made so many at a time that a chunk of them fits a few tens of megabytes.
CHUNK = 4_000_000


def is_enumerated(groups: int, weights: WildWeights, draws: int) -> bool:
    """Say whether there are no more patterns of signs than draws asked for, so that each is used once."""
    return weights == "rademacher" and groups < 63 and 2**groups <= draws


def number_of_draws(groups: int, weights: WildWeights, draws: int) -> int:
    """Return how many draws are made."""
    return 2**groups if is_enumerated(groups, weights, draws) else draws


def wild_draws(groups: int, weights: WildWeights, draws: int, seed: int) -> Iterator[Floats]:
    """Yield the draws, some rows at a time; each chunk of shape (draws, groups).

    Rademacher's are -1 and 1; Webb's (2023, Canadian Journal of Economics 56) six values.
    """
    rows = max(1, CHUNK // groups)
    generator = np.random.Generator(np.random.PCG64(seed))
    every = is_enumerated(groups, weights, draws)
    total = number_of_draws(groups, weights, draws)
    for first in range(0, total, rows):
        count = min(rows, total - first)
        if every:
            patterns = np.arange(first, first + count)[:, None] >> np.arange(groups)
            yield np.where(patterns & 1, -1.0, 1.0)
        elif weights == "webb":
            yield WEBB[generator.integers(0, 6, (count, groups))]
        else:
            yield np.where(generator.integers(0, 2, (count, groups)), -1.0, 1.0)
