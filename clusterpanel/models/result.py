"""A result: what was estimated, with what error, from what, and how each unit moved it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Result:
    """A frozen estimate.

    Attributes
    ----------
    label : str
        The design's name.
    estimate : DataFrame
        One row per term: term, estimate, std_error, statistic, p_value, conf_low, conf_high.
    influence : DataFrame or None
        One row per unit named by the variance (index: its label), one column per term; the columns' outer
        product is the variance matrix, small-sample factor included.
    glance : mapping
        Facts about the fit: n, firms, switchers (firms whose exposure changes), r2_within, groups, ...
    provenance : mapping
        What ran: estimator, comparison, outcome, exposure, effects, vcov rule, notes on what was dropped.
    covariance : DataFrame or None
        The variance matrix of all terms, by term on both sides; None where a rule gives no errors.
    """

    label: str
    estimate: pd.DataFrame
    influence: pd.DataFrame | None
    glance: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    covariance: pd.DataFrame | None = None

    def tidy(self) -> pd.DataFrame:
        """Return one row per term, as broom's tidy does."""
        return self.estimate.copy()

    def term(self, name: str) -> "pd.Series[Any]":
        """Return the row of one term."""
        rows = self.estimate.loc[self.estimate["term"] == name]
        return rows.iloc[0]

    @property
    def __maketables_coef_table__(self) -> pd.DataFrame:
        """The coefficient table in the words outside table makers read."""
        names = {"estimate": "b", "std_error": "se", "statistic": "t", "p_value": "p"}
        return self.estimate.set_index("term").rename(columns=names).rename_axis("Coefficient")

    def __maketables_stat__(self, key: str) -> Any:
        """Return one fact about the fit, such as N or r2_within."""
        value = self.glance.get({"N": "n"}.get(key, key))
        return value.item() if isinstance(value, np.generic) else value


@dataclass(frozen=True)
class SurvivalCurves:
    """Survival by group and age.

    Attributes
    ----------
    label : str
        The design's name.
    curve : DataFrame
        One row per group and time: group, time, at_risk, events, censored, survival, std_error, conf_low,
        conf_high.
    glance, provenance : mapping
        As in `Result`.
    """

    label: str
    curve: pd.DataFrame
    glance: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
