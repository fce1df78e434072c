"""The one number of a result that answers its design, with the facts a reader weighs it by."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, isfinite, log
from typing import Any

from clusterpanel.models.result import Result, SurvivalCurves
from clusterpanel.report.digits import beside, percent, significant
from clusterpanel.report.labels import RATIO_OF, is_log, is_yes_no

LEVEL_OF_TEST = 0.05


@dataclass(frozen=True)
class MainTerm:
    """The exposure's estimate in one result.

    Attributes
    ----------
    label, estimator, comparison, region, outcome, exposure : str
        What ran, and the column whose effects a region comparison absorbs; empty where a contrast has none.
    estimate, std_error, p_value, conf_low, conf_high : float
        In the units of the coefficient (log points / 100 for a logged outcome or a model of ratios).
    n, firms, switchers : int or None
        Firm-years, firms, and firms whose exposure changes in the sample.
    effects : tuple of str
        The effects absorbed.
    r2_within : float or None
    mean_outcome : float or None
        The mean of the outcome in the sample.
    cause : str
        The cause of the event that is explained; empty where any counts.
    survivors_only : str or None
        Whether the outcome is seen of living firms only; None where it is not.
    """

    label: str
    estimator: str
    comparison: str
    region: str
    outcome: str
    exposure: str
    estimate: float
    std_error: float
    p_value: float
    conf_low: float
    conf_high: float
    n: int | None
    firms: int | None
    switchers: int | None
    effects: tuple[str, ...]
    r2_within: float | None
    mean_outcome: float | None
    cause: str = ""
    survivors_only: str | None = None

    @property
    def is_told_from_zero(self) -> bool:
        """Whether the two-sided test at five per cent rejects zero."""
        return isfinite(self.p_value) and self.p_value < LEVEL_OF_TEST

    @property
    def is_share(self) -> bool:
        """Whether the estimate compares logged levels of yes and no, and so reads as per cent."""
        return self.estimator not in RATIO_OF and self.outcome.startswith("log_") and is_yes_no(self.exposure)

    def reading(self, scale: float = 1.0) -> str:
        """Return the estimate in everyday words: per cent, a hazard ratio, a share of the mean, per doubling.

        Parameters
        ----------
        scale : float
            What the estimate is multiplied by where it is printed.
        """
        if ratio := RATIO_OF.get(self.estimator):
            return f"{ratio} × {significant(exp(self.estimate))}" if self.comparison else ""
        if self.is_share:
            return percent(exp(self.estimate) - 1)
        if is_log(self.outcome) and is_log(self.exposure):
            return f"elasticity {beside(self.estimate, self.std_error)}"
        if is_yes_no(self.outcome) and is_yes_no(self.exposure) and self.mean_outcome:
            return f"{percent(self.estimate / self.mean_outcome, 0)} of the mean"
        if is_log(self.exposure):
            return f"{beside(scale * log(2) * self.estimate, scale * self.std_error)} a doubling"
        return ""


def design_facts(result: Result | SurvivalCurves) -> Mapping[str, Any]:
    """Return the design that a result came from; for a contrast, what its provenance says of itself."""
    facts = result.provenance.get("design", result.provenance)
    return facts if isinstance(facts, Mapping) else {}


def is_contrast(result: Result | SurvivalCurves) -> bool:
    """Say whether a result combines others instead of coming from a sample of its own."""
    return "design" not in result.provenance


def main_term(result: Result) -> MainTerm:
    """Return the exposure's row of a result (its first row where no term bears the exposure's name)."""
    design, glance = design_facts(result), result.glance
    named = result.estimate["term"].astype(str) == str(design.get("exposure", ""))
    row = result.estimate.loc[named if named.any() else slice(None)].iloc[0]
    return MainTerm(
        label=result.label,
        estimator=str(design.get("estimator", "")),
        comparison=str(design.get("comparison", "")),
        region=str(design.get("region", "")),
        outcome=str(design.get("outcome", "")),
        exposure=str(design.get("exposure", "")),
        estimate=float(row["estimate"]),
        std_error=float(row["std_error"]),
        p_value=float(row["p_value"]),
        conf_low=float(row["conf_low"]),
        conf_high=float(row["conf_high"]),
        n=_count(glance.get("n")),
        firms=_count(glance.get("firms")),
        switchers=_count(glance.get("switchers")),
        effects=tuple(map(str, result.provenance.get("effects", ()))),
        r2_within=_number(glance.get("r2_within")),
        mean_outcome=_number(glance.get("mean_outcome")),
        cause=_cause(design, str(row["term"])),
        survivors_only=glance.get("survivors_only"),
    )


def _cause(design: Mapping[str, Any], term: str) -> str:
    """Return the cause that a design or, of a logit of several, its first term is about."""
    if design.get("estimator") == "competing_logit":
        return term.removesuffix(f": {design.get('exposure')}")
    return str(design.get("cause_of_interest") or "")


def _count(value: Any) -> int | None:
    return None if value is None else int(value)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
