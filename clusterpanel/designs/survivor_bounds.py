"""Bounds on an effect on growth or wages where only survivors have any."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from clusterpanel.designs.encode import as_floats, encode
from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.lee_bounds import LeeBounds, lee_bounds
from clusterpanel.panel.panel import Panel


@dataclass(frozen=True)
class SurvivorBounds:
    """Lee's bounds.

    Attributes
    ----------
    estimate : DataFrame
        Rows ``lower`` and ``upper``: bound, estimate, std_error.
    interval : tuple of float
        Covers the effect in 95 % of samples (Imbens and Manski 2004).
    facts : mapping
        rows, firms, groups, seen_exposed and seen_others (shares whose outcome is seen), trimmed_share.
    """

    estimate: pd.DataFrame
    interval: tuple[float, float]
    facts: Mapping[str, Any]


def survivor_bounds(
    panel: Panel, outcome: str, exposure: str, *, years_ahead: int = 1, group: str | None = None
) -> SurvivorBounds:
    """Return Lee's bounds on the effect on firms that survive with and without exposure.

    Each row is a firm at risk with its exposure; its outcome is that of the same firm `years_ahead` later,
    seen if the firm is still there. Lee (2009, REStud 76), whose assumptions are that exposure is as good as
    random and moves survival in one direction only.

    Parameters
    ----------
    panel : Panel
    outcome : str
        A column of numbers, such as growth_log or log_wage_crowns.
    exposure : str
        A yes/no column.
    years_ahead : int
        0: the outcome of the same row, unseen where it is missing.
    group : str, optional
        What errors are grouped by; the firm if left out.

    Raises
    ------
    NotIdentifiedError
        Of one side too few outcomes are seen.
    SpecError
        The panel lacks a column, or the exposure is not yes or no.
    """
    group = group or panel.firm
    _check_columns(panel, (outcome, exposure, group))
    wanted = dict.fromkeys((panel.firm, panel.time, outcome, exposure, group))
    table = panel.read(list(wanted))
    exposed = as_floats(table.column(exposure))
    years = as_floats(table.column(panel.time))
    later = _later(as_floats(table.column(outcome)), encode(table, panel.firm).codes, years, years_ahead)
    at_risk = np.isfinite(exposed) & (years <= years.max() - years_ahead)
    if not np.isin(exposed[at_risk], (0, 1)).all():
        raise SpecError(
            f"{exposure} is not yes or no", hint="Lee's bounds compare two values of an exposure."
        )
    rows = table.filter(pa.array(at_risk))
    groups = encode(rows, group)
    found = lee_bounds(later[at_risk], np.isfinite(later[at_risk]), exposed[at_risk] == 1, groups.codes)
    return _told(
        found, {"rows": rows.num_rows, "firms": encode(rows, panel.firm).levels, "groups": groups.levels}
    )


def _check_columns(panel: Panel, names: tuple[str, ...]) -> None:
    absent = [name for name in names if name not in panel.columns]
    if absent:
        raise SpecError(
            f"the panel has no column {' and no column '.join(absent)}", hint="See panel.columns."
        )


def _later(values: Floats, firms: np.ndarray, years: Floats, ahead: int) -> Floats:
    """Return the firm's value `ahead` years later, missing where it has no row then."""
    keys = firms.astype(np.int64) * 10_000 + years.astype(np.int64)
    place = np.minimum(np.searchsorted(keys, keys + ahead), len(keys) - 1)
    later: Floats = np.where(keys[place] == keys + ahead, values[place], np.nan)
    return later


def _told(found: LeeBounds, counts: dict[str, Any]) -> SurvivorBounds:
    frame = pd.DataFrame(
        {"bound": ["lower", "upper"], "estimate": found.bounds, "std_error": found.std_errors}
    )
    shares = {"seen_others": float(found.seen[0]), "seen_exposed": float(found.seen[1])}
    facts = {**counts, **shares, "trimmed_share": found.trimmed_share}
    return SurvivorBounds(frame, found.interval(), facts)
