"""Make columns of regressors: the same ones for every block of a stream."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.designs.encode import as_floats
from clusterpanel.designs.splines import SplineColumn, plan_spline, spline_values
from clusterpanel.errors import DataError, Fault, SpecError
from clusterpanel.models.arrays import Flags, Floats
from clusterpanel.spec.arithmetic import Expression, value_of
from clusterpanel.spec.factors import Calculation, ColumnFactor, Factor, LevelFactor, SplineFactor, Term
from clusterpanel.spec.faults import did_you_mean, nearest
from clusterpanel.spec.terms import all_terms

LevelsOf = Callable[[str], Sequence[object]]
MOST_LEVELS = 1000
FUNCTIONS: Mapping[str, Callable[[Floats], Floats]] = {"log": np.log, "exp": np.exp, "sqrt": np.sqrt}


@dataclass(frozen=True)
class IsLevel:
    """A yes/no column: whether a column has one level."""

    column: str
    level: object

    def __str__(self) -> str:
        return f"{self.column}::{level_text(self.level)}"


Part = ColumnFactor | Calculation | IsLevel | SplineColumn


@dataclass(frozen=True)
class TermPlan:
    """The regressors of a design, told so that any block of rows gives the same columns.

    Attributes
    ----------
    names : tuple of str
        The coefficients' names, the exposure's first.
    sources : tuple of str
        The panel columns that are needed, each once.
    exposures : int
        How many of the names belong to the exposure: more than one where it stands for levels.
    parts : tuple of tuples
        What each column is the product of.
    """

    names: tuple[str, ...]
    sources: tuple[str, ...]
    exposures: int
    parts: tuple[tuple[Part, ...], ...]

    def columns(self, table: pa.Table) -> list[Floats]:
        """Return the regressors of some rows, each of shape (rows,).

        Parameters
        ----------
        table : pyarrow Table
            With the sources, free of missing values and of the rows that `undefined` tells.

        Raises
        ------
        DataError
            A value is not finite, such as log(0).
        """
        known: dict[Part, Floats] = {}
        columns = [self._column(parts, table, known) for parts in self.parts]
        for name, column in zip(self.names, columns, strict=True):
            rows = len(column) - int(np.isfinite(column).sum())
            if rows:
                fault = Fault("the panel", name, f"{rows:,} rows without a finite value", "finite values")
                raise DataError("a regressor cannot be computed", faults=[fault])
        return columns

    def undefined(self, table: pa.Table) -> dict[str, Flags]:
        """Return which rows have no finite value, by the name of each term that is computed.

        Terms that are defined wherever their columns are hold no entry, so that nothing is read for them.
        """
        computed = dict.fromkeys(part for parts in self.parts for part in parts if _may_fail(part))
        return {str(part): ~np.isfinite(_values(part, table)[part]) for part in computed}

    def columns_of(self, name: str) -> tuple[str, ...]:
        """Return the panel columns that a regressor is made of."""
        return tuple(column for part in self.parts[self.names.index(name)] for column in _sources_of(part))

    def _column(self, parts: tuple[Part, ...], table: pa.Table, known: dict[Part, Floats]) -> Floats:
        for part in parts:
            if part not in known:
                known.update(_values(part, table))
        column = known[parts[0]]
        for part in parts[1:]:
            column = column * known[part]
        return column


def plan_terms(terms: Iterable[str], levels_of: LevelsOf, design: str = "design") -> TermPlan:
    """Return the plan of some regressors, the exposure first.

    Parameters
    ----------
    terms : iterable of str
        As in `DesignSpec`: columns, ``a:b``, ``a*b``, ``a^2``, ``I(a/b)``, ``log(a)``, ``i(a, b, ref=c)``.
    levels_of : callable
        Gives the sorted values of a column over the whole sample; asked only of columns that ``i()`` names.
    design : str
        The design's name, for messages.

    Raises
    ------
    SpecError
        A reference is no level, a column has too many levels, or two terms make a column of one name.
    GrammarError
        A text is no regressor.

    Examples
    --------
    >>> plan_terms(["in_cluster", "i(year, in_cluster, ref=2008)"], lambda column: [2007, 2008, 2009]).names
    ('in_cluster', 'year::2007:in_cluster', 'year::2009:in_cluster')
    """
    read = all_terms(terms)
    planned = [list(_columns_of(term, levels_of, design)) for term in read]
    parts = tuple(column for columns in planned for column in columns)
    names = tuple(":".join(_name(part) for part in column) for column in parts)
    _refuse_twice(names, design)
    sources = tuple(dict.fromkeys(column for term in read for column in term.columns))
    return TermPlan(names, sources, len(planned[0]) if planned else 0, parts)


def _columns_of(term: Term, levels_of: LevelsOf, design: str) -> Iterator[tuple[Part, ...]]:
    choices = [list(_parts_of(factor, levels_of, design)) for factor in term.factors]
    for chosen in product(*choices):
        yield tuple(part for parts in chosen for part in parts)


def _parts_of(factor: Factor, levels_of: LevelsOf, design: str) -> Iterator[tuple[Part, ...]]:
    if isinstance(factor, SplineFactor):
        yield from ((column,) for column in plan_spline(factor, levels_of(factor.column), design))
        return
    if not isinstance(factor, LevelFactor):
        yield (factor,)
        return
    by = () if factor.by is None else (ColumnFactor(factor.by),)
    for level in _kept_levels(factor, levels_of, design):
        yield (IsLevel(factor.column, level), *by)


def _kept_levels(factor: LevelFactor, levels_of: LevelsOf, design: str) -> list[object]:
    levels = {level_text(level): level for level in levels_of(factor.column)}
    unknown = [name for name in factor.references if name not in levels]
    if unknown:
        raise SpecError(
            "a reference is no level", faults=[_no_level(factor, name, levels, design) for name in unknown]
        )
    kept = [level for name, level in levels.items() if name not in factor.references]
    if not kept or len(kept) > MOST_LEVELS:
        allowed = f"1 to {MOST_LEVELS:,} levels beside the references"
        hint = f'Absorb it: "{factor.column}"' + (
            f', or "{factor.column}[{factor.by}]" for slopes.' if factor.by else "."
        )
        fault = Fault(design, str(factor), f"{len(kept):,} levels", allowed, hint)
        raise SpecError("a regressor cannot be made of these levels", faults=[fault])
    return kept


def _no_level(factor: LevelFactor, name: str, levels: Mapping[str, object], design: str) -> Fault:
    # The levels of an identifier are firms, which no message names.
    if factor.column.endswith("_id"):
        return Fault(design, str(factor), "a reference that is no level", f"a level of {factor.column}")
    allowed = f"a level of {factor.column}: {nearest(name, levels)}"
    return Fault(design, str(factor), f'ref "{name}"', allowed, did_you_mean(name, levels))


def level_text(level: object) -> str:
    """Return a level as coefficients and references name it: a whole number alike, however it is stored."""
    if isinstance(level, bool | np.bool_):
        return str(level).lower()
    if isinstance(level, float | np.floating) and float(level).is_integer():
        return str(int(level))
    return str(level)


def _name(part: Part) -> str:
    return part.column if isinstance(part, ColumnFactor) else str(part)


def _refuse_twice(names: Sequence[str], design: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        faults = [Fault(design, "controls", f"{name} twice", "each regressor once") for name in twice]
        raise SpecError("two terms make the same regressor", faults=faults)


def _sources_of(part: Part) -> tuple[str, ...]:
    return part.columns if isinstance(part, Calculation) else (part.column,)


def _may_fail(part: Part) -> bool:
    return isinstance(part, Calculation)


def _values(part: Part, table: pa.Table) -> dict[Part, Floats]:
    """Return a part's values, and those of the parts that come with them."""
    match part:
        case ColumnFactor(column):
            return {part: as_floats(table.column(column))}
        case IsLevel(column, level):
            return {part: _is_level(table.column(column), level)}
        case Calculation(expression, _):
            return {part: _calculated(expression, table)}
        case SplineColumn():
            basis = spline_values(part, as_floats(table.column(part.column)))
            return {one: basis[one] for one in part.siblings}


def _calculated(expression: Expression, table: pa.Table) -> Floats:
    with np.errstate(all="ignore"):
        value = value_of(
            expression,
            float,
            lambda name: as_floats(table.column(name)),
            lambda name, x: FUNCTIONS[name](x),
        )
    return np.asarray(value, dtype=np.float64)


def _is_level(column: pa.ChunkedArray, level: object) -> Floats:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    is_level = pc.equal(column, pa.scalar(level).cast(column.type))
    return np.asarray(pc.cast(is_level, pa.float64()).to_numpy(), dtype=np.float64)
