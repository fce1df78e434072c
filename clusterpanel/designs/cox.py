"""The Cox regression of a design, with what residuals, baseline hazards and tests are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterpanel.designs.combination import check_design
from clusterpanel.designs.draw import MEMORY_GB
from clusterpanel.designs.encode import as_texts
from clusterpanel.designs.request import Request
from clusterpanel.designs.sample import Sample
from clusterpanel.designs.survival_fits import fit_cox_request
from clusterpanel.designs.survival_sample import check_survival, draw_survival_sample
from clusterpanel.errors import Fault, SpecError
from clusterpanel.models.arrays import Integers
from clusterpanel.models.survival.cox import CoxFit
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.vcov import GroupedVcov


@dataclass(frozen=True)
class CoxDesign:
    """A design's Cox regression.

    Attributes
    ----------
    design : DesignSpec
    sample : Sample
    fit : CoxFit
    time : str
        The panel's column of years.
    """

    design: DesignSpec
    sample: Sample
    fit: CoxFit
    time: str

    @property
    def way(self) -> int | None:
        """The way that errors are grouped; None where they are of the model.

        Raises
        ------
        SpecError
            They are grouped several ways, of which no one group's influence is a sum.
        """
        ways = len(self.sample.plan.groups)
        if ways > 1:
            came = f"errors grouped {ways} ways"
            fault = Fault(self.design.name, "vcov", came, 'errors grouped one way, or "iid"')
            raise SpecError("these errors take one way of groups", faults=[fault])
        return 0 if ways else None

    def stratum_labels(self, codes: Integers) -> "pd.Series[str]":
        """Return the names of strata, such as ``north^2015``; ``all`` where there are none."""
        values = self.sample.effect_values[0] if self.sample.effect_values else None
        if values is None:
            return pd.Series(["all"] * len(codes), dtype="str")
        labels = np.array(as_texts(values).to_pylist(), dtype=object)
        return pd.Series(labels[codes], dtype="str")

    def row_labels(self, panel: Panel) -> pd.DataFrame:
        """Return the firm and the time of each row of the sample."""
        arrays = self.sample.arrays("residuals by row")
        firms = self.sample.labels(0)
        times = self.sample.beside[panel.time]
        names = firms.to_numpy()[arrays.firms.codes] if firms is not None else arrays.firms.codes
        whole = times.astype(np.int64) if (times == np.floor(times)).all() else times
        return pd.DataFrame({panel.firm: names, panel.time: whole})


def fit_cox_design(
    design: DesignSpec,
    panel: Panel,
    threads: int = 1,
    memory_gb: float = MEMORY_GB,
    *,
    tells_rows: bool = False,
) -> CoxDesign:
    """Return the Cox regression of a design.

    Parameters
    ----------
    design : DesignSpec
    panel, threads, memory_gb
        As in `clusterpanel.designs.estimate.estimate`.
    tells_rows : bool
        Whether the firm and time of each row are to be known.

    Raises
    ------
    SpecError
        The design is not a Cox regression, or has a frailty.
    NotIdentifiedError, NotConvergedError, DataError
        As `clusterpanel.designs.estimate.estimate`.
    """
    refuse_others(design, ("cox",))
    if design.frailty is not None:
        fault = Fault(design.name, "frailty", design.frailty, "a Cox regression without frailty")
        raise SpecError("this is not to be had of a frailty", faults=[fault])
    beside: tuple[str, ...] = ()
    if tells_rows:
        # Coefficients are the same with any errors; the firm's labels come with those grouped by it.
        design = design.model_copy(update={"vcov": GroupedVcov(CRV1=panel.firm)})
        beside = (panel.time,)
    check_design(design, panel)
    sample = draw_survival_sample(design, panel, memory_gb, beside)
    check_survival(sample)
    fit = fit_cox_request(Request(design, sample, panel.time, threads=threads))
    return CoxDesign(design, sample, fit, panel.time)


def refuse_others(design: DesignSpec, estimators: Sequence[str]) -> None:
    """Refuse a design of another estimator.

    Raises
    ------
    SpecError
    """
    if design.estimator not in estimators:
        allowed = " or ".join(f'"{name}"' for name in estimators)
        fault = Fault(design.name, "estimator", f'"{design.estimator}"', allowed)
        raise SpecError("the design is of another estimator", faults=[fault])
