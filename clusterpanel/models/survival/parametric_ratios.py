"""From log time ratios to log hazard ratios, with their variance."""

from dataclasses import replace

import numpy as np

from clusterpanel.errors import SpecError
from clusterpanel.models.fit import Fit
from clusterpanel.models.survival.parametric_families import PARAMETRIC, ParametricName


def as_hazard_ratios(fit: Fit, family: ParametricName) -> Fit:
    """Return an exponential or Weibull fit as log hazard ratios, ``-b / scale``, and ``log_shape``.

    Its hazard is ``shape * t**(shape - 1) * exp(constant + x'b)`` in these terms, with shape 1/scale. The
    variance, and each group's influence, follow by the delta method.

    Raises
    ------
    SpecError
        The family has no hazard ratio, or has it already.
    """
    chosen = PARAMETRIC[family]
    if not (chosen.is_accelerated and chosen.has_hazard_ratio):
        raise SpecError(
            f"{chosen.words} has no time ratios that are hazard ratios too; allowed: exponential, weibull"
        )
    size = len(fit.names) - bool(chosen.shape)
    scale = float(np.exp(fit.coefficients[-1])) if chosen.shape else 1.0
    coefficients, names = -fit.coefficients / scale, fit.names
    back = -np.eye(len(fit.names)) / scale
    if chosen.shape:
        back[:size, -1] = fit.coefficients[:size] / scale
        back[-1, -1], coefficients[-1] = -1.0, -fit.coefficients[-1]
        names = (*fit.names[:size], "log_shape")
    return replace(fit, names=names, coefficients=coefficients, variance=fit.variance.of_combinations(back))
