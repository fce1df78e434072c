"""What a design's Cox regression tells beside its coefficients: tests, hazards, survival, concordance.

Each function fits the design and makes one or a few passes more over its sample.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from clusterpanel.designs.cox import CoxDesign, fit_cox_design
from clusterpanel.designs.draw import MEMORY_GB
from clusterpanel.designs.terms import TermPlan
from clusterpanel.errors import Fault, SpecError
from clusterpanel.models.survival import baseline, proportional_hazards, standardised
from clusterpanel.models.survival import concordance as ranks
from clusterpanel.models.survival.concordance import Concordance
from clusterpanel.models.survival.standard_fold import Over, Setting
from clusterpanel.models.survival.standardised import StandardisedSurvival
from clusterpanel.models.survival.time_transforms import Transform
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.faults import listed


def proportional_hazards_test(
    design: DesignSpec,
    panel: Panel,
    transform: Transform = "km",
    terms: Mapping[str, Sequence[str]] | None = None,
    *,
    threads: int = 1,
    memory_gb: float = MEMORY_GB,
) -> pd.DataFrame:
    """Test whether a Cox regression's hazard ratios are the same at all times, as R's `cox.zph`.

    Parameters
    ----------
    design : DesignSpec
        Of the estimator cox.
    panel : Panel
    transform : "km", "rank", "identity" or "log"
        The function of time that a coefficient may follow.
    terms : mapping of str to sequences of str
        Regressors that are tested together; by default each by itself.
    threads, memory_gb
        As in `estimate`.

    Returns
    -------
    DataFrame
        term, statistic (chi-squared), degrees_of_freedom, p_value; the last row, GLOBAL, of all regressors.

    Raises
    ------
    SpecError
        The design is not a Cox regression; an unknown transform or regressor.
    NotIdentifiedError
        All events are at one time.
    """
    fit = fit_cox_design(design, panel, threads, memory_gb).fit
    return proportional_hazards.proportional_hazards_test(fit, transform, terms, threads)


def baseline_hazard(
    design: DesignSpec, panel: Panel, *, threads: int = 1, memory_gb: float = MEMORY_GB
) -> pd.DataFrame:
    """Return the cumulative baseline hazard of a Cox regression, all regressors being 0.

    Returns
    -------
    DataFrame
        stratum, time, events, cumulative_hazard, std_error, at each stratum's event times.

    Raises
    ------
    SpecError
        The design is not a Cox regression.
    """
    cox = fit_cox_design(design, panel, threads, memory_gb)
    return _with_strata(cox, baseline.baseline_hazard(cox.fit, "zero", threads))


def predicted_survival(
    design: DesignSpec,
    panel: Panel,
    patterns: Mapping[str, Mapping[str, float]],
    times: Sequence[float] | None = None,
    *,
    threads: int = 1,
    memory_gb: float = MEMORY_GB,
) -> pd.DataFrame:
    """Return the survival that a Cox regression foretells for given regressors, which stay as they are.

    Parameters
    ----------
    design : DesignSpec
    panel : Panel
    patterns : mapping of str to mappings of str to float
        By label: the value of every regressor, as the coefficients name them.
    times : sequence of float, optional
        By default each stratum's event times.
    threads, memory_gb
        As in `estimate`.

    Returns
    -------
    DataFrame
        pattern, stratum, time, cumulative_hazard, survival, std_error, conf_low, conf_high (95 %, log).

    Raises
    ------
    SpecError
        The design is not a Cox regression, or a pattern lacks a regressor or has an unknown one.
    """
    cox = fit_cox_design(design, panel, threads, memory_gb)
    return _with_strata(cox, baseline.survival_at(cox.fit, patterns, times, way=cox.way))


def standardised_survival(
    design: DesignSpec,
    panel: Panel,
    times: Sequence[float],
    arms: Mapping[str, Mapping[str, Setting]] | None = None,
    over: Over = "firms",
    *,
    threads: int = 1,
    memory_gb: float = MEMORY_GB,
) -> StandardisedSurvival:
    """Return survival averaged over a sample as if every firm had a given exposure, and the differences.

    Parameters
    ----------
    design : DesignSpec
        Of the estimator cox. Its errors, grouped one way or of the model, are those of the averages.
    panel : Panel
    times : sequence of float
        Ascending.
    arms : mapping of str to mappings of str to float or callable, optional
        By label: the regressors that are set; by default the exposure to 1, and to 0, the reference.
    over : "firms" or "rows"
        Average over the firms as first seen, or over all rows.
    threads, memory_gb
        As in `estimate`.

    Raises
    ------
    SpecError
        The design is not a Cox regression; an arm sets what is not a regressor, or leaves a product of the
        exposure with another column as it is.
    """
    if arms is None:
        name = design.exposure
        arms = {f"{name} = 1": {name: 1.0}, f"{name} = 0": {name: 0.0}}
    cox = fit_cox_design(design, panel, threads, memory_gb)
    _check_products(cox, arms)
    return standardised.standardised_survival(cox.fit, arms, times, over, cox.way, threads)


def concordance(
    design: DesignSpec, panel: Panel, *, threads: int = 1, memory_gb: float = MEMORY_GB
) -> Concordance:
    """Return how well a Cox regression's risks order the events: Harrell's C with its error.

    Raises
    ------
    SpecError
        The design is not a Cox regression.
    NotIdentifiedError
        No event has another row at risk.

    Notes
    -----
    Six numbers of each row are held in memory. Errors are grouped as the design's, by its one way.
    """
    cox = fit_cox_design(design, panel, threads, memory_gb)
    return ranks.concordance(cox.fit, cox.way)


def _with_strata(cox: CoxDesign, frame: pd.DataFrame) -> pd.DataFrame:
    labels = cox.stratum_labels(frame["stratum"].to_numpy())
    return frame.assign(stratum=labels.to_numpy()).astype({"stratum": "str"})


def _check_products(cox: CoxDesign, arms: Mapping[str, Mapping[str, Setting]]) -> None:
    """Refuse arms that set a column and leave what is made of it as it is."""
    plan = cox.sample.plan.regressors
    if not isinstance(plan, TermPlan):
        return
    own = {name: set(plan.columns_of(name)) for name in plan.names}
    for label, arm in arms.items():
        moved = {column for name in arm for column in own.get(name, ())}
        left = [name for name in plan.names if name not in arm and own[name] & moved]
        if left:
            fault = Fault(label, "arms", f"{listed(left)} as in the data", f"values of {listed(left)} too")
            hint = "A function of the rows' regressors gives a product's value in each row."
            raise SpecError("an arm sets a part of a product only", faults=[fault], hint=hint)
