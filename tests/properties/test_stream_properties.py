"""How a panel is cut into blocks, and how work on them is ordered and spread, does not matter."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.designs.draw import draw_sample
from clusterpanel.designs.plan import PlainColumns, SamplePlan
from clusterpanel.designs.sample_moments import FactsFold, FirmRows
from clusterpanel.engine.firm_blocks import MemoryBlocks
from clusterpanel.engine.local import run_fold
from clusterpanel.models.ols import fit_ols
from clusterpanel.panel.panel import Panel

TOLERANCE = 1e-12
few = settings(max_examples=25, deadline=None)


@dataclass(frozen=True)
class CrossProducts:
    """The plainest fold: cross-products of some columns."""

    def step(self, block: np.ndarray) -> np.ndarray:
        return block.T @ block

    def merge(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return left + right

    def solve(self, moments: np.ndarray) -> np.ndarray:
        return moments


def cut(rng: np.random.Generator, rows: int) -> Iterator[slice]:
    borders = [0, *np.unique(rng.integers(1, rows, 12)).tolist(), rows]
    return (slice(*pair) for pair in pairwise(borders))


@few
@given(seed=st.integers(0, 10_000), order=st.randoms(use_true_random=False), threads=st.integers(1, 4))
def test_a_fold_gives_the_same_for_any_borders_order_and_threads(
    seed: int, order: Random, threads: int
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(200, 4)) * 10.0 ** rng.integers(-6, 6, 4)
    whole = run_fold(CrossProducts(), [values])
    blocks = [values[rows] for rows in cut(rng, 200)]
    order.shuffle(blocks)
    found = run_fold(CrossProducts(), blocks, threads)
    scale = np.sqrt(np.outer(np.diag(whole), np.diag(whole)))
    np.testing.assert_allclose(found / scale, whole / scale, rtol=0, atol=TOLERANCE)
    assert run_fold(CrossProducts(), blocks).tobytes() == found.tobytes()


@few
@given(seed=st.integers(0, 10_000), order=st.randoms(use_true_random=False))
def test_facts_are_the_same_for_any_borders_and_order(seed: int, order: Random) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 6, 50)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    columns = [rng.normal(1e6, 1.0, starts[-1]), (rng.random(starts[-1]) < 0.4).astype(float)]
    blocks = []
    for firms in cut(rng, 50):
        rows = slice(starts[firms.start], starts[firms.stop])
        own = starts[firms.start : firms.stop + 1] - rows.start
        blocks.append(FirmRows([column[rows] for column in columns], own))
    order.shuffle(blocks)
    facts = run_fold(FactsFold(exposure=1), blocks)
    by_firm = pd.Series(columns[1]).groupby(np.repeat(np.arange(50), sizes)).nunique()
    assert (facts.rows, facts.firms, facts.switchers) == (starts[-1], 50, int((by_firm > 1).sum()))
    np.testing.assert_allclose(facts.means, [column.mean() for column in columns], rtol=TOLERANCE)
    # Variation of 1 about 1e6 leaves ten digits, however the sum is taken.
    np.testing.assert_allclose(facts.deviation(0), columns[0].std(ddof=1), rtol=1e-9)
    assert facts.lowest[0] == columns[0].min()


def simulated_panel(seed: int) -> pd.DataFrame:
    """Simulate 40 firms of 1 to 6 years with missing values, in 4 regions."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 7, 40)
    firm = np.repeat(np.arange(40), sizes)
    rows = len(firm)
    frame = pd.DataFrame(
        {
            "firm_id": np.char.mod("f%02d", firm),
            "year": np.concatenate([np.arange(size) for size in sizes]) + 2000,
            "region_code": rng.choice(["north", "south", "east", "west"], rows),
            "industry_code": rng.integers(0, 5, rows),
            "in_cluster": rng.random(rows) < 0.5,
            "size": rng.normal(size=rows),
            "weight": rng.integers(0, 4, rows),
        }
    )
    frame["log_wage"] = frame["in_cluster"] + rng.normal(size=rows) + rng.normal(size=40)[firm]
    return frame.assign(
        log_wage=frame["log_wage"].mask(rng.random(rows) < 0.1),
        region_code=frame["region_code"].mask(rng.random(rows) < 0.05),
    )


PLAN = SamplePlan(
    "wages",
    ("log_wage",),
    PlainColumns(("in_cluster", "size")),
    effects=("firm_id", "region_code", "industry_code^year"),
    groups=("firm_id", "region_code"),
    weights="weight",
    weight_kind="analytic",
)


@few
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 60), other=st.integers(1, 60))
def test_a_sample_is_the_same_for_any_borders(seed: int, rows: int, other: int) -> None:
    table = pa.Table.from_pandas(simulated_panel(seed), preserve_index=False)
    whole = draw_sample(PLAN, Panel(MemoryBlocks(table, "firm_id")))
    for size in (rows, other):
        streamed = draw_sample(PLAN, Panel(MemoryBlocks(table, "firm_id", size)), memory_gb=0.0)
        assert streamed.is_streamed
        assert (streamed.digest, streamed.flow) == (whole.digest, whole.flow)
        np.testing.assert_allclose(streamed.facts.means, whole.facts.means, rtol=TOLERANCE)
        assert streamed.source.effect_levels == whole.source.effect_levels
        assert streamed.source.group_levels == whole.source.group_levels


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 60), threads=st.integers(1, 3))
def test_least_squares_of_a_stream_are_those_in_memory(seed: int, rows: int, threads: int) -> None:
    table = pa.Table.from_pandas(simulated_panel(seed), preserve_index=False)
    whole = draw_sample(PLAN, Panel(MemoryBlocks(table, "firm_id")))
    streamed = draw_sample(PLAN, Panel(MemoryBlocks(table, "firm_id", rows)), memory_gb=0.0)
    one, two = fit_ols(whole.source, "iid"), fit_ols(streamed.source, "iid", threads=threads)
    np.testing.assert_allclose(two.coefficients, one.coefficients, rtol=1e-10, atol=TOLERANCE)
    np.testing.assert_allclose(two.covariance, one.covariance, rtol=1e-10, atol=TOLERANCE)
