"""A small simulated panel that designs are tried on."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def frame() -> pd.DataFrame:
    """Simulate 60 firms of four years: some switch exposure, none is alone in a region or year."""
    rng = np.random.default_rng(11)
    rows = 240
    return pd.DataFrame(
        {
            "firm_id": np.repeat([f"f{number:02d}" for number in range(60)], 4),
            "year": np.tile(np.arange(2001, 2005), 60),
            "region_code": np.repeat(rng.choice(["A", "B", "C"], 60), 4),
            "industry_code": np.repeat(rng.choice(["01.10", "10.20"], 60), 4),
            "in_cluster": rng.random(rows) < 0.4,
            "log_own_count_5km": rng.gamma(2.0, size=rows),
            "age": np.tile(np.arange(3, 7), 60),
            "log_wage": rng.normal(size=rows),
            "is_exit": np.tile([False, False, False, True], 60) & np.repeat(rng.random(60) < 0.5, 4),
        }
    )
