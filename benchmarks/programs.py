"""The programs that are compared: each gets ready with a frame and hands back the function that is timed."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import peers
from simulated_panels import CONTROLS

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec

Fit = peers.Fit


class Program(NamedTuple):
    """A program.

    `prepare` takes a frame and the number of threads, and returns the function that is timed; that one
    returns coefficients and standard errors of the exposure and controls.
    """

    package: str
    prepare: Callable[[pd.DataFrame, int], Fit]
    note: str


def ours(
    wanted: DesignSpec,
    frame: pd.DataFrame,
    threads: int,
    *,
    is_timed_from_frame: bool = False,
    is_again: bool = False,
) -> Fit:
    """Prepare a design on a panel in memory, or on the pandas frame a panel is made of.

    The first estimate finds out what a panel keeps for all others: levels of effects, digests of columns.
    With `is_again` that is done before.
    """
    panel = None if is_timed_from_frame else Panel.from_frame(frame)
    if is_again and panel is not None:
        estimate(wanted, panel, threads=threads)

    def fit() -> tuple[np.ndarray, np.ndarray]:
        table = estimate(wanted, panel or Panel.from_frame(frame), threads=threads).tidy()
        return table["estimate"].to_numpy(), table["std_error"].to_numpy()

    return fit


def read_once(frame: pd.DataFrame, threads: int) -> Fit:
    """Prepare the floor: the time it takes to read every column once."""
    _ = threads
    columns = [
        np.ascontiguousarray(frame[name]) for name in ("firm_id", *EFFECTS, "log_wage", *peers.REGRESSORS)
    ]

    def fit() -> tuple[np.ndarray, np.ndarray]:
        sums = np.array([column.sum() for column in columns])
        return sums[-len(peers.REGRESSORS) :] * np.nan, sums[-len(peers.REGRESSORS) :] * np.nan

    return fit


EFFECTS = ("region_code", "industry_year")
REGION_YEAR = ("region_year", "industry_year")


def _design(estimator: str, outcome: str, effects: tuple[str, ...], groups: str) -> DesignSpec:
    return design(
        estimator=estimator,
        comparison="within",
        outcome=outcome,
        exposure="in_cluster",
        controls=CONTROLS,
        absorb=effects,
        vcov={"CRV1": groups},
    )


def _fixed_effects(effects: tuple[str, ...], groups: str = "firm_id") -> dict[str, Program]:
    wanted, theirs = _design("ols", "log_wage", effects, groups), ("firm_id", *effects)

    def peer(prepare: Callable[..., Fit], **more: object) -> Callable[[pd.DataFrame, int], Fit]:
        return lambda frame, threads: prepare(frame, effects=theirs, groups=groups, threads=threads, **more)

    again = partial(ours, wanted, is_again=True)
    fereg = peer(peers.fereg_fit, outcome="log_wage")
    stream = peer(peers.hdfe_stream_fit, outcome="log_wage")
    return {
        "clusterpanel": Program("clusterpanel", partial(ours, wanted), "first on a panel in memory"),
        "clusterpanel, again": Program("clusterpanel", again, "second on the same panel"),
        "clusterpanel, frame": Program(
            "clusterpanel", partial(ours, wanted, is_timed_from_frame=True), "sorting into a panel included"
        ),
        "floor": Program("numpy", read_once, "sums of the columns"),
        "fereg": Program("fereg", fereg, "exact elimination"),
        "within-py": Program("within-py", peer(peers.within_py), "preconditioned LSMR; errors in NumPy"),
        "hdfe-stream": Program("hdfe-stream", stream, "from a polars frame"),
        "pyfixest within": Program(
            "pyfixest", peer(peers.pyfixest_ols, demeaner="within"), "preconditioned LSMR, default tolerance"
        ),
        "pyfixest rust": Program(
            "pyfixest", peer(peers.pyfixest_ols, demeaner="rust"), "alternating projections"
        ),
        "linearmodels": Program("linearmodels", peer(peers.linearmodels_absorbing), "AbsorbingLS"),
    }


def _poisson() -> dict[str, Program]:
    wanted, theirs = _design("poisson", "new_products", EFFECTS, "firm_id"), ("firm_id", *EFFECTS)

    def peer(prepare: Callable[..., Fit], **more: object) -> Callable[[pd.DataFrame, int], Fit]:
        return lambda frame, threads: prepare(
            frame, effects=theirs, groups="firm_id", threads=threads, **more
        )

    return {
        "clusterpanel": Program("clusterpanel", partial(ours, wanted), "from a panel in memory"),
        "fereg": Program("fereg", peer(peers.fereg_fit, outcome="new_products"), "default tolerance"),
        "hdfe-stream": Program(
            "hdfe-stream", peer(peers.hdfe_stream_fit, outcome="new_products"), "from a polars frame"
        ),
        "pyfixest": Program("pyfixest", peer(peers.pyfixest_poisson), "alternating projections"),
    }


HAZARD = design(
    estimator="cloglog",
    comparison="region",
    outcome="is_exit",
    exposure="in_cluster",
    controls=CONTROLS,
    absorb=("year",),
)

BENCHMARKS: dict[str, dict[str, Program]] = {
    "fixed_effects": _fixed_effects(EFFECTS),
    "fixed_effects_by_region": _fixed_effects(EFFECTS, "region_code"),
    "region_year_effects": _fixed_effects(REGION_YEAR),
    "poisson": _poisson(),
    "hazard": {
        "clusterpanel": Program("clusterpanel", partial(ours, HAZARD), "from a panel in memory"),
        "clusterpanel, frame": Program(
            "clusterpanel", partial(ours, HAZARD, is_timed_from_frame=True), "sorting into a panel included"
        ),
        "statsmodels GLM": Program(
            "statsmodels", peers.statsmodels_hazard, "dummies; observed-information errors"
        ),
    },
}
