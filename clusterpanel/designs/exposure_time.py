"""Time at risk, events and their rate by exposure and year."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from clusterpanel.designs.encode import dictionary
from clusterpanel.designs.provenance import provenance_of
from clusterpanel.designs.survival_rows import AGES, SurvivalRows, SurvivalTimes, draw_survival_rows
from clusterpanel.models.arrays import Levels
from clusterpanel.models.survival.poisson_rate import poisson_interval
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec


@dataclass(frozen=True)
class ExposureTime:
    """Firms, time at risk, events and rates by exposure and year.

    Attributes
    ----------
    label : str
        The design's name.
    table : DataFrame
        One row per group and year, and one per group over all years (year missing): group, year, firms,
        time_at_risk, events, rate, conf_low, conf_high (exact for a Poisson count).
    glance, provenance : mapping
        As in `Result`.
    """

    label: str
    table: pd.DataFrame
    glance: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)


def exposure_time(
    design: DesignSpec, panel: Panel, times: SurvivalTimes = AGES, level: float = 0.95
) -> ExposureTime:
    """Return how long firms were at risk in each group and year, and what happened to them.

    Parameters
    ----------
    design : DesignSpec
        Its outcome is yes where a row ends with the event; its exposure makes the groups.
    panel : Panel
    times : SurvivalTimes
        The columns of start and stop, if not the firm's age; a row's time at risk is their difference.
    level : float
        The intervals' coverage.

    Raises
    ------
    NotIdentifiedError
        All rows share one exposure, or the sample is empty.
    SpecError
        The panel lacks a column.
    """
    rows = draw_survival_rows(design, panel, times)
    table = exposure_table(rows, panel.time, level)
    events = int(np.count_nonzero(rows.episodes.causes))
    glance = {"n": rows.rows.rows, "firms": rows.firms.levels, "events": events, "level": level}
    rule = "exact Poisson intervals"
    record = provenance_of(design, rows.rows, rule=rule, digest=rows.digest(), notes=rows.groups.notes)
    return ExposureTime(design.name, table, glance, record)


def exposure_table(rows: SurvivalRows, time: str, level: float = 0.95) -> pd.DataFrame:
    """Return the table of `ExposureTime`, whose years are those of the panel's time column."""
    labels, told = rows.groups.labels, dictionary(rows.rows.table.column(time))
    years = told.dictionary.to_pylist()
    cells = rows.groups.codes * len(years) + told.indices.to_numpy()
    # A firm has one row a year, so that rows of a cell are firms.
    by_year = _counts(rows, cells, len(labels) * len(years))
    by_year = by_year.assign(
        group=np.repeat(np.array(labels, dtype=object), len(years)), year=np.tile(years, len(labels))
    )
    every = _counts(rows, rows.groups.codes, len(labels)).assign(group=labels, year=None)
    every["firms"] = list(rows.firms_by_group().values())
    table = pd.concat([part.astype({"year": "Int64", "group": "str"}) for part in (by_year, every)])
    place = table["group"].map({label: number for number, label in enumerate(labels)})
    table = table.assign(place=place).sort_values(["place", "year"], na_position="last")
    return _with_rates(table[table["time_at_risk"] > 0].reset_index(drop=True), level)


def exposure_records(rows: SurvivalRows, time: str) -> list[dict[str, Any]]:
    """Return the table's rows in plain numbers; the year of a total is None."""
    table = exposure_table(rows, time)
    years = [None if pd.isna(year) else int(year) for year in table["year"]]
    columns = {str(name): table[name].tolist() for name in table.columns} | {"year": years}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _counts(rows: SurvivalRows, cells: Levels, size: int) -> pd.DataFrame:
    episodes = rows.episodes
    lasted, is_event = episodes.stop - episodes.entry, episodes.is_event
    return pd.DataFrame(
        {
            "firms": np.bincount(cells, minlength=size),
            "time_at_risk": np.bincount(cells, lasted, minlength=size),
            "events": np.bincount(cells[is_event], minlength=size),
        }
    )


def _with_rates(table: pd.DataFrame, level: float) -> pd.DataFrame:
    events, time = table["events"].to_numpy(dtype=float), table["time_at_risk"].to_numpy(dtype=float)
    low, high = poisson_interval(events, time, level)
    table = table.assign(rate=events / time, conf_low=low, conf_high=high)
    names = ["group", "year", "firms", "time_at_risk", "events", "rate", "conf_low", "conf_high"]
    return table[names]
