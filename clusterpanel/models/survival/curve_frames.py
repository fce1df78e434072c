"""Curves by group and time as frames, a row for each time at which an episode of the group ends."""

import numpy as np
import pandas as pd

from clusterpanel.models.arrays import Flags, Floats
from clusterpanel.models.survival.risk_counts import RiskSets


def ended(sets: RiskSets) -> Flags:
    """Return at which times an episode of each group ends; shape (groups, times)."""
    return np.asarray(sets.events.sum(axis=0) + sets.censored > 0)


def counts_of(sets: RiskSets) -> dict[str, Floats]:
    """Return the columns of counts, each of shape (groups, times)."""
    events = sets.events.sum(axis=0)
    columns = {"at_risk": sets.at_risk, "events": events, "censored": sets.censored}
    if sets.has_weights:
        columns["weighted_at_risk"] = sets.weighted_at_risk
        columns["weighted_events"] = sets.weighted_events.sum(axis=0)
    return columns


def frame_of(
    sets: RiskSets, groups: tuple[str, ...], columns: dict[str, Floats], shown: Flags
) -> pd.DataFrame:
    """Return columns of shape (groups, times) as a frame, a row for each place that is shown."""
    places, times = np.nonzero(shown)
    labels = np.array(groups, dtype=object)[places]
    values = {name: column[places, times] for name, column in columns.items()}
    frame = pd.DataFrame({"group": labels, "time": sets.times[times], **values})
    counted = {name: "int64" for name in ("at_risk", "events", "censored") if name in columns}
    return frame.astype({"group": "str", **counted})
