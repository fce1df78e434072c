"""The programs that are compared: each loads what it needs, warms up on few rows, and fits."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.panel.panel import Panel

CONTROLS = ("size", "capital", "exports", "patents")
Fit = Callable[[], tuple[np.ndarray, np.ndarray]]


class Program(NamedTuple):
    """A program: how it gets ready with a frame, and what it hands back.

    `prepare` returns the function that is timed; that one returns coefficients and standard errors of the
    exposure and controls.
    """

    package: str
    prepare: Callable[[pd.DataFrame], Fit]
    note: str


def _ours(estimator: str, comparison: str, outcome: str, absorb: tuple[str, ...], is_timed_from_frame: bool):
    wanted = design(
        estimator=estimator,
        comparison=comparison,
        outcome=outcome,
        exposure="in_cluster",
        controls=CONTROLS,
        absorb=absorb,
    )

    def prepare(frame: pd.DataFrame) -> Fit:
        panel = None if is_timed_from_frame else Panel.from_frame(frame)

        def fit() -> tuple[np.ndarray, np.ndarray]:
            table = estimate(wanted, panel or Panel.from_frame(frame)).tidy()
            return table["estimate"].to_numpy(), table["std_error"].to_numpy()

        return fit

    return prepare


def _pyfixest(demeaner: str):
    def prepare(frame: pd.DataFrame) -> Fit:
        import pyfixest
        from pyfixest.demeaners import LsmrDemeaner, MapDemeaner

        solver = LsmrDemeaner() if demeaner == "within" else MapDemeaner(backend=demeaner)
        formula = (
            f"log_wage ~ in_cluster + {' + '.join(CONTROLS)} | firm_id + region_code + industry_code^year"
        )
        frame = frame.assign(in_cluster=frame["in_cluster"].astype(float))

        def fit() -> tuple[np.ndarray, np.ndarray]:
            model = pyfixest.feols(
                formula, frame, vcov={"CRV1": "firm_id"}, demeaner=solver, copy_data=False, store_data=False
            )
            return model.coef().to_numpy(), model.se().to_numpy()

        return fit

    return prepare


def _statsmodels_glm(frame: pd.DataFrame) -> Fit:
    import statsmodels.api as sm

    def fit() -> tuple[np.ndarray, np.ndarray]:
        dummies = [pd.get_dummies(frame[name], dtype=float) for name in ("region_code", "year")]
        columns = frame[["in_cluster", *CONTROLS]].astype(float)
        regressors = pd.concat([columns, dummies[0], dummies[1].iloc[:, 1:]], axis=1).to_numpy()
        family = sm.families.Binomial(sm.families.links.CLogLog())
        groups = frame["firm_id"].factorize()[0]
        model = sm.GLM(frame["is_exit"].astype(float).to_numpy(), regressors, family=family)
        fitted = model.fit(tol=1e-12, cov_type="cluster", cov_kwds={"groups": groups})
        places = slice(0, 1 + len(CONTROLS))
        return fitted.params[places], fitted.bse[places]

    return fit


WITHIN = ("ols", "within", "log_wage", ("region_code", "industry_code^year"))
HAZARD = ("cloglog", "region", "is_exit", ("year",))

BENCHMARKS: dict[str, dict[str, Program]] = {
    "fixed_effects": {
        "clusterpanel": Program("clusterpanel", _ours(*WITHIN, False), "from a panel in memory"),
        "clusterpanel, frame": Program(
            "clusterpanel", _ours(*WITHIN, True), "pandas frame to sorted panel included"
        ),
        "pyfixest rust": Program("pyfixest", _pyfixest("rust"), "alternating projections, default tolerance"),
        "pyfixest within": Program("pyfixest", _pyfixest("within"), "preconditioned LSMR, default tolerance"),
        "pyfixest numba": Program(
            "pyfixest", _pyfixest("numba"), "alternating projections, default tolerance"
        ),
    },
    "hazard": {
        "clusterpanel": Program("clusterpanel", _ours(*HAZARD, False), "from a panel in memory"),
        "clusterpanel, frame": Program(
            "clusterpanel", _ours(*HAZARD, True), "pandas frame to sorted panel included"
        ),
        "statsmodels GLM": Program("statsmodels", _statsmodels_glm, "dummies; observed-information errors"),
    },
}
