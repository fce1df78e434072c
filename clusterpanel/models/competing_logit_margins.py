"""Average marginal effects on each cause's yearly chance of exit, from a competing-risks logit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.models.absorb import CONSTANT
from clusterpanel.models.arrays import ArrayBlock, Floats, ModelSource
from clusterpanel.models.competing_logit import chances_of
from clusterpanel.models.fit import Fit

PERCENT = 100.0
NOTE = (
    "Effects on each yearly chance of exit in percentage points: per unit, and of yes/no columns from 0 to 1."
)


@dataclass
class MarginSums:
    """Sums over rows: weight; effects (causes, regressors); their derivatives, of yes/no columns and others.

    The derivatives have shape (causes, regressors, causes, regressors).
    """

    weight: float
    effects: Floats
    gradient: Floats


@dataclass(frozen=True)
class MarginFold:
    """The fold of the effects and their derivatives.

    Attributes
    ----------
    slopes : float array, shape (causes, regressors)
    is_yes_no : tuple of bool
    """

    slopes: Floats
    is_yes_no: tuple[bool, ...]

    def step(self, block: ArrayBlock) -> MarginSums:
        """Return one block's sums."""
        columns = block.values[1:]
        weights = block.weights if len(block.weights) else np.ones(block.rows)
        etas = self.slopes @ columns + (block.offset if len(block.offset) else 0.0)
        causes, size = self.slopes.shape
        sums = MarginSums(
            float(weights.sum()), np.zeros((causes, size)), np.zeros((causes, size, causes, size))
        )
        for place in range(size):
            effect, on_eta, on_own = self._of_rows(etas, columns[place], place)
            sums.effects[:, place] = effect @ weights
            sums.gradient[:, place] = (on_eta * weights) @ columns.T
            sums.gradient[:, place, :, place] += on_own @ weights
        return sums

    def _of_rows(self, etas: Floats, value: Floats, place: int) -> tuple[Floats, Floats, Floats]:
        """Return effects (causes, rows), and what they move by with etas, and with slopes beyond that."""
        slopes = self.slopes[:, place]
        if self.is_yes_no[place]:
            return _steps_from_0_to_1(etas, value, slopes)
        chances, _ = chances_of(etas)
        lead = slopes[:, None] - slopes @ chances
        spread = spread_of(chances)
        on_eta = spread * lead[:, None] - (chances[:, None] * chances[None]) * lead[None]
        return chances * lead, on_eta, spread

    def merge(self, left: MarginSums, right: MarginSums) -> MarginSums:
        """Return the sum."""
        return MarginSums(
            left.weight + right.weight, left.effects + right.effects, left.gradient + right.gradient
        )

    def solve(self, moments: MarginSums) -> MarginSums:
        """Return the sums as they are."""
        return moments


def _steps_from_0_to_1(etas: Floats, value: Floats, slopes: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the changes of chances with a yes/no column, and what they move by."""
    with_it, _ = chances_of(etas + slopes[:, None] * (1 - value))
    without, _ = chances_of(etas - slopes[:, None] * value)
    one, two = spread_of(with_it), spread_of(without)
    return with_it - without, one - two, one * (1 - value) + two * value


def spread_of(chances: Floats) -> Floats:
    """Return the derivative of each cause's chance in each cause's index, shape (causes, causes, rows)."""
    causes = len(chances)
    spread: Floats = -chances[:, None] * chances[None]
    spread[np.arange(causes), np.arange(causes)] += chances
    return spread


def competing_marginal_effects(source: ModelSource, fit: Fit, causes: Sequence[str], threads: int = 1) -> Fit:
    """Return the average marginal effects of a competing-risks logit, in percentage points.

    Parameters
    ----------
    source : ModelSource
        The sample it was fitted on; regressors that were dropped as collinear have no effect.
    fit : Fit
        The fit with its variance; names are "cause: regressor".
    causes : sequence of str
    threads : int

    Returns
    -------
    Fit
        One coefficient each cause and regressor but the constant, with the fit's variance and influence
        carried over by the delta method; the rows averaged over are taken as given.
    """
    kept = [place for place, name in enumerate(source.names) if f"{causes[0]}: {name}" in fit.names]
    sample = source.only([0, *(1 + place for place in kept)]) if len(kept) < len(source.names) else source
    is_yes_no = tuple(bool(flag) for flag in run_fold(YesNoColumns(), sample.blocks(), threads))
    slopes = fit.coefficients.reshape(len(causes), -1)
    sums = run_fold(MarginFold(slopes, is_yes_no), sample.blocks(), threads)
    wanted = [
        (cause, place)
        for cause in range(len(causes))
        for place, name in enumerate(sample.names)
        if name != CONSTANT
    ]
    back = np.stack([sums.gradient[cause, place].ravel() for cause, place in wanted]) / sums.weight
    return Fit(
        names=tuple(f"{causes[cause]}: {sample.names[place]}" for cause, place in wanted),
        coefficients=PERCENT * np.array([sums.effects[one] for one in wanted]) / sums.weight,
        variance=fit.variance.of_combinations(PERCENT * back),
        collinear=fit.collinear,
        notes=(NOTE,),
    )


@dataclass(frozen=True)
class YesNoColumns:
    """The fold of which regressors are 0 or 1 throughout, shape (regressors,)."""

    def step(self, block: ArrayBlock) -> Floats:
        """Return one block's answer: 1 for yes."""
        values = block.values[1:]
        return np.asarray(((values == 0) | (values == 1)).all(axis=1), dtype=np.float64)

    def merge(self, left: Floats, right: Floats) -> Floats:
        """Return both blocks' answer."""
        return left * right

    def solve(self, moments: Floats) -> Floats:
        """Return the answer as it is."""
        return moments
