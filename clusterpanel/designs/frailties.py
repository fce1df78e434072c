"""The frailties of a design's groups, given the data."""

import numpy as np
import pandas as pd

from clusterpanel.designs.combination import check_design
from clusterpanel.designs.cox import refuse_others
from clusterpanel.designs.draw import MEMORY_GB
from clusterpanel.designs.request import Request
from clusterpanel.designs.survival_fits import fit_frailty_request
from clusterpanel.designs.survival_sample import check_survival, draw_survival_sample
from clusterpanel.errors import Fault, SpecError
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec


def frailties(
    design: DesignSpec, panel: Panel, *, threads: int = 1, memory_gb: float = MEMORY_GB
) -> pd.DataFrame:
    """Return each group's frailty given the data: what its hazards are multiplied by, about 1 on average.

    Parameters
    ----------
    design : DesignSpec
        Of the estimator cox, with a frailty.
    panel, threads, memory_gb
        As in `estimate`.

    Returns
    -------
    DataFrame
        The column of groups, and frailty.

    Raises
    ------
    SpecError
        The design has no frailty.
    """
    refuse_others(design, ("cox",))
    if design.frailty is None:
        fault = Fault(design.name, "frailty", "nothing", "a column whose rows share a frailty")
        raise SpecError("the design has no frailty", faults=[fault])
    check_design(design, panel)
    sample = draw_survival_sample(design, panel, memory_gb)
    check_survival(sample)
    shared = fit_frailty_request(Request(design, sample, panel.time, threads=threads))
    labels = sample.labels(0)
    groups = np.arange(len(shared.frailties)) if labels is None else labels.to_numpy()
    return pd.DataFrame({design.frailty: groups, "frailty": shared.frailties})
