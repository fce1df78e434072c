"""The small-sample rule: fixest's documented default, in one place.

With n rows, G groups and K parameters, grouped covariances are multiplied by ``G/(G-1) * (n-1)/(n-K)``, the
heteroskedastic one by ``n/(n-K)``, and the homoskedastic one divides the residuals' squares by ``n-K``. K
counts the regressors and each effect's levels less one for every effect after the first; where errors are
grouped, an effect nested in the groups (each level lies in one group) counts as one parameter only. Source:
Berge, "On standard-errors" (vignette of R fixest 0.12): K.adj = TRUE, K.fixef = "nested", G.adj = TRUE.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Codes, ModelArrays


@dataclass(frozen=True)
class SmallSample:
    """The counts the rule needs.

    Attributes
    ----------
    rows, groups, parameters : int
        n, G (0 where errors are not grouped) and K.
    nested : tuple of str
        The effects counted as one parameter.
    """

    rows: int
    groups: int
    parameters: int
    nested: tuple[str, ...]

    @property
    def parameter_factor(self) -> float:
        """``(n-1)/(n-K)`` for grouped errors, ``n/(n-K)`` for others."""
        return (self.rows - (1 if self.groups else 0)) / (self.rows - self.parameters)

    @property
    def factor(self) -> float:
        """What a covariance made of scores is multiplied by."""
        group_factor = self.groups / (self.groups - 1) if self.groups else 1.0
        return group_factor * self.parameter_factor


def is_nested(inner: Codes, outer: Codes) -> bool:
    """Say whether each level of `inner` lies in one level of `outer`."""
    holder = np.empty(inner.levels, dtype=np.int64)
    holder[inner.codes] = outer.codes
    return bool((holder[inner.codes] == outer.codes).all())


def count_sample(arrays: ModelArrays, regressors: int, is_grouped: bool) -> SmallSample:
    """Count rows, groups and parameters of a fit with `regressors` columns kept.

    Raises
    ------
    NotIdentifiedError
        Errors are grouped in fewer than two groups, or there are no more rows than parameters.
    """
    effects = [*((arrays.firms,) if arrays.absorbs_firm else ()), *arrays.effects]
    nested = [effect.name for effect in effects if is_grouped and is_nested(effect, arrays.groups)]
    parameters = regressors + _effect_parameters(effects, nested)
    groups = arrays.groups.levels if is_grouped else 0
    if is_grouped and groups < 2:
        raise NotIdentifiedError(
            f"errors grouped by {arrays.groups.name} need two groups; the sample has {groups}",
            hint="Group by a column with more values, or widen the sample.",
        )
    if arrays.rows <= parameters:
        raise NotIdentifiedError(
            f"the sample has {arrays.rows} rows for {parameters} parameters",
            hint="Widen the sample, or absorb fewer effects.",
        )
    return SmallSample(arrays.rows, groups, parameters, tuple(nested))


def _effect_parameters(effects: Sequence[Codes], nested: Sequence[str]) -> int:
    counts = [1 if effect.name in nested else effect.levels for effect in effects]
    return sum(counts) - max(len(counts) - 1, 0)
