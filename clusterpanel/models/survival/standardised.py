"""Standardised survival: what survival would be if every firm had a given exposure (the g-formula).

The survival that a Cox regression foretells for each firm at each exposure is averaged over the firms
(Makuch 1982, Journal of Chronic Diseases 35); differences of such averages are marginal effects in percentage
points, and do not depend on which firm stands for all. Errors by influence hold the firms for a sample too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.fit import coefficient_table
from clusterpanel.models.survival.cox import CoxFit
from clusterpanel.models.survival.hazard_functionals import (
    HazardFunctionals,
    grouped_influence,
    model_covariance,
)
from clusterpanel.models.survival.intervals import share_interval
from clusterpanel.models.survival.standard_fold import Averages, Over, Setting, StandardFold, hazards_at

Arms = Mapping[str, Mapping[str, Setting]]


@dataclass(frozen=True)
class StandardisedSurvival:
    """Survival averaged over a sample, under each arm.

    Attributes
    ----------
    curves : DataFrame
        arm, time, survival, std_error, conf_low, conf_high (95 %, log-log).
    differences : DataFrame
        arm, reference, time, estimate, std_error, statistic, p_value, conf_low, conf_high: survival under an
        arm less that under the last one.
    covariance : float array, shape (arms * times, arms * times)
        Of the curves' survival, in their order.
    influence : float array, shape (groups, arms * times), or None
        How far each group moves each of them, where errors are grouped.
    rule : str
        The errors' rule in words.
    """

    curves: pd.DataFrame
    differences: pd.DataFrame
    covariance: Floats
    influence: Floats | None
    rule: str


def standardised_survival(  # noqa: PLR0917
    fit: CoxFit,
    arms: Arms,
    times: Sequence[float] | Floats,
    over: Over = "firms",
    way: int | None = None,
    threads: int = 1,
) -> StandardisedSurvival:
    """Return survival averaged over a sample, with regressors set to given values.

    Parameters
    ----------
    fit : CoxFit
    arms : mapping of str to mappings of str to float or callable
        By label: the regressors that are set, and to what: a value, or a function of the rows' regressors
        (shape (regressors, rows), in the source's order), for products with the exposure. The last arm is the
        reference of differences.
    times : array of float
        Ascending. After a stratum's last event time its survival is that at this time.
    over : "firms" or "rows"
        Average over each firm's first row (earliest start), the regressors it had then, or over all rows.
        Weights count; each row keeps its stratum and offset.
    way : int or None
        None takes errors from the model and the sample for the population; a number groups them by that way
        of the source's groups and lets the sample vary.
    threads : int

    Raises
    ------
    SpecError
        An arm sets what is not a regressor; there is no time; the source has no such way.
    """
    when = np.asarray(times, dtype=np.float64)
    _check_request(fit, arms, when)
    names = fit.source.names
    settings = tuple({names.index(name): x for name, x in arm.items()} for arm in arms.values())
    fold = StandardFold(fit, settings, hazards_at(fit, when), over)
    averages = run_fold(fold, fit.source.blocks(), threads)
    functionals = _functionals(fit, averages, when)
    if way is None:
        influence, covariance = None, model_covariance(fit, functionals)
        rule = "from the model, the sample taken for the population"
    else:
        influence = grouped_influence(
            fit, functionals, way, lambda block: fold.direct(block, averages), threads
        )
        covariance = influence.T @ influence
        rule = f"grouped by {fit.source.group_names[way]} (influence), {len(influence)} groups"
    curves = _curves(tuple(arms), when, averages.survival, covariance)
    differences = _differences(tuple(arms), when, averages.survival, covariance)
    return StandardisedSurvival(curves, differences, covariance, influence, rule)


def _check_request(fit: CoxFit, arms: Arms, times: Floats) -> None:
    names = fit.source.names
    unknown = sorted({name for arm in arms.values() for name in arm} - set(names))
    if unknown:
        raise SpecError(f"the regressors {', '.join(unknown)} are not among {', '.join(names)}")
    if not len(times) or not arms:
        raise SpecError("standardised survival needs at least one arm and one time")


def _functionals(fit: CoxFit, averages: Averages, times: Floats) -> HazardFunctionals:
    cells = fit.rows.cells
    arms, _, size = averages.on_coefficients.shape
    counted = cells.times[:, None] <= times
    on_cells = averages.on_hazard[:, cells.strata].transpose(1, 0, 2) * counted[:, None]
    numbers = arms * len(times)
    return HazardFunctionals(
        on_cells.reshape(cells.size, numbers), averages.on_coefficients.reshape(numbers, size)
    )


def _curves(arms: tuple[str, ...], times: Floats, survival: Floats, covariance: Floats) -> pd.DataFrame:
    values, errors = survival.ravel(), np.sqrt(np.diag(covariance))
    low, high = share_interval(values, errors)
    columns = {"survival": values, "std_error": errors, "conf_low": low, "conf_high": high}
    labels = {"arm": np.repeat(np.array(arms, dtype=object), len(times)), "time": np.tile(times, len(arms))}
    return pd.DataFrame({**labels, **columns}).astype({"arm": "str"})


def _differences(arms: tuple[str, ...], times: Floats, survival: Floats, covariance: Floats) -> pd.DataFrame:
    parts, size = [], len(times)
    for place, arm in enumerate(arms[:-1]):
        weights = np.zeros((size, len(arms) * size))
        own, reference = np.arange(size) + place * size, np.arange(size) + (len(arms) - 1) * size
        weights[np.arange(size), own], weights[np.arange(size), reference] = 1.0, -1.0
        errors = np.sqrt(np.maximum(np.einsum("tq,qr,tr->t", weights, covariance, weights), 0.0))
        table = coefficient_table(("",) * size, weights @ survival.ravel(), errors, np.inf)
        labels = pd.DataFrame({"arm": arm, "reference": arms[-1], "time": times})
        parts.append(pd.concat([labels, table.drop(columns="term")], axis=1))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
