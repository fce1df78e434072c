"""The small-sample rule: fixest's documented default, in one place.

With n rows, G groups and K parameters, grouped covariances are multiplied by ``G/(G-1) * (n-1)/(n-K)``, the
heteroskedastic one by ``n/(n-K)``, and the homoskedastic one divides the residuals' squares by ``n-K``. K
counts the regressors and each effect's levels less one for every effect after the first; where errors are
grouped, an effect nested in the groups (each level lies in one group) counts as one parameter only. Slopes of
each level's own count in full. Source: Berge, "On standard-errors" (vignette of R fixest 0.12): K.adj = TRUE,
K.fixef = "nested", G.adj = TRUE, G.df = "min", t.df = "min".
"""

from collections.abc import Iterator
from dataclasses import dataclass

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import FIRM, ModelSource


@dataclass(frozen=True)
class EffectCount:
    """What an absorbed effect counts.

    Attributes
    ----------
    name : str
    levels : int
    is_nested : bool
        Each of its levels lies in one group of some way.
    is_slope : bool
        Its levels multiply a variable.
    """

    name: str
    levels: int
    is_nested: bool = False
    is_slope: bool = False


@dataclass(frozen=True)
class SampleCounts:
    """The counts the rule needs.

    Attributes
    ----------
    rows : int
        n; with frequency weights their sum.
    regressors : int
        The coefficients that are estimated, a constant among them.
    effects : tuple of EffectCount
    is_normal : bool
        Tests use the normal distribution, as is the custom for likelihoods, and not t.
    """

    rows: int
    regressors: int
    effects: tuple[EffectCount, ...] = ()
    is_normal: bool = False

    def parameters(self, is_grouped: bool) -> int:
        """Return K."""
        plain = [effect for effect in self.effects if not effect.is_slope]
        levels = [1 if is_grouped and effect.is_nested else effect.levels for effect in plain]
        slopes = sum(effect.levels for effect in self.effects if effect.is_slope)
        return self.regressors + slopes + sum(levels) - max(len(plain) - 1, 0)

    def parameter_factor(self, is_grouped: bool) -> float:
        """Return ``(n-1)/(n-K)`` for grouped errors, ``n/(n-K)`` for others.

        Raises
        ------
        NotIdentifiedError
            There are no more rows than parameters.
        """
        parameters = self.parameters(is_grouped)
        if self.rows <= parameters:
            raise NotIdentifiedError(
                f"the sample has {self.rows} rows for {parameters} parameters",
                hint="Widen the sample, or absorb fewer effects.",
            )
        return (self.rows - (1 if is_grouped else 0)) / (self.rows - parameters)

    def residual_degrees(self, is_grouped: bool) -> float:
        """Return n - K, or infinity where tests use the normal distribution."""
        return float("inf") if self.is_normal else float(self.rows - self.parameters(is_grouped))

    def group_degrees(self, groups: int) -> float:
        """Return G - 1, or infinity where tests use the normal distribution."""
        return float("inf") if self.is_normal else float(groups - 1)


def count_sample(source: ModelSource, regressors: int, *, is_normal: bool = False) -> SampleCounts:
    """Count the rows and parameters of a fit with `regressors` columns kept.

    Parameters
    ----------
    source : ModelSource
        Its groups are those of the variance, so that nested effects can be told.
    regressors : int
    is_normal : bool
        Tests use the normal distribution.
    """
    is_frequency = source.weight_kind == "frequency"
    rows = round(source.total_weight) if is_frequency else source.rows
    return SampleCounts(rows, regressors, tuple(_effects(source)), is_normal)


def _effects(source: ModelSource) -> Iterator[EffectCount]:
    ways = range(len(source.group_names))
    if source.absorbs_firm:
        is_nested = any(source.is_nested(FIRM, way) for way in ways)
        yield EffectCount(source.firm_name, source.firm_levels, is_nested)
    for number in range(source.firm_slopes_count):
        yield EffectCount(f"{source.firm_name}[slope {number + 1}]", source.firm_levels, is_slope=True)
    for place, (name, levels) in enumerate(zip(source.effect_names, source.effect_levels, strict=True)):
        is_slope = name.endswith("]")
        is_nested = not is_slope and any(source.is_nested(place, way) for way in ways)
        yield EffectCount(name, levels, is_nested, is_slope)


def check_groups(groups: int, name: str) -> None:
    """Refuse to group errors in fewer than two groups.

    Raises
    ------
    NotIdentifiedError
    """
    if groups < 2:
        raise NotIdentifiedError(
            f"errors grouped by {name} need two groups; the sample has {groups}",
            hint="Group by a column with more values, or widen the sample.",
        )
