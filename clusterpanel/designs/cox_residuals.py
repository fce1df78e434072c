"""Residuals of a design's Cox regression, with the firm and year of each."""

import pandas as pd

from clusterpanel.designs.cox import CoxDesign, fit_cox_design
from clusterpanel.designs.draw import MEMORY_GB
from clusterpanel.models.survival import residuals
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec


def martingale_residuals(
    design: DesignSpec, panel: Panel, *, threads: int = 1, memory_gb: float = MEMORY_GB
) -> pd.DataFrame:
    """Return each row's event less the events expected of it while it was at risk.

    Returns
    -------
    DataFrame
        The firm and time columns of the panel, and residual. A firm's residual is the sum of its rows'.

    Raises
    ------
    SpecError
        The design is not a Cox regression, or its sample does not fit into memory.
    """
    cox = _told(design, panel, threads, memory_gb)
    return cox.row_labels(panel).assign(residual=residuals.martingale_residuals(cox.fit))


def deviance_residuals(
    design: DesignSpec, panel: Panel, *, threads: int = 1, memory_gb: float = MEMORY_GB
) -> pd.DataFrame:
    """Return martingale residuals made nearly symmetric about 0; columns as in `martingale_residuals`.

    Raises
    ------
    SpecError
        As `martingale_residuals`.
    """
    cox = _told(design, panel, threads, memory_gb)
    return cox.row_labels(panel).assign(residual=residuals.deviance_residuals(cox.fit))


def score_residuals(
    design: DesignSpec, panel: Panel, *, threads: int = 1, memory_gb: float = MEMORY_GB
) -> pd.DataFrame:
    """Return each row's share in the derivative of the log partial likelihood, one column per regressor.

    Returns
    -------
    DataFrame
        The firm and time columns of the panel, then the regressors.

    Raises
    ------
    SpecError
        As `martingale_residuals`.
    """
    cox = _told(design, panel, threads, memory_gb)
    values = pd.DataFrame(residuals.score_residuals(cox.fit), columns=list(cox.fit.source.names))
    return pd.concat([cox.row_labels(panel), values], axis=1)


def dfbeta_residuals(
    design: DesignSpec, panel: Panel, *, threads: int = 1, memory_gb: float = MEMORY_GB
) -> pd.DataFrame:
    """Return about how far each row moves each coefficient; columns as in `score_residuals`.

    Raises
    ------
    SpecError
        As `martingale_residuals`.
    """
    cox = _told(design, panel, threads, memory_gb)
    values = pd.DataFrame(residuals.dfbeta_residuals(cox.fit), columns=list(cox.fit.source.names))
    return pd.concat([cox.row_labels(panel), values], axis=1)


def schoenfeld_residuals(
    design: DesignSpec,
    panel: Panel,
    *,
    threads: int = 1,
    memory_gb: float = MEMORY_GB,
    is_scaled: bool = False,
) -> pd.DataFrame:
    """Return each event's regressors less their mean over the risk set, one column per regressor.

    Parameters
    ----------
    design, panel, threads, memory_gb
        As in `martingale_residuals`.
    is_scaled : bool
        Whether they are scaled so that their course over time is that of each coefficient (Grambsch and
        Therneau 1994).

    Returns
    -------
    DataFrame
        The firm and time columns of the panel, stratum, event_time, then the regressors; one row per event.

    Raises
    ------
    SpecError
        As `martingale_residuals`.
    """
    cox = _told(design, panel, threads, memory_gb)
    kind = residuals.scaled_schoenfeld_residuals if is_scaled else residuals.schoenfeld_residuals
    found = kind(cox.fit)
    rows = cox.row_labels(panel).iloc[found.rows].reset_index(drop=True)
    rows = rows.assign(stratum=cox.stratum_labels(found.strata), event_time=found.times)
    return pd.concat([rows, pd.DataFrame(found.values, columns=list(cox.fit.source.names))], axis=1)


def _told(design: DesignSpec, panel: Panel, threads: int, memory_gb: float) -> CoxDesign:
    return fit_cox_design(design, panel, threads, memory_gb, tells_rows=True)
