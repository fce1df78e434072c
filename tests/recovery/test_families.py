"""A family of results with nothing in it: how often any adjusted p-value finds something."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np

from clusterpanel.designs.romano_wolf import romano_wolf

BY_HAND = Path(__file__).parents[1] / "unit" / "designs" / "grouped_results.py"
SLOW: dict[str, Any] = runpy.run_path(str(BY_HAND))
FAMILIES = 300


def share_found(rng: np.random.Generator, effect: float) -> dict[str, float]:
    """Return how often each kind of p-value of seven outcomes without effect has one of at most 5 %."""
    found = dict.fromkeys(("p_value", "p_romano_wolf", "p_holm"), 0)
    for seed in range(FAMILIES):
        results = SLOW["fitted_all"](*SLOW["simulated"](rng, 80, 8, 3, effect))
        table = romano_wolf(results, draws=299, seed=seed).table.iloc[1:]
        for name in found:
            found[name] += bool((table[name] <= 0.05).any())
    return {name: count / FAMILIES for name, count in found.items()}


def test_family_wise_error_is_five_percent_beside_a_true_effect() -> None:
    """Of 300 families a share of 0.05 has a standard error of 0.0126."""
    shares = share_found(np.random.default_rng(17), effect=1.0)

    assert 0.015 <= shares["p_romano_wolf"] <= 0.09
    assert shares["p_value"] > 0.2, "seven tests at 5 % each find something far too often"
