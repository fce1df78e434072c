"""A simulated panel of firms that exit by several causes, for tests of survival designs."""

import numpy as np
import pandas as pd

CAUSES = ("closure", "merger")


def simulated_exits(firms: int = 300, seed: int = 5) -> pd.DataFrame:
    """Return firm-years in which firms of one side exit more, in regions with hazards of their own."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame([row for number in range(firms) for row in _life(number, rng)])


def _life(number: int, rng: np.random.Generator) -> list[dict[str, object]]:
    region, in_cluster = int(rng.integers(0, 4)), bool(rng.random() < 0.5)
    first, size, born = int(rng.integers(0, 3)), float(rng.normal()), int(rng.integers(2000, 2006))
    rows: list[dict[str, object]] = []
    for age in range(first, 14):
        hazard = 1 - np.exp(-np.exp(-2.4 + 0.6 * in_cluster + 0.2 * region + 0.03 * age))
        is_last, is_seen = born + age == 2014 or age == 13, rng.random() < hazard
        rows.append(
            {
                "firm_id": f"f{number:04d}",
                "year": born + age,
                "age": age,
                "region_code": "NSEW"[region],
                "in_cluster": in_cluster,
                "size": size + 0.1 * float(rng.normal()),
                "copies": float(1 + number % 3),
                "half": 0.5 * in_cluster,
                "is_exit": None if is_last else bool(is_seen),
                "exit_cause": CAUSES[int(rng.integers(0, 2))] if is_seen and not is_last else None,
            }
        )
        if is_seen or is_last:
            break
    return rows
