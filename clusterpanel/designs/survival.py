"""Estimate survival curves by exposure: firms enter the risk set at the age at which they are first seen."""

import hashlib

import numpy as np
import pandas as pd

from clusterpanel.designs.combination import AGE, check_design
from clusterpanel.designs.encode import as_floats, encode
from clusterpanel.designs.exposure_groups import ExposureGroups, group_exposure
from clusterpanel.designs.provenance import provenance_of
from clusterpanel.designs.rows import draw_rows
from clusterpanel.designs.yes_no import check_yes_no
from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.kaplan_meier import Episodes, fit_survival
from clusterpanel.models.result import SurvivalCurves
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec

RULE = "Greenwood's variance, log-log intervals"


def estimate_kaplan_meier(design: DesignSpec, panel: Panel) -> SurvivalCurves:
    """Estimate one survival curve per value of the exposure, or per third of it.

    A row at age a is a firm under observation from a to a + 1 and, if the outcome is yes, an exit before
    a + 1. Consecutive rows of one firm and one exposure make an episode; a firm whose exposure changes leaves
    the one curve's risk set and enters the other's.

    Raises
    ------
    NotIdentifiedError
        All rows share one exposure, or the sample is empty.
    SpecError
        The panel lacks a column, or the design asks for what survival curves cannot do.
    """
    check_design(design, panel)
    sample = draw_rows(design.name, design.where, panel, [design.outcome, AGE, design.exposure])
    events, ages = (as_floats(sample.table.column(name)) for name in (design.outcome, AGE))
    check_yes_no(design, [events])
    groups = group_exposure(design, sample.table.column(design.exposure))
    firms = encode(sample.table, panel.firm)
    episodes = firm_episodes(firms.codes, ages, events, groups.codes)
    curve = fit_survival(episodes, groups.labels)
    changes = _changes(firms.codes, groups.codes)
    glance = {
        "n": sample.rows,
        "firms": firms.levels,
        "switchers": len(np.unique(firms.codes[1:][changes])),
        "events": int(events.sum()),
        "mean_outcome": float(events.mean()),
        "sd_outcome": float(events.std(ddof=1)),
        "levels": dict(zip(groups.labels, np.bincount(groups.codes).tolist(), strict=True)),
        "episodes": len(episodes.entry),
    }
    notes = (*groups.notes, *_emptied(curve, groups))
    return SurvivalCurves(
        design.name,
        curve,
        glance,
        provenance_of(design, sample, rule=RULE, digest=_digest(episodes), notes=notes),
    )


def firm_episodes(firms: Levels, ages: Floats, events: Floats, groups: Integers) -> Episodes:
    """Join consecutive rows of a firm that share a group; a gap in the ages or an event ends an episode.

    Parameters
    ----------
    firms, groups : integer array, shape (rows,)
        Sorted by firm and year.
    ages : float array, shape (rows,)
        Years.
    events : float array, shape (rows,)
        0 or 1.
    """
    goes_on = (np.diff(firms) == 0) & (np.diff(groups) == 0) & (np.diff(ages) == 1) & (events[:-1] == 0)
    first = np.concatenate([[True], ~goes_on])
    last = np.concatenate([~goes_on, [True]])
    return Episodes(ages[first], ages[last] + 1, events[last] > 0, groups[first])


def _changes(firms: Levels, groups: Integers) -> np.ndarray:
    return np.asarray((np.diff(firms) == 0) & (np.diff(groups) != 0))


def _emptied(curve: pd.DataFrame, groups: ExposureGroups) -> list[str]:
    """Say where a risk set died out while later ages are still seen: the curve is stuck at 0."""
    notes = []
    for label in groups.labels:
        rows = curve[curve["group"] == label]
        dead = rows[rows["survival"] == 0]
        if len(dead) > 1 or (len(dead) == 1 and dead["time"].iloc[0] < rows["time"].max()):
            age = dead["time"].iloc[0]
            notes.append(
                f"All firms at risk in the group {label} exit by age {age:g}, though older ones enter later."
            )
    return notes


def _digest(episodes: Episodes) -> str:
    digest = hashlib.sha256()
    for array in episodes:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
