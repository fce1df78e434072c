"""The peers: each loads what it needs and hands back the function that is timed."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from simulated_panels import CONTROLS

Fit = Callable[[], tuple[np.ndarray, np.ndarray]]
REGRESSORS = ("in_cluster", *CONTROLS)


def formula(outcome: str, effects: Sequence[str]) -> str:
    """Return the model as pyfixest, fereg and hdfe-stream read it."""
    return f"{outcome} ~ {' + '.join(REGRESSORS)} | {' + '.join(effects)}"


def pyfixest_ols(
    frame: pd.DataFrame, effects: Sequence[str], groups: str, demeaner: str, threads: int
) -> Fit:
    """Prepare pyfixest's feols with one of its demeaners."""
    import pyfixest
    from pyfixest.demeaners import LsmrDemeaner, MapDemeaner

    _ = threads
    solver = LsmrDemeaner() if demeaner == "within" else MapDemeaner(backend=demeaner)

    def fit() -> tuple[np.ndarray, np.ndarray]:
        model = pyfixest.feols(
            formula("log_wage", effects),
            frame,
            vcov={"CRV1": groups},
            demeaner=solver,
            copy_data=False,
            store_data=False,
        )
        return model.coef().to_numpy(), model.se().to_numpy()

    return fit


def pyfixest_poisson(frame: pd.DataFrame, effects: Sequence[str], groups: str, threads: int) -> Fit:
    """Prepare pyfixest's fepois."""
    import pyfixest

    _ = threads

    def fit() -> tuple[np.ndarray, np.ndarray]:
        model = pyfixest.fepois(formula("new_products", effects), frame, vcov={"CRV1": groups})
        return model.coef().to_numpy(), model.se().to_numpy()

    return fit


def fereg_fit(frame: pd.DataFrame, outcome: str, effects: Sequence[str], groups: str, threads: int) -> Fit:
    """Prepare fereg's feols or fepois."""
    import fereg

    estimator = fereg.fepois if outcome == "new_products" else fereg.feols

    def fit() -> tuple[np.ndarray, np.ndarray]:
        model = estimator(
            formula(outcome, effects), frame, vcov={"CRV1": groups}, lean=True, nthreads=threads
        )
        return np.asarray(model.coef()), np.asarray(model.se())

    return fit


def hdfe_stream_fit(
    frame: pd.DataFrame, outcome: str, effects: Sequence[str], groups: str, threads: int
) -> Fit:
    """Prepare hdfe-stream; the frame is made polars before the clock starts."""
    import hdfe_stream
    import polars

    _ = threads
    table = polars.from_pandas(frame)
    estimator = hdfe_stream.fepois_stream if outcome == "new_products" else hdfe_stream.feols_stream

    def fit() -> tuple[np.ndarray, np.ndarray]:
        model = estimator(formula(outcome, effects), table, vcov={"CRV1": groups}, verbose=False)
        return np.array(list(model.coef().values()), dtype=float), np.asarray(model.se, dtype=float)

    return fit


def within_py(frame: pd.DataFrame, effects: Sequence[str], groups: str, threads: int) -> Fit:
    """Prepare within-py's demeaning with least squares and grouped errors in NumPy."""
    import within

    _ = threads
    levels = np.column_stack([frame[name].factorize()[0] for name in effects]).astype(np.uint32)
    columns = np.asfortranarray(frame[["log_wage", *REGRESSORS]].to_numpy())
    group = frame[groups].factorize()[0]

    def fit() -> tuple[np.ndarray, np.ndarray]:
        left = within.solve_batch(np.asfortranarray(levels), columns).demeaned
        outcome, regressors = left[:, 0], left[:, 1:]
        bread = np.linalg.inv(regressors.T @ regressors)
        coefficients = bread @ (regressors.T @ outcome)
        scores = regressors * (outcome - regressors @ coefficients)[:, None]
        sums = np.column_stack([np.bincount(group, column) for column in scores.T]) @ bread
        return coefficients, np.sqrt((sums**2).sum(axis=0) * len(sums) / (len(sums) - 1))

    return fit


def linearmodels_absorbing(frame: pd.DataFrame, effects: Sequence[str], groups: str, threads: int) -> Fit:
    """Prepare linearmodels' AbsorbingLS."""
    from linearmodels.iv import AbsorbingLS

    _ = threads
    absorb = frame[list(effects)].astype("category")

    def fit() -> tuple[np.ndarray, np.ndarray]:
        model = AbsorbingLS(frame["log_wage"], frame[list(REGRESSORS)], absorb=absorb)
        fitted = model.fit(cov_type="clustered", clusters=frame[groups], debiased=True)
        return fitted.params.to_numpy(), fitted.std_errors.to_numpy()

    return fit


def statsmodels_hazard(frame: pd.DataFrame, threads: int) -> Fit:
    """Prepare statsmodels' GLM with dummies for region and year."""
    import statsmodels.api as sm

    _ = threads

    def fit() -> tuple[np.ndarray, np.ndarray]:
        dummies = [pd.get_dummies(frame[name], dtype=float) for name in ("region_code", "year")]
        regressors = pd.concat([frame[list(REGRESSORS)], dummies[0], dummies[1].iloc[:, 1:]], axis=1)
        family = sm.families.Binomial(sm.families.links.CLogLog())
        groups = frame["firm_id"].factorize()[0]
        model = sm.GLM(frame["is_exit"].astype(float).to_numpy(), regressors.to_numpy(), family=family)
        fitted = model.fit(tol=1e-12, cov_type="cluster", cov_kwds={"groups": groups})
        places = slice(0, len(REGRESSORS))
        return fitted.params[places], fitted.bse[places]

    return fit
