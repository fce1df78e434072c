"""Estimate a design: the sixth verb of the line."""

from clusterpanel.designs.cumulative_incidence import cumulative_incidence
from clusterpanel.designs.draw import MEMORY_GB
from clusterpanel.designs.regression import estimate_regression
from clusterpanel.designs.survival_curves import estimate_kaplan_meier
from clusterpanel.engine.progress import passes_shown
from clusterpanel.models.result import Result, SurvivalCurves
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.estimators import estimator_of


def estimate(
    design: DesignSpec,
    panel: Panel,
    threads: int = 1,
    memory_gb: float = MEMORY_GB,
    *,
    progress: bool | None = None,
) -> Result | SurvivalCurves:
    """Return a design's estimate on a panel.

    Parameters
    ----------
    design : DesignSpec
        From a study, or from `clusterpanel.designs.design.design` in a notebook.
    panel : Panel
    threads : int
        Threads that work on blocks of firms; changes the time it takes, never the numbers.
    memory_gb : float
        What the sample may take, in 10^9 bytes. A sample that takes more is read from the panel in each pass;
        what needs all rows at once then refuses.
    progress : bool, optional
        Whether to draw a bar on standard error while rows are read block by block or a bootstrap draws, once
        that takes longer than a second; by default on a terminal and in a notebook only.

    Raises
    ------
    SpecError
        The panel lacks a column, a regressor is text, or the design asks for what cannot be had.
    NotIdentifiedError
        The sample holds no answer: no switchers, one firm, no variation, a regressor that foretells exits.
    DataError
        Rows of a survival design end before they start, or at once.
    NotConvergedError
        A likelihood still rises when the steps run out.

    Examples
    --------
    >>> import pandas as pd
    >>> from clusterpanel.designs.design import design
    >>> frame = pd.DataFrame({"firm_id": list("aabbcc"), "year": [1, 2] * 3})
    >>> frame["in_cluster"] = [0, 1, 1, 0, 0, 0]
    >>> frame["log_wage"] = [1.0, 1.4, 2.1, 1.9, 3.0, 3.2]
    >>> within = design(comparison="within", outcome="log_wage", exposure="in_cluster")
    >>> estimate(within, Panel.from_frame(frame)).term("in_cluster")["estimate"].round(3).item()
    0.3
    """
    with passes_shown(progress):
        if estimator_of(design).is_curve:
            return _estimate_curves(design, panel)
        return estimate_regression(design, panel, threads, memory_gb)


def _estimate_curves(design: DesignSpec, panel: Panel) -> SurvivalCurves:
    interval = design.intervals or "log-log"
    if design.estimator == "cumulative_incidence":
        return cumulative_incidence(design, panel, cause=str(design.cause), interval=interval)
    return estimate_kaplan_meier(design, panel, interval=interval)
