"""Which results rest on survivors only: their outcome is of the accounts, and firms leave the sample.

The rule is simple, so that nobody need trust it: an outcome that accounts measure is known of living firms
only. Where the panel's rows that meet the design's conditions and have the outcome hold an exit, the result
is of survivors, unless the design takes the study's weights against selective exit.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.designs.row_filter import Condition
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel
from clusterpanel.report.disclosure import Results
from clusterpanel.report.survival_facts import SURVIVORS_ONLY
from clusterpanel.spec.columns import measures
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.panel_weights import StayingWeights
from clusterpanel.spec.study import Study

EXIT = "is_exit"
YES, WEIGHTED = "yes", "weighted for exit"


def with_survivors(study: Study, panel: Panel, results: Results) -> Results:
    """Return the results, each that rests on survivors saying so in its glance."""
    told = dict(_told(study, panel))
    return {
        label: replace(result, glance={**result.glance, SURVIVORS_ONLY: told[label]})
        if isinstance(result, Result) and label in told
        else result
        for label, result in results.items()
    }


def is_of_accounts(study: Study, outcome: str) -> bool:
    """Say whether a column is an account's measure, or its ratio, logarithm, lag or growth."""
    if outcome.startswith("growth_"):
        return True
    names = {*measures(study.sources), *(ratio.name for ratio in study.panel.ratios)}
    return outcome.removeprefix("lag_").removeprefix("log_") in names


def _told(study: Study, panel: Panel) -> Iterator[tuple[str, str]]:
    against = {spec.name for spec in study.spec.weights if isinstance(spec, StayingWeights)}
    for design in study.designs:
        if EXIT not in panel.columns or not is_of_accounts(study, design.outcome):
            continue
        if design.weights is not None and design.weights.column in against:
            yield design.name, WEIGHTED
        elif _sees_exits(design, panel):
            yield design.name, YES


def _sees_exits(design: DesignSpec, panel: Panel) -> bool:
    columns = list(dict.fromkeys([EXIT, design.outcome, *design.where]))
    if not set(columns) <= set(panel.columns):
        return False
    return any(_has_exit(design, table) for table in panel.blocks(columns))


def _has_exit(design: DesignSpec, table: pa.Table) -> bool:
    keep = np.asarray(pc.fill_null(table.column(EXIT), False).to_numpy(), dtype=np.bool_)
    keep &= table.column(design.outcome).is_valid().to_numpy()
    for name, values in design.where.items():
        keep &= Condition(design.name, name, values, is_told=False).flags(table.column(name))
    return bool(keep.any())
