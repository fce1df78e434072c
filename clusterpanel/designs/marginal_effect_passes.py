"""The passes of average marginal effects: the effects with their gradient, then how each group moves them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats, WeightKind
from clusterpanel.models.glm_passes import GlmRows
from clusterpanel.models.scores import GroupSums, sum_by_group

# Beyond these a hazard is 0 or 1 to the last digit.
LOWEST, HIGHEST_LOGIT, HIGHEST_CLOGLOG = -35.0, 35.0, 6.5

Hazard = Callable[[Floats], tuple[Floats, Floats, Floats]]


def logit_hazard(eta: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the hazard, its slope and its curvature in eta."""
    chance = 1 / (1 + np.exp(-np.clip(eta, LOWEST, HIGHEST_LOGIT)))
    slope = chance * (1 - chance)
    return chance, slope, slope * (1 - 2 * chance)


def cloglog_hazard(eta: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the hazard, its slope and its curvature in eta."""
    rate = np.exp(np.clip(eta, LOWEST, HIGHEST_CLOGLOG))
    slope = rate * np.exp(-rate)
    return -np.expm1(-rate), slope, slope * (1 - rate)


HAZARDS: dict[str, Hazard] = {"logit": logit_hazard, "cloglog": cloglog_hazard}


@dataclass
class EffectSums:
    """Sums over rows.

    Attributes
    ----------
    weight : float
    effects : float array, shape (effects,)
        Each effect times weight.
    on_coefficients : float array, shape (effects, regressors)
        Its derivative in the coefficients of the centred regressors.
    on_levels : float array, shape (effects, levels)
        Its derivative in the levels' effects.
    pearson : float array, shape (effects,)
        Squares of each row's derivative in eta over the row's information.
    """

    weight: float
    effects: Floats
    on_coefficients: Floats
    on_levels: Floats
    pearson: Floats


@dataclass(frozen=True)
class RowEffects:
    """What each row's effects are.

    Attributes
    ----------
    rows : GlmRows
        At the top.
    hazard : function of eta
    places : tuple of int
        The regressors whose effects are wanted.
    is_yes_no : tuple of bool
        Whether each goes from 0 to 1, or is any number.
    """

    rows: GlmRows
    hazard: Hazard
    places: tuple[int, ...]
    is_yes_no: tuple[bool, ...]

    def eta(self, block: ArrayBlock) -> Floats:
        """Return the linear predictor of a block's rows."""
        point = self.rows.point
        eta: Floats = point.coefficients @ self.rows.centred(block) + point.constant
        if len(block.offset):
            eta += block.offset
        for kind in range(block.effects.shape[1]):
            level = point.effects[block.effects[:, kind]]
            eta += level * block.loads[:, kind] if len(block.loads) else level
        return eta

    def of_rows(self, block: ArrayBlock, eta: Floats, which: int) -> tuple[Floats, Floats, Floats]:
        """Return each row's effect, its derivative in eta, and that in the coefficient itself beyond eta."""
        place = self.places[which]
        slope = self.rows.point.coefficients[place]
        _, first, second = self.hazard(eta)
        if not self.is_yes_no[which]:
            return slope * first, slope * second, first
        value = block.values[1 + place]
        with_it, without = self.hazard(eta + slope * (1 - value)), self.hazard(eta - slope * value)
        # Of eta at 1 and at 0, one is the row's own and the other differs by the coefficient.
        own = (1 - value) * with_it[1] + value * without[1]
        return with_it[0] - without[0], with_it[1] - without[1], own


@dataclass(frozen=True)
class EffectFold:
    """The fold of the effects and their gradient."""

    effects: RowEffects
    levels: int

    def step(self, block: ArrayBlock) -> EffectSums:
        """Return one block's sums."""
        rows, places = self.effects.rows, self.effects.places
        eta, columns = self.effects.eta(block), rows.centred(block)
        information = rows.terms(block).information.copy()
        weights = block.weights if len(block.weights) else np.ones(block.rows)
        size = len(places)
        sums = EffectSums(
            float(weights.sum()),
            np.empty(size),
            np.empty((size, len(columns))),
            np.zeros((size, self.levels)),
            np.empty(size),
        )
        for which, place in enumerate(places):
            effect, on_eta, on_own = self.effects.of_rows(block, eta, which)
            on_eta = on_eta * weights
            sums.effects[which] = effect @ weights
            sums.on_coefficients[which] = columns @ on_eta
            sums.on_coefficients[which, place] += on_own @ weights
            sums.pearson[which] = (on_eta * on_eta / information).sum()
            self._add_levels(block, on_eta, sums.on_levels[which])
        return sums

    def _add_levels(self, block: ArrayBlock, on_eta: Floats, target: Floats) -> None:
        for kind in range(block.effects.shape[1]):
            loaded = on_eta * block.loads[:, kind] if len(block.loads) else on_eta
            target += np.bincount(block.effects[:, kind], loaded, minlength=self.levels)

    def merge(self, left: EffectSums, right: EffectSums) -> EffectSums:
        """Return the sum."""
        return EffectSums(
            left.weight + right.weight,
            left.effects + right.effects,
            left.on_coefficients + right.on_coefficients,
            left.on_levels + right.on_levels,
            left.pearson + right.pearson,
        )

    def solve(self, moments: EffectSums) -> EffectSums:
        """Return the sums as they are."""
        return moments


@dataclass
class MovedParts:
    """How much some blocks' rows move the effects: outer products, and each way's sums by group."""

    meat: Floats
    parts: list[list[GroupSums]]


@dataclass(frozen=True)
class MovedFold:
    """The fold of how each row and group moves the effects.

    Attributes
    ----------
    effects : RowEffects
    on_coefficients, on_levels : float array, shape (effects, regressors), (effects, levels)
        What a unit of score moves each effect by, the inverse information applied.
    means : float array, shape (effects,), or None
        The effects, where it counts that the rows are themselves a sample; weighted by one over the sum of
        weights.
    total_weight : float
    weight_kind : str or None
    group_levels : tuple of int
    """

    effects: RowEffects
    on_coefficients: Floats
    on_levels: Floats
    means: Floats | None
    total_weight: float
    weight_kind: WeightKind | None
    group_levels: tuple[int, ...]

    def step(self, block: ArrayBlock) -> MovedParts:
        """Return one block's sums."""
        rows = self.effects.rows
        moved = self.on_coefficients @ rows.centred(block)
        for kind in range(block.effects.shape[1]):
            level = self.on_levels[:, block.effects[:, kind]]
            moved += level * block.loads[:, kind] if len(block.loads) else level
        moved *= rows.terms(block).scores
        if self.means is not None:
            weights = block.weights if len(block.weights) else np.ones(block.rows)
            eta = self.effects.eta(block)
            for which, mean in enumerate(self.means):
                effect, _, _ = self.effects.of_rows(block, eta, which)
                moved[which] += weights * (effect - mean) / self.total_weight
        once = moved / block.weights if self.weight_kind == "frequency" else moved
        pairs = zip(block.groups.T, self.group_levels, strict=True)
        parts = [[sum_by_group(moved, np.ascontiguousarray(codes), levels)] for codes, levels in pairs]
        return MovedParts(once @ moved.T, parts)

    def merge(self, left: MovedParts, right: MovedParts) -> MovedParts:
        """Return both blocks' sums."""
        parts = [mine + others for mine, others in zip(left.parts, right.parts, strict=True)]
        return MovedParts(left.meat + right.meat, parts)

    def solve(self, moments: MovedParts) -> MovedParts:
        """Return the sums as they are."""
        return moments
