"""Fit a shift-share regression with errors by shock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from clusterpanel.errors import DataError, SpecError
from clusterpanel.models.arrays import Floats, ModelArrays
from clusterpanel.models.fit import Fit
from clusterpanel.models.instruments.confidence_set import ConfidenceSet
from clusterpanel.models.instruments.fit import variances_of
from clusterpanel.models.instruments.two_stage import structural_equation, structural_fit
from clusterpanel.models.shift_share.errors_by_shock import LeftRows, akm0_p_value, akm0_set, akm_error
from clusterpanel.models.shift_share.sample import ShiftShareSample, prepare_shift_share
from clusterpanel.models.shift_share.shares import Shares, recover_shocks
from clusterpanel.models.vcov.counts import count_sample
from clusterpanel.spec.vcov import Vcov

LEVEL = 0.95
# Squares of a variable that no shocks make of the shares, as a share of its own.
LARGEST_GAP = 1e-6
FEW_SECTORS = 20


@dataclass(frozen=True)
class ShiftShareFit:
    """The effect of a shift-share exposure, or of one that a shift-share variable is the instrument of.

    Attributes
    ----------
    exposure : str
    estimate : float
    fit : Fit
        All coefficients, with errors that do not know of shocks.
    errors : DataFrame
        One row each kind of error, of the exposure: kind, std_error, p_value, conf_low, conf_high, words.
        AKM0's std_error is the length of its interval over twice the normal quantile, infinite where it is
        none.
    akm0_set : ConfidenceSet
    first_stage : DataFrame or None
        The same of the exposure on the variable, with its estimate; None where they are the same.
    shocks : DataFrame
        One row per sector: sector, shock, shock_left (less what controls explain), importance (its share of
        all weighted shares).
    facts : mapping
        sectors, effective_sectors (inverse of the importances' concentration), largest_importance,
        share_sum_least, share_sum_most.
    notes : tuple of str
    sample : ShiftShareSample
    """

    exposure: str
    estimate: float
    fit: Fit
    errors: pd.DataFrame
    akm0_set: ConfidenceSet
    first_stage: pd.DataFrame | None
    shocks: pd.DataFrame
    facts: Mapping[str, Any]
    notes: tuple[str, ...]
    sample: ShiftShareSample


def fit_shift_share(
    arrays: ModelArrays,
    shares: Shares,
    shocks: Floats | None = None,
    *,
    variable: Floats | None = None,
    endogenous: str | None = None,
    vcov: Vcov = "HC1",
    controls_sum: bool = False,
    has_residual_sector: bool = False,
    threads: int = 1,
) -> ShiftShareFit:
    """Fit a regression on a shift-share variable, or with one as the instrument.

    Parameters
    ----------
    arrays : ModelArrays
        One outcome, then the endogenous exposure (if any) and controls; effects are absorbed.
    shares : Shares
        In the order of the rows.
    shocks : float array, shape (sectors,), or None
        None: those that make the variable of the shares.
    variable : float array, shape (rows,), or None
        The shift-share variable; None: shares times shocks.
    endogenous : str or None
        The exposure that the variable is the instrument of; None: the effect of the variable itself.
    vcov : Vcov
        A variance to set beside those by shock.
    controls_sum : bool
        Hold the sum of the shares constant, as incomplete shares ask for.
    has_residual_sector : bool
        Give what is missing to one to a sector of its own, without a shock, when the shocks' residuals are
        made.
    threads : int

    Returns
    -------
    ShiftShareFit

    Raises
    ------
    SpecError, DataError
        Rows, sectors or columns do not match, or the variable is no shift-share one.
    NotIdentifiedError
        Controls and effects explain the variable, or the shares of some sectors are collinear.
    """
    variable, shocks = _variable_and_shocks(arrays, shares, shocks, variable)
    sample = prepare_shift_share(
        arrays, shares, variable, endogenous, controls_sum=controls_sum, threads=threads
    )
    left = sample.left
    wide = shares.with_rest() if has_residual_sector and not shares.are_complete else shares
    shocks_left = recover_shocks(wide, left.variable, left.weights)[: len(shares.sectors)]
    fit = _fit_rows(sample, vcov, threads)
    importance = shares.collect(left.weights) / float(left.weights @ shares.sums)
    return ShiftShareFit(
        exposure=sample.exposure,
        estimate=left.estimate,
        fit=fit,
        errors=_errors(left, shares, shocks_left, fit),
        akm0_set=akm0_set(left, shares, shocks_left, LEVEL),
        first_stage=_first_stage(left, shares, shocks_left) if endogenous else None,
        shocks=pd.DataFrame(
            {
                "sector": list(shares.sectors),
                "shock": shocks,
                "shock_left": shocks_left,
                "importance": importance,
            }
        ),
        facts={
            "sectors": len(shares.sectors),
            "effective_sectors": float(1 / (importance @ importance)),
            "largest_importance": float(importance.max()),
            "share_sum_least": float(shares.sums.min()),
            "share_sum_most": float(shares.sums.max()),
        },
        notes=_notes(shares, importance, controls_sum),
        sample=sample,
    )


def _variable_and_shocks(
    arrays: ModelArrays, shares: Shares, shocks: Floats | None, variable: Floats | None
) -> tuple[Floats, Floats]:
    if shocks is None and variable is None:
        raise SpecError("neither shocks nor a shift-share variable came", hint="Give shocks, one a sector.")
    if shocks is not None and len(shocks) != len(shares.sectors):
        raise DataError(f"{len(shocks)} shocks came with shares in {len(shares.sectors)} sectors")
    if shocks is None:
        shocks = recover_shocks(shares, _told(variable), arrays.weights)
    made = shares.spread(shocks)
    if variable is None:
        return made, shocks
    gap = float(((variable - made) ** 2).sum()) / max(float((variable**2).sum()), 1e-300)
    if gap > LARGEST_GAP:
        raise DataError(
            f"the variable is not shares times shocks: {gap:.2g} of its squares are left over",
            hint="Give the shares and shocks it was made of.",
        )
    return variable, shocks


def _told(variable: Floats | None) -> Floats:
    if variable is None:
        raise SpecError("neither shocks nor a shift-share variable came")
    return variable


def _fit_rows(sample: ShiftShareSample, vcov: Vcov, threads: int) -> Fit:
    parts = sample.prepared.parts
    counts = count_sample(sample.arrays, len(parts.regressors))
    variances = variances_of(sample.prepared, counts, vcov, threads=threads)
    structural = structural_equation(parts)
    return structural_fit(sample.prepared, structural, variances.of([structural])[0], counts)


def _errors(left: LeftRows, shares: Shares, shocks: Floats, fit: Fit) -> pd.DataFrame:
    own = fit.table().iloc[0]
    kept = akm0_set(left, shares, shocks, LEVEL)
    low, high = kept.ends
    normal = float(ndtri((1 + LEVEL) / 2))
    imposed = {
        "kind": "AKM0",
        "std_error": (high - low) / (2 * normal) if kept.is_interval else np.inf,
        "p_value": akm0_p_value(left, shares, shocks),
        "conf_low": low,
        "conf_high": high,
        "words": f"by shock, null imposed: {kept.words}",
    }
    first = {
        "kind": fit.rule.partition(",")[0],
        **{key: float(own[key]) for key in ("std_error", "p_value", "conf_low", "conf_high")},
        "words": fit.rule,
    }
    return pd.DataFrame([first, _akm_row(left, shares, shocks), imposed])


def _akm_row(left: LeftRows, shares: Shares, shocks: Floats) -> dict[str, Any]:
    error, normal = akm_error(left, shares, shocks), float(ndtri((1 + LEVEL) / 2))
    groups = "" if shares.groups is None else f", {len(np.unique(shares.groups))} groups of related shocks"
    return {
        "kind": "AKM",
        "std_error": error,
        "p_value": float(2 * ndtr(-abs(left.estimate) / error)),
        "conf_low": left.estimate - normal * error,
        "conf_high": left.estimate + normal * error,
        "words": f"by shock (Adao, Kolesar and Morales 2019), {len(shares.sectors)} sectors{groups}, normal",
    }


def _first_stage(left: LeftRows, shares: Shares, shocks: Floats) -> pd.DataFrame:
    stage = LeftRows(left.exposure, left.variable, left.variable, left.weights)
    row = _akm_row(stage, shares, shocks)
    return pd.DataFrame([{"kind": "AKM", "estimate": stage.estimate, **row, "f": _square(stage, row)}])


def _square(stage: LeftRows, row: Mapping[str, Any]) -> float:
    return float((stage.estimate / row["std_error"]) ** 2)


def _notes(shares: Shares, importance: Floats, controls_sum: bool) -> tuple[str, ...]:
    notes = []
    if not shares.are_complete and not controls_sum:
        notes.append(
            f"A row's shares sum to between {shares.sums.min():.3g} and {shares.sums.max():.3g}: the "
            "variable then also compares rows with more and less in the sectors. Unless controls and effects "
            "hold that sum constant, shocks that are random do not make the variable so (Borusyak, Hull and "
            "Jaravel 2022)."
        )
    effective = float(1 / (importance @ importance))
    if effective < FEW_SECTORS:
        notes.append(
            f"The shares rest on {effective:.1f} effective sectors: with fewer than about {FEW_SECTORS}, "
            "errors by shock are likely to be too small; AKM0 is the safer."
        )
    return tuple(notes)
