"""A sample that is read in blocks gives the estimate that one in memory gives, whatever folds."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.engine.firm_blocks import write_firm_blocks
from clusterpanel.errors import SpecError
from clusterpanel.panel.panel import Panel

WAGE = {
    "comparison": "within",
    "outcome": "log_wage",
    "exposure": "in_cluster",
    "controls": ["log_own_count_5km"],
}
TINY = 1e-9

DESIGNS: dict[str, dict[str, Any]] = {
    "within": {"absorb": ["year"]},
    "within, two ways": {"absorb": ["region_code^year"], "vcov": {"CRV1": ["firm_id", "region_code"]}},
    "pooled": {"comparison": "pooled", "vcov": "HC1"},
    "weights": {"absorb": ["year"], "weights": {"analytic": "age"}},
    "slopes": {"absorb": ["firm_id[age]", "region_code[age]"], "vcov": {"CRV1": "region_code"}},
    "terms": {"controls": ["log(age)", "i(year, in_cluster, ref=2001)"], "vcov": "iid"},
    "in time": {"absorb": ["region_code"], "vcov": {"driscoll_kraay_lags": 1}},
    "logit": {"estimator": "logit", "outcome": "is_exit", "comparison": "region"},
    "cloglog": {"estimator": "cloglog", "outcome": "is_exit", "comparison": "region", "absorb": ["year"]},
    "poisson": {"estimator": "poisson", "outcome": "log_own_count_5km", "controls": []},
}


@pytest.mark.parametrize("name", DESIGNS)
def test_streamed_estimates_are_those_in_memory(frame: pd.DataFrame, tmp_path: Path, name: str) -> None:
    frame.loc[frame.index[::17], "log_wage"] = np.nan
    table = pa.Table.from_pandas(frame, preserve_index=False)
    write_firm_blocks(table, "firm_id", tmp_path / "panel.parquet", rows_per_block=50)
    wanted = design(**{**WAGE, **DESIGNS[name]})
    held = estimate(wanted, Panel.from_frame(frame))
    streamed = estimate(wanted, Panel.open(tmp_path / "panel.parquet"), threads=2, memory_gb=TINY)
    close = {"rtol": 1e-8, "atol": 1e-12}
    assert streamed.provenance["digest"] == held.provenance["digest"]
    assert streamed.provenance["notes"] == held.provenance["notes"]
    assert streamed.provenance["vcov"] == held.provenance["vcov"]
    pd.testing.assert_frame_equal(streamed.tidy(), held.tidy(), **close)  # type: ignore[union-attr, arg-type]
    if held.influence is not None:  # type: ignore[union-attr]
        pd.testing.assert_frame_equal(streamed.influence, held.influence, **close)  # type: ignore[union-attr, arg-type]


@pytest.mark.parametrize("vcov", ["HC3", {"CRV3": "region_code"}, {"wild_bootstrap": "region_code"}])
def test_what_needs_all_rows_is_refused_with_what_to_do(frame: pd.DataFrame, vcov: Any) -> None:
    with pytest.raises(SpecError, match="in memory") as raised:
        estimate(design(**WAGE, vcov=vcov), Panel.from_frame(frame), memory_gb=TINY)
    assert "memory_gb" in str(raised.value.hint)
