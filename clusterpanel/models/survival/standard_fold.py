"""The fold of the survival that a Cox regression foretells for a sample with some regressors set."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats, Integers
from clusterpanel.models.survival.baseline import last_cells
from clusterpanel.models.survival.cox import CoxFit
from clusterpanel.models.survival.cox_rows import strata_of
from clusterpanel.models.survival.episodes import OUTCOMES, START

Over = Literal["firms", "rows"]
# What a regressor is set to: a value, or a function of the rows' own regressors, shape (regressors, rows).
Setting = float | Callable[[Floats], Floats]


class Foretold(NamedTuple):
    """A block's chosen rows under every arm.

    Attributes
    ----------
    rows : integer array, shape (chosen,)
    weights : float array, shape (chosen,)
    strata : integer array, shape (chosen,)
    away : float array, shape (arms, regressors, chosen)
        The regressors less the fit's centre.
    risks : float array, shape (arms, chosen)
    survival : float array, shape (arms, chosen, times)
    """

    rows: Integers
    weights: Floats
    strata: Integers
    away: Floats
    risks: Floats
    survival: Floats


class Averages(NamedTuple):
    """Sums over chosen rows.

    Attributes
    ----------
    weight : float
    survival : float array, shape (arms, times)
    on_hazard : float array, shape (arms, strata, times)
        The change of `survival` with each stratum's cumulative hazard.
    on_coefficients : float array, shape (arms, times, regressors)
    """

    weight: float
    survival: Floats
    on_hazard: Floats
    on_coefficients: Floats


@dataclass(frozen=True)
class StandardFold:
    """The fold of survival foretold for a sample.

    Attributes
    ----------
    fit : CoxFit
    arms : tuple of mappings of int to settings
        By place among the regressors, what they are set to.
    hazards : float array, shape (strata, times)
        The cumulative hazard at the fit's centre.
    over : "firms" or "rows"
    """

    fit: CoxFit
    arms: tuple[Mapping[int, Setting], ...]
    hazards: Floats
    over: Over

    def foretell(self, block: ArrayBlock) -> Foretold:
        """Return the survival foretold for a block's chosen rows."""
        rows = first_rows(block) if self.over == "firms" else np.arange(block.rows)
        codes = strata_of(block)
        strata = codes[rows].astype(np.int64) if len(codes) else np.zeros(len(rows), dtype=np.int64)
        weights = block.weights[rows] if len(block.weights) else np.ones(len(rows))
        own = block.values[OUTCOMES:, rows]
        away = np.repeat(own[None], len(self.arms), axis=0)
        for arm, settings in enumerate(self.arms):
            for place, value in settings.items():
                away[arm, place] = value(own) if callable(value) else value
        away -= self.fit.rows.centre[:, None]
        eta = np.einsum("akr,k->ar", away, self.fit.rows.coefficients)
        risks = np.exp(eta + (block.offset[rows] if len(block.offset) else 0.0))
        survival = np.exp(-risks[:, :, None] * self.hazards[strata])
        return Foretold(rows, weights, strata, away, risks, survival)

    def step(self, block: ArrayBlock) -> Averages:
        """Return one block's sums."""
        told = self.foretell(block)
        weighted = told.survival * told.weights[:, None]
        slopes = -weighted * told.risks[:, :, None]
        on_hazard = np.zeros((len(self.arms), *self.hazards.shape))
        for sums, part in zip(on_hazard, slopes, strict=True):
            np.add.at(sums, told.strata, part)
        on_eta = slopes * self.hazards[told.strata]
        return Averages(
            weight=float(told.weights.sum()),
            survival=weighted.sum(axis=1),
            on_hazard=on_hazard,
            on_coefficients=np.einsum("art,akr->atk", on_eta, told.away),
        )

    def merge(self, left: Averages, right: Averages) -> Averages:
        """Return the sum."""
        return Averages(
            left.weight + right.weight,
            left.survival + right.survival,
            left.on_hazard + right.on_hazard,
            left.on_coefficients + right.on_coefficients,
        )

    def solve(self, moments: Averages) -> Averages:
        """Return averages."""
        weight = moments.weight
        return Averages(
            weight,
            moments.survival / weight,
            moments.on_hazard / weight,
            moments.on_coefficients / weight,
        )

    def direct(self, block: ArrayBlock, averages: Averages) -> Floats:
        """Return what each row adds as a member of the sample; shape (rows, arms * times)."""
        told = self.foretell(block)
        away = (told.survival - averages.survival[:, None]) * (told.weights / averages.weight)[:, None]
        added = np.zeros((block.rows, away.shape[0] * away.shape[2]))
        added[told.rows] = away.transpose(1, 0, 2).reshape(len(told.rows), -1)
        return added


def hazards_at(fit: CoxFit, times: Floats) -> Floats:
    """Return each stratum's cumulative hazard at the fit's centre; shape (strata, times)."""
    cells = fit.rows.cells
    hazard = cells.cumulated(fit.tie_terms.a0)
    strata = np.repeat(np.arange(cells.levels), len(times))
    cell = last_cells(cells, strata, np.tile(times, cells.levels))
    found: Floats = np.where(cell < 0, 0.0, hazard[cell]).reshape(cells.levels, len(times))
    return found


def first_rows(block: ArrayBlock) -> Integers:
    """Return the row of each of a block's firms that starts first."""
    firms = np.repeat(np.arange(len(block.starts) - 1), np.diff(block.starts))
    order = np.lexsort((block.values[START], firms))
    rows: Integers = order[block.starts[:-1]]
    return rows
