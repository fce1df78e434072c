"""Estimate a design whose exposure or instrument is shares in sectors times shocks to the sectors."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from clusterpanel.designs.combination import check_design, effects_of
from clusterpanel.designs.draw import draw_sample
from clusterpanel.designs.facts import sample_facts
from clusterpanel.designs.provenance import provenance_of
from clusterpanel.designs.sample import Sample
from clusterpanel.designs.sample_plan import sample_plan
from clusterpanel.designs.shift_share_frames import ROW, LongShares, join_shares
from clusterpanel.engine.firm_blocks import MemoryBlocks
from clusterpanel.errors import Fault, SpecError
from clusterpanel.models.fit import coefficient_table
from clusterpanel.models.result import Result
from clusterpanel.models.shift_share.fit import ShiftShareFit, fit_shift_share
from clusterpanel.models.shift_share.sample import VARIABLE
from clusterpanel.models.shift_share.shares import Shares
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.vcov import GroupedVcov


@dataclass(frozen=True)
class ShiftShareResult:
    """A shift-share estimate as a result, and all that was found with it.

    Attributes
    ----------
    result : Result
        One term, the exposure, with AKM errors.
    fit : ShiftShareFit
        Errors by kind, the AKM0 set, the sectors.
    """

    result: Result
    fit: ShiftShareFit


def estimate_shift_share(
    design: DesignSpec,
    panel: Panel,
    shares: pd.DataFrame,
    shocks: pd.DataFrame,
    *,
    controls_sum: bool = False,
    threads: int = 1,
) -> ShiftShareResult:
    """Estimate a design with the column ``shift_share``, made here, as its exposure or its instrument.

    Parameters
    ----------
    design : DesignSpec
        Estimator ols with exposure ``shift_share``, or iv with instruments ``["shift_share"]``; vcov iid, HC1
        or CRV1 is set beside the errors by shock.
    panel : Panel
        Read into memory.
    shares : DataFrame
        Columns sector and share; every other one is a panel column that says whose share it is, such as
        region_code, or region_code and year. Shares of sectors that are not told are 0.
    shocks : DataFrame
        Columns sector and shock; the panel's time where shocks differ by year; group where the shocks of
        several sectors may be related.
    controls_sum : bool
        Hold the sum of a row's shares constant, as incomplete shares ask for.
    threads : int

    Returns
    -------
    ShiftShareResult

    Raises
    ------
    SpecError
        The design does not say where ``shift_share`` goes, or columns are absent.
    DataError
        A sector has no shock, or a share or shock is told twice or missing.
    NotIdentifiedError
        Controls and effects explain the variable, or the shares of some sectors are collinear.
    """
    _check(design, panel)
    long = join_shares(panel, shares, shocks)
    panel = _with_columns(panel, long)
    check_design(design, panel)
    plan = sample_plan(design, panel)
    sample = draw_sample(replace(plan, beside=(*plan.beside, ROW)), panel)
    rows = sample.beside[ROW].astype(np.int64)
    matrix, kept = long.of_rows(rows)
    arrays = sample.arrays("a shift-share estimate")
    place = 1 + arrays.names.index(VARIABLE)
    others = [column for column in range(len(arrays.columns)) if column != place]
    fit = fit_shift_share(
        arrays.only(others),
        Shares.of(matrix, kept.sectors, kept.groups),
        kept.shocks,
        endogenous=design.exposure if design.estimator == "iv" else None,
        vcov=design.vcov,
        controls_sum=controls_sum,
        threads=threads,
    )
    return ShiftShareResult(_result(design, sample, fit, panel.firm), fit)


def _check(design: DesignSpec, panel: Panel) -> None:
    faults = []
    if design.estimator == "iv" and (design.instruments != (VARIABLE,) or design.endogenous):
        came = f"instruments {', '.join(design.instruments) or 'none'}"
        faults.append(Fault(design.name, "instruments", came, f'["{VARIABLE}"], of the exposure alone'))
    if design.estimator == "ols" and design.exposure != VARIABLE:
        faults.append(Fault(design.name, "exposure", design.exposure, f'{VARIABLE}, or estimator = "iv"'))
    if design.estimator not in {"ols", "iv"}:
        faults.append(Fault(design.name, "estimator", design.estimator, "ols or iv"))
    if design.vcov not in ("iid", "HC1") and not isinstance(design.vcov, GroupedVcov):
        faults.append(Fault(design.name, "vcov", str(design.vcov), "iid, HC1 or CRV1"))
    if VARIABLE in panel.columns:
        faults.append(Fault("panel", "columns", VARIABLE, "no such column: it is made of shares and shocks"))
    if faults:
        raise SpecError("the design cannot be estimated with shares and shocks", faults=faults)


def _with_columns(panel: Panel, long: LongShares) -> Panel:
    """Return the panel in memory with the variable and the place of each row."""
    table = panel.read(panel.columns)
    variable = pa.array(long.variable, pa.float64(), from_pandas=True)
    table = table.append_column(VARIABLE, variable)
    table = table.append_column(ROW, pa.array(np.arange(table.num_rows, dtype=np.float64)))
    return replace(panel, data=MemoryBlocks(table, panel.firm))


def _result(design: DesignSpec, sample: Sample, fit: ShiftShareFit, firm: str) -> Result:
    akm = fit.errors.set_index("kind").loc["AKM"]
    errors = np.array([akm["std_error"]])
    dropped = [f"{item.name} was dropped: {item.reason}." for item in fit.fit.collinear]
    provenance = provenance_of(
        design,
        sample,
        rule=str(akm["words"]),
        digest=sample.digest,
        effects=effects_of(design, firm),
        notes=[*dropped, *fit.notes],
    )
    return Result(
        label=design.name,
        estimate=coefficient_table((fit.exposure,), np.array([fit.estimate]), errors, np.inf),
        influence=None,
        glance={
            **sample_facts(sample),
            "groups": None,
            "degrees_of_freedom": None,
            **fit.fit.facts,
            **fit.facts,
            **_errors_by_kind(fit),
        },
        provenance={
            **provenance,
            "grouped_by": None,
            "no_influence": "errors are by shock, to which every row with a share is exposed",
        },
        covariance=pd.DataFrame([[errors[0] ** 2]], index=[fit.exposure], columns=[fit.exposure]),
    )


def _errors_by_kind(fit: ShiftShareFit) -> dict[str, Any]:
    pairs = zip(fit.errors["kind"], fit.errors["std_error"], strict=True)
    told: dict[str, Any] = {
        "errors": {kind: error for kind, error in pairs if np.isfinite(error)},
        "akm0_set": fit.akm0_set.words,
        "akm0_p": float(fit.errors.set_index("kind")["p_value"]["AKM0"]),
    }
    if fit.first_stage is not None:
        told["first_stage_f_akm"] = float(fit.first_stage["f"].iloc[0])
    return told
