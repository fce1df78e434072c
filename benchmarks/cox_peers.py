"""The peers of the Cox benchmark: each loads what it needs and hands back the function that is timed."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from simulated_spells import COVARIATES

Fit = Callable[[], tuple[np.ndarray, np.ndarray]]

# Moves an entry past an event at the same time, where a peer counts it as at risk already.
PAST = 1e-6


def survival_rust(frame: pd.DataFrame) -> Fit:
    """Prepare the Rust package `survival`, with errors grouped by firm."""
    import survival

    columns = {name: frame[name].to_numpy(dtype=float) for name in (*COVARIATES, "start", "stop")}
    columns["event"] = (frame["cause"] > 0).to_numpy(dtype=float)
    firms = frame["firm_id"].to_numpy()
    formula = f"Surv(start, stop, event) ~ {' + '.join(COVARIATES)}"

    def fit() -> tuple[np.ndarray, np.ndarray]:
        model = survival.coxph(formula, data=columns, cluster=firms)
        return np.array(model.coefficients), np.sqrt(np.diag(np.array(model.var)))

    return fit


def coxdev_newton(frame: pd.DataFrame) -> Fit:
    """Prepare coxdev's likelihood and information in a Newton loop of ours; errors are not grouped."""
    import coxdev

    regressors = np.ascontiguousarray(frame[list(COVARIATES)].to_numpy(dtype=float))
    stop, start = frame["stop"].to_numpy(), frame["start"].to_numpy()
    event = (frame["cause"] > 0).to_numpy(dtype=int)

    def fit() -> tuple[np.ndarray, np.ndarray]:
        model = coxdev.CoxDeviance(event=stop, status=event, start=start, tie_breaking="efron")
        coefficients = np.zeros(len(COVARIATES))
        for _ in range(20):
            eta = regressors @ coefficients
            score = -regressors.T @ model(eta).gradient / 2
            information = regressors.T @ (model.information(eta) @ regressors)
            step = np.linalg.solve(information, score)
            coefficients = coefficients + step
            if score @ step < 1e-9:
                break
        return coefficients, np.sqrt(np.diag(np.linalg.inv(information)))

    return fit


def statsmodels_phreg(frame: pd.DataFrame, moved: float = 0.0) -> Fit:
    """Prepare statsmodels' PHReg, entries moved a little where asked."""
    from statsmodels.duration.hazard_regression import PHReg

    regressors = frame[list(COVARIATES)].to_numpy(dtype=float)
    event, firms = (frame["cause"] > 0).to_numpy(dtype=int), frame["firm_id"].to_numpy()
    start, stop = frame["start"].to_numpy() + moved, frame["stop"].to_numpy()

    def fit() -> tuple[np.ndarray, np.ndarray]:
        model = PHReg(stop, regressors, status=event, entry=start, ties="efron").fit(groups=firms)
        return np.asarray(model.params), np.asarray(model.bse)

    return fit


def statsmodels_moved(frame: pd.DataFrame) -> Fit:
    """Prepare PHReg with entries moved past the events at the same time."""
    return statsmodels_phreg(frame, PAST)


def lifelines_cox(frame: pd.DataFrame) -> Fit:
    """Prepare lifelines' CoxPHFitter with late entry and errors grouped by firm."""
    from lifelines import CoxPHFitter

    table = frame[[*COVARIATES, "start", "stop", "firm_id"]].assign(event=frame["cause"] > 0)

    def fit() -> tuple[np.ndarray, np.ndarray]:
        model = CoxPHFitter().fit(table, "stop", "event", entry_col="start", cluster_col="firm_id")
        names = list(COVARIATES)
        return model.params_[names].to_numpy(), model.standard_errors_[names].to_numpy()

    return fit


def scikit_survival(frame: pd.DataFrame) -> Fit:
    """Prepare scikit-survival, which knows no entry: each year is taken as if it began at age 0."""
    from sksurv.linear_model import CoxPHSurvivalAnalysis

    regressors = frame[list(COVARIATES)].to_numpy(dtype=float)
    outcome = np.empty(len(frame), dtype=[("event", bool), ("stop", float)])
    outcome["event"], outcome["stop"] = frame["cause"] > 0, frame["stop"]

    def fit() -> tuple[np.ndarray, np.ndarray]:
        model = CoxPHSurvivalAnalysis(ties="efron").fit(regressors, outcome)
        return model.coef_, np.full(len(COVARIATES), np.nan)

    return fit
