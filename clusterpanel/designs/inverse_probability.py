"""Weights that undo selection over time: one over the chance of what each firm did, year after year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from clusterpanel.designs.balance import balance_table
from clusterpanel.designs.chances import chances, term_columns, with_column
from clusterpanel.designs.design import design
from clusterpanel.designs.encode import as_floats, encode
from clusterpanel.designs.sample_plan import term_plan
from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Flags, Floats, Integers
from clusterpanel.panel.panel import Panel

TRUNCATE = (0.01, 0.99)
BEFORE, IS_FIRST = "exposed_before", "is_first_year_of_weights"


@dataclass(frozen=True)
class WeightedPanel:
    """A panel with one more column of weights.

    Attributes
    ----------
    panel : Panel
        In memory. Use the weights as ``weights={"probability": name}``.
    name : str
        The column's name.
    facts : mapping
        rows, missing (rows without a weight, since a predictor is missing there or earlier), mean (near 1 if
        the models fit and weights are stabilised), smallest, largest, truncated (rows cut to the limits),
        effective_rows (Kish).
    balance : DataFrame or None
        Of exposure weights: see `clusterpanel.designs.balance.balance_table`.
    """

    panel: Panel
    name: str
    facts: Mapping[str, Any]
    balance: pd.DataFrame | None = None


def staying_weights(
    panel: Panel,
    predictors: Sequence[str],
    *,
    leaves: str = "is_exit",
    numerator: Sequence[str] = (),
    truncate: tuple[float, float] = TRUNCATE,
    name: str = "staying_weight",
) -> WeightedPanel:
    """Return weights that make the firms still seen stand for those that left.

    A row of year t gets the product over the firm's years before t of one over the chance of staying, as a
    logit on that year's predictors gives it; with `numerator` terms, times the product of such chances on
    these alone (stabilised: the terms must be controls of the outcome's design). Robins, Hernan and Brumback
    (2000), Epidemiology 11.

    Parameters
    ----------
    panel : Panel
    predictors : sequence of str
        Panel columns or terms of the same year, such as log_wage_crowns or i(year).
    leaves : str
        The yes/no column whose yes is a firm's last row: is_exit, or is_censored for censoring. Missing where
        the year after is not seen; rows of the panel's last year are not at risk.
    numerator : sequence of str
    truncate : tuple of float
        Quantiles between which weights are kept (Cole and Hernan 2008); (0, 1) keeps them as they are.
    name : str
        The new column.

    Raises
    ------
    NotIdentifiedError
        Nobody leaves, or a predictor foretells who does.
    SpecError
        The panel lacks a column.
    """
    years, starts = _years(panel), _starts(panel)
    told = as_floats(panel.read([leaves]).column(leaves))
    at_risk = years < years.max()
    stays = 1 - told
    below = chances(f"{name}_predictors", panel, stays, at_risk, predictors)
    above = np.ones(len(told))
    if numerator:
        above = chances(f"{name}_numerator", panel, stays, at_risk, numerator)
    weights = _product_before(above / below, starts)
    return _weighted(panel, name, weights, truncate)


def exposure_weights(
    panel: Panel,
    exposure: str,
    predictors: Sequence[str],
    *,
    numerator: Sequence[str] = (),
    truncate: tuple[float, float] = TRUNCATE,
    name: str = "exposure_weight",
) -> WeightedPanel:
    """Return stabilised weights of a marginal structural model for an exposure that changes over time.

    A row of year t gets the product over the firm's years up to t of the chance of the exposure it had given
    last year's exposure and `numerator`, over that chance given the predictors too (Robins, Hernan and
    Brumback 2000, Epidemiology 11). Weighted, exposure is unrelated to the predictors given what the
    numerator holds, and predictors that earlier exposure has moved need not be controls.

    Parameters
    ----------
    panel : Panel
    exposure : str
        A yes/no column.
    predictors : sequence of str
        Columns or terms known before the year's exposure, such as lag_log_wage_crowns; last year's exposure
        is added.
    numerator : sequence of str
        Those of them that stay controls of the outcome's design, such as i(year).
    truncate, name
        As in `staying_weights`.

    Raises
    ------
    NotIdentifiedError
        All rows share one exposure, or a predictor foretells it.
    SpecError
        The panel lacks a column, or the exposure is not yes or no.
    """
    starts = _starts(panel)
    told = as_floats(panel.read([exposure]).column(exposure))
    if not np.isin(told[np.isfinite(told)], (0, 1)).all():
        raise SpecError(
            f"{exposure} is not yes or no", hint="These weights are for an exposure of two values."
        )
    lagged = _with_exposure_before(panel, told, starts)
    everyone = np.ones(len(told), dtype=np.bool_)
    # Firms seen once each have no year before.
    history = (BEFORE, IS_FIRST) if len(starts) <= len(told) else ()
    ratios = [
        _of_own(chances(f"{name}_{words}", lagged, told, everyone, terms), told)
        for words, terms in (
            ("numerator", (*history, *numerator)),
            ("predictors", (*history, *dict.fromkeys((*numerator, *predictors)))),
        )
    ]
    weights = _product_until(ratios[0] / ratios[1], starts)
    done = _weighted(panel, name, weights, truncate)
    return WeightedPanel(done.panel, name, done.facts, _balance(panel, predictors, told, done))


def _of_own(chance: Floats, told: Floats) -> Floats:
    """Return the chance of what was: of yes where it was yes, of no where it was no."""
    own: Floats = np.where(told == 1, chance, np.where(told == 0, 1 - chance, np.nan))
    return own


def _years(panel: Panel) -> Floats:
    return as_floats(panel.read([panel.time]).column(panel.time))


def _starts(panel: Panel) -> Integers:
    firms = encode(panel.read([panel.firm]), panel.firm).codes
    return np.flatnonzero(np.concatenate([[True], np.diff(firms) != 0, [True]])).astype(np.int64)


def _with_exposure_before(panel: Panel, told: Floats, starts: Integers) -> Panel:
    """Add the exposure of the firm's row before, 0 in its first row, and which rows are first."""
    before = np.concatenate([[0.0], told[:-1]])
    is_first = np.zeros(len(told), dtype=np.bool_)
    is_first[starts[:-1]] = True
    before[is_first] = 0.0
    lagged = with_column(panel, BEFORE, pa.array(before, mask=~np.isfinite(before)))
    return with_column(lagged, IS_FIRST, pa.array(is_first))


def _product_until(ratios: Floats, starts: Integers) -> Floats:
    """Return each row's product of its firm's ratios up to it."""
    logs = np.cumsum(np.where(np.isfinite(ratios), np.log(np.where(ratios > 0, ratios, np.nan)), 0.0))
    lost = np.cumsum(~np.isfinite(ratios))
    first = np.repeat(starts[:-1], np.diff(starts))
    base = np.where(first > 0, logs[first - 1], 0.0)
    lost_before = np.where(first > 0, lost[first - 1], 0)
    products: Floats = np.where(lost == lost_before, np.exp(logs - base), np.nan)
    return products


def _product_before(ratios: Floats, starts: Integers) -> Floats:
    """Return each row's product of its firm's ratios before it; 1 in a firm's first row."""
    shifted = np.concatenate([[1.0], ratios[:-1]])
    shifted[starts[:-1]] = 1.0
    return _product_until(shifted, starts)


def _weighted(panel: Panel, name: str, weights: Floats, truncate: tuple[float, float]) -> WeightedPanel:
    known = np.isfinite(weights)
    low, high = np.quantile(weights[known], truncate)
    is_cut = known & ((weights < low) | (weights > high))
    cut = np.clip(weights, low, high)
    kept = cut[known]
    facts = {
        "rows": len(weights),
        "missing": int((~known).sum()),
        "mean": float(kept.mean()),
        "smallest": float(kept.min()),
        "largest": float(kept.max()),
        "truncated": int(is_cut.sum()),
        "effective_rows": float(kept.sum() ** 2 / (kept**2).sum()),
    }
    return WeightedPanel(with_column(panel, name, pa.array(cut, mask=~known)), name, facts)


def _balance(panel: Panel, terms: Sequence[str], told: Floats, weighted: WeightedPanel) -> pd.DataFrame:
    spec = design(
        name=weighted.name,
        comparison="pooled",
        outcome=panel.time,
        exposure=terms[0],
        controls=tuple(terms[1:]),
        vcov="HC1",
    )
    columns = term_columns(term_plan(spec, panel), panel)
    weights = as_floats(weighted.panel.read([weighted.name]).column(weighted.name))
    known: Flags = np.isfinite(weights) & np.all([np.isfinite(column) for column in columns.values()], axis=0)
    kept = {name: column[known] for name, column in columns.items()}
    return balance_table(kept, told[known] == 1, weights[known])
