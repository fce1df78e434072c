"""What to read for a sample: columns, effects with their slopes, groups, weights, conditions."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple, Protocol

import pyarrow as pa

from clusterpanel.designs.encode import as_floats
from clusterpanel.designs.episode_columns import EpisodeColumns
from clusterpanel.models.arrays import Flags, Floats, WeightKind
from clusterpanel.spec.effects import JOIN, Effect, read_effect


class Regressors(Protocol):
    """The columns after the outcomes, made of the panel's; see `clusterpanel.designs.terms.TermPlan`."""

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns are called, the exposure first."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The panel columns they are made of."""

    def columns(self, table: pa.Table) -> list[Floats]:
        """Return the columns of some rows."""

    def undefined(self, table: pa.Table) -> Mapping[str, Flags]:
        """Return which rows have no finite value, by the name of each term that is computed."""


@dataclass(frozen=True)
class PlainColumns:
    """Regressors that are panel columns as they are."""

    names: tuple[str, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """The panel columns they are made of."""
        return self.names

    def columns(self, table: pa.Table) -> list[Floats]:
        """Return the columns of some rows."""
        return [as_floats(table.column(name)) for name in self.names]

    def undefined(self, table: pa.Table) -> Mapping[str, Flags]:
        """Return nothing: a column is missing or finite."""
        del table
        return {}


class Levels(NamedTuple):
    """Effects or groups: the levels of some columns together, times a slope's variable if there is one."""

    columns: tuple[str, ...]
    slope: str | None = None

    @property
    def name(self) -> str:
        """The columns joined by ``^``, a slope in brackets."""
        slope = "" if self.slope is None else f"[{self.slope}]"
        return f"{JOIN.join(self.columns)}{slope}"


class EffectLayout(NamedTuple):
    """The effects of a design as the models take them.

    Attributes
    ----------
    absorbs_firm : bool
    firm_slopes : tuple of str
        Columns on which each firm has a slope of its own.
    others : tuple of Levels
        Each once; an effect with slopes is its levels, then the levels times each slope's variable.
    """

    absorbs_firm: bool
    firm_slopes: tuple[str, ...]
    others: tuple[Levels, ...]


@dataclass(frozen=True)
class SamplePlan:
    """What a design reads.

    Attributes
    ----------
    name : str
        The design's name, the stage of its flow steps.
    outcomes : tuple of str
        Panel columns, or what `episodes` calls its own.
    regressors : Regressors
        The exposure first; excluded instruments last.
    effects : tuple of str
        ``region_code``, ``industry_code^year``, ``firm_id[year]`` (effect and slope), ``region_code[[year]]``
        (slope only); an absorbed firm's effect is the firm column itself.
    groups : tuple of str
        The ways errors are grouped, columns or joint ones.
    weights : str or None
    weight_kind : "analytic", "frequency", "probability" or None
    offset : str or None
    where : mapping of str to values
        Only rows whose column holds one of the values.
    beside : tuple of str
        Further number columns kept beside a sample in memory, such as coordinates and time.
    has_constant : bool or None
        None: a constant comes last where nothing is absorbed.
    drops_singletons : bool
        Whether rows alone in a level of an effect go.
    episodes : EpisodeColumns or None
        How the outcomes are made where they are a survival design's.
    """

    name: str
    outcomes: tuple[str, ...]
    regressors: Regressors
    effects: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    weights: str | None = None
    weight_kind: WeightKind | None = None
    offset: str | None = None
    where: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    has_constant: bool | None = None
    drops_singletons: bool = True
    episodes: EpisodeColumns | None = None

    @property
    def outcome_sources(self) -> tuple[str, ...]:
        """The panel columns that the outcomes are made of."""
        return self.outcomes if self.episodes is None else self.episodes.sources

    def outcome_columns(self, table: pa.Table) -> list[Floats]:
        """Return the outcomes of some rows."""
        if self.episodes is not None:
            return self.episodes.columns(table)
        return [as_floats(table.column(name)) for name in self.outcomes]

    @property
    def adds_constant(self) -> bool:
        """Whether a constant is the last column."""
        return not self.effects if self.has_constant is None else self.has_constant

    def layout(self, firm: str, known: Collection[str]) -> EffectLayout:
        """Return the effects, those of the firm apart.

        Parameters
        ----------
        firm : str
            The firm column.
        known : collection of str
            The panel's columns; a name among them is that column, whatever signs it has.
        """
        absorbs_firm, firm_slopes = False, dict[str, None]()
        others: dict[tuple[frozenset[str], str | None], Levels] = {}
        for effect in (_effect_of(text, known) for text in self.effects):
            is_firm = effect.columns == (firm,)
            absorbs_firm |= is_firm and effect.has_intercept
            if is_firm:
                firm_slopes.update(dict.fromkeys(effect.slopes))
                continue
            for slope in (*((None,) if effect.has_intercept else ()), *effect.slopes):
                others.setdefault((frozenset(effect.columns), slope), Levels(effect.columns, slope))
        return EffectLayout(absorbs_firm, tuple(firm_slopes), tuple(others.values()))

    def ways(self, known: Collection[str]) -> tuple[Levels, ...]:
        """Return the ways errors are grouped, then their intersections: of two ways, then of three.

        The intersection of ways a, b and c is named ``a^b^c``.
        """
        ways = [_effect_of(text, known).columns for text in self.groups]
        chosen = [some for count in range(1, len(ways) + 1) for some in combinations(ways, count)]
        return tuple(Levels(tuple(dict.fromkeys(name for way in some for name in way))) for some in chosen)

    def needed(self, known: Collection[str]) -> tuple[str, ...]:
        """Return the panel columns that no row may miss, in the order losses are counted."""
        return tuple(dict.fromkeys(self._needed(known)))

    def _needed(self, known: Collection[str]) -> Iterator[str]:
        yield from self.outcomes if self.episodes is None else self.episodes.needed
        yield from self.regressors.sources
        for text in (*self.effects, *self.groups):
            effect = _effect_of(text, known)
            yield from (*effect.columns, *effect.slopes)
        yield from (name for name in (self.weights, self.offset) if name is not None)
        yield from self.beside


def _effect_of(text: str, known: Collection[str]) -> Effect:
    return Effect((text,)) if text in known else read_effect(text)
