"""The descriptive table: each column's distribution, for firms in clusters and others."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from clusterpanel.panel.panel import Panel
from clusterpanel.report.column_labels import labels_of
from clusterpanel.report.disclosure import hidden_cells, is_few
from clusterpanel.report.exhibits import Exhibit, Section
from clusterpanel.report.geocoding_tables import suppression_note
from clusterpanel.report.labels import is_share, is_yes_no
from clusterpanel.report.tables import SUPPRESSED, Share, Table, TableColumn, table_of
from clusterpanel.spec.study import Study

SPLIT = "in_cluster"
GROUPS = {True: "in a cluster", False: "not in a cluster", None: "not defined"}
QUANTILES = {"p10": 0.1, "median": 0.5, "p90": 0.9}
STATISTICS = ("firm_years", "firms", "mean", "std_dev", *QUANTILES)
SHARED = frozenset({"mean", "std_dev", *QUANTILES})
COLUMNS = (
    TableColumn("variable", "Variable"),
    TableColumn("group", "Firm-years"),
    TableColumn("firm_years", "N", "whole"),
    TableColumn("firms", "Firms", "whole"),
    TableColumn("mean", "Mean", "estimate"),
    TableColumn("std_dev", "Std dev", "estimate"),
    TableColumn("p10", "10 %", "estimate"),
    TableColumn("median", "Median", "estimate"),
    TableColumn("p90", "90 %", "estimate"),
)


def descriptive_section(study: Study, panel: Panel) -> Section:
    """Return the section that describes the study's columns."""
    table = descriptive_table(study, panel, described_columns(study))
    minimum = study.spec.report.minimum_firms
    caption = (
        "Over firm-years. Yes-or-no variables are shown as shares. Being in a cluster is not defined where "
        "the firm's industry is one in which no cluster is drawn, or its site has no point; where such firms "
        "are few, the total is without them."
    )
    if minimum > 1:
        caption += f" A quantile is shown only where at least {minimum} firms lie on either side of it."
    exhibit = Exhibit("descriptives", "Distributions in the panel", caption, table)
    return Section("descriptives", "Who is in the panel", (), (exhibit,))


def described_columns(study: Study) -> tuple[str, ...]:
    """Return the columns to describe: those the study names, else every outcome and exposure."""
    if study.spec.report.describe:
        return study.spec.report.describe
    return tuple(dict.fromkeys(name for d in study.designs for name in (d.outcome, d.exposure)))


def descriptive_table(study: Study, panel: Panel, names: Sequence[str]) -> Table:
    """Return one row per column and group, with cells of too few firms hidden.

    A group is hidden whole where its firms are too few, and so is the smallest other group if the hidden
    one could be worked out from the total.
    """
    minimum = study.spec.report.minimum_firms
    labels = labels_of(study)
    can_describe = [name for name in names if name in panel.columns and _is_number(panel, name)]
    records = [
        {"variable": labels.title(name), **row}
        for name in can_describe
        for row in _described(panel, name, minimum)
    ]
    hides = any(row["firm_years"] is SUPPRESSED for row in records)
    notes = [suppression_note(minimum)] if hides else []
    if left_out := [name for name in names if name not in can_describe]:
        notes.append(f"Not numbers, or not in the panel, and so not described: {', '.join(left_out)}.")
    codes = {labels.title(name): name for name in can_describe}
    return table_of(COLUMNS, records, notes, group="variable", codes=codes)


def describe_column(
    frame: pd.DataFrame, minimum_firms: int, *, has_quantiles: bool = True
) -> list[dict[str, Any]]:
    """Return the statistics of one column by group and in total.

    A few firms of which it is not known whether they are in a cluster are left out of the total too: else
    they would force a whole group out of sight.

    Parameters
    ----------
    frame : DataFrame
        Columns firm, value (float, missing dropped) and group (True, False or None).
    minimum_firms : int
    has_quantiles : bool
        Whether quantiles say anything; those of yes and no do not.
    """
    unknown = frame["group"].isna()
    if is_few(frame.loc[unknown, "firm"].nunique(), minimum_firms):
        frame = frame[~unknown]
    parts = {
        name: frame[frame["group"].eq(key) if key is not None else frame["group"].isna()]
        for key, name in GROUPS.items()
    }
    firms = [part["firm"].nunique() for part in parts.values()]
    hidden = hidden_cells(firms, minimum_firms)
    rows = [
        _row(name, part, is_hidden, minimum_firms, has_quantiles)
        for (name, part), is_hidden in zip(parts.items(), hidden, strict=True)
        if len(part)
    ]
    is_hidden = frame["firm"].nunique() < minimum_firms
    return [*(rows if len(rows) > 1 else []), _row("all", frame, is_hidden, minimum_firms, has_quantiles)]


def _row(
    group: str, part: pd.DataFrame, is_hidden: bool, minimum_firms: int, has_quantiles: bool
) -> dict[str, Any]:
    if is_hidden:
        return {"group": group, **dict.fromkeys(STATISTICS, SUPPRESSED)}
    values, firms = part["value"].to_numpy(), part["firm"].nunique()
    quantiles = {
        name: float(np.quantile(values, q)) if min(q, 1 - q) * firms >= minimum_firms else SUPPRESSED
        for name, q in QUANTILES.items()
        if has_quantiles
    }
    spread = float(values.std(ddof=1)) if len(values) > 1 else None
    counts = {"firm_years": len(values), "firms": int(firms)}
    return {"group": group, **counts, "mean": float(values.mean()), "std_dev": spread, **quantiles}


def _described(panel: Panel, name: str, minimum_firms: int) -> list[dict[str, Any]]:
    """Describe one column, read in per cent where it is a share; what splits the others is not split."""
    frame = _frame(panel, name)
    if name == SPLIT:
        frame["group"] = True
    rows = describe_column(frame, minimum_firms, has_quantiles=not is_yes_no(name))
    if not is_share(name):
        return rows
    spread = {"std_dev": None} if is_yes_no(name) else {}
    return [{key: _shared(key, value) for key, value in row.items()} | spread for row in rows]


def _shared(key: str, value: Any) -> Any:
    return Share(value) if key in SHARED and isinstance(value, float) else value


def _frame(panel: Panel, name: str) -> pd.DataFrame:
    has_split = SPLIT in panel.columns
    table = panel.read(list(dict.fromkeys([panel.firm, name, *([SPLIT] if has_split else [])])))
    codes = (
        table.column(panel.firm).combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    )
    values = table.column(name).cast(pa.float64()).to_numpy()
    split = table.column(SPLIT).to_pandas().astype("boolean") if has_split else False
    frame: pd.DataFrame = pd.DataFrame({"firm": codes, "value": values, "group": split})
    return frame[pd.Series(np.isfinite(values))]


def _is_number(panel: Panel, name: str) -> bool:
    kind = panel.data.schema.field(name).type
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))
