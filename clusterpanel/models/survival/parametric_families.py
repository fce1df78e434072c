"""Survival models with a parametric baseline: what each assumes of time, and what its coefficients say.

Accelerated failure time: ``log T = constant + x'b + scale * Z`` with Z of the extreme-value (exponential:
scale 1; Weibull), logistic (log-logistic) or normal (log-normal) distribution, as R's ``survreg`` reports it
(Kalbfleisch and Prentice 2002, The Statistical Analysis of Failure Time Data, section 2.3). Gompertz in
hazard form, as R's ``flexsurv`` reports it: ``h(t) = exp(constant + x'b + shape * t)``.
"""

from dataclasses import dataclass
from typing import Literal

ParametricName = Literal["exponential", "weibull", "log_logistic", "log_normal", "gompertz"]


@dataclass(frozen=True)
class ParametricFamily:
    """A distribution of the time to the event.

    Attributes
    ----------
    name : str
    code : int
        As the compiled loops know it (`parametric_kernels`).
    words : str
        What the model is called in messages.
    shape : str
        The name of the parameter beside the coefficients; empty where there is none.
    """

    name: ParametricName
    code: int
    words: str
    shape: str

    @property
    def is_accelerated(self) -> bool:
        """Whether coefficients are log time ratios; otherwise they are log hazard ratios."""
        return self.name != "gompertz"

    @property
    def has_hazard_ratio(self) -> bool:
        """Whether hazards of two firms have a ratio that is the same at all times."""
        return self.name in ("exponential", "weibull", "gompertz")


PARAMETRIC: dict[str, ParametricFamily] = {
    "exponential": ParametricFamily("exponential", 0, "the exponential model", ""),
    "weibull": ParametricFamily("weibull", 0, "the Weibull model", "log_scale"),
    "log_logistic": ParametricFamily("log_logistic", 1, "the log-logistic model", "log_scale"),
    "log_normal": ParametricFamily("log_normal", 2, "the log-normal model", "log_scale"),
    "gompertz": ParametricFamily("gompertz", 3, "the Gompertz model", "shape"),
}
