"""What a regressor is made of: columns, arithmetic of columns, levels, and products of these."""

import re
from dataclasses import dataclass

from clusterpanel.spec.arithmetic import Expression, names_in, written
from clusterpanel.spec.words import quoted_name

NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)")


@dataclass(frozen=True)
class ColumnFactor:
    """A panel column as it is."""

    column: str

    def __str__(self) -> str:
        return quoted_name(self.column)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns that must hold numbers."""
        return (self.column,)

    columns = numbers


@dataclass(frozen=True)
class Calculation:
    """Arithmetic of columns.

    Attributes
    ----------
    expression : Expression
    is_function : bool
        Whether it is a function's value, which needs no ``I()`` around it.
    """

    expression: Expression
    is_function: bool

    def __str__(self) -> str:
        return written(self.expression) if self.is_function else f"I({written(self.expression)})"

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns that must hold numbers."""
        return tuple(dict.fromkeys(names_in(self.expression)))

    columns = numbers


@dataclass(frozen=True)
class LevelFactor:
    """A yes/no column for each level of a column but some, times another column if one is given.

    Attributes
    ----------
    column : str
    by : str or None
    references : tuple of str
        The levels left out.
    """

    column: str
    by: str | None = None
    references: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = [quoted_name(self.column)] + ([quoted_name(self.by)] if self.by is not None else [])
        levels = ", ".join(map(_written_level, self.references))
        if levels:
            words.append(f"ref=c({levels})" if len(self.references) > 1 else f"ref={levels}")
        return f"i({', '.join(words)})"

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns that must hold numbers."""
        return () if self.by is None else (self.by,)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it needs."""
        return (self.column, *self.numbers)


@dataclass(frozen=True)
class SplineFactor:
    """A smooth curve of a column: a piecewise polynomial without jumps.

    Attributes
    ----------
    column : str
    knots : tuple of float
        Where the pieces meet, ascending.
    degree : int
        1: broken lines; 3: cubic.
    """

    column: str
    knots: tuple[float, ...]
    degree: int = 3

    def __str__(self) -> str:
        degree = "" if self.degree == 3 else f", degree={self.degree}"
        knots = ", ".join(f"{knot:g}" for knot in self.knots)
        return f"bs({quoted_name(self.column)}, knots=c({knots}){degree})"

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns that must hold numbers."""
        return (self.column,)

    columns = numbers


Factor = ColumnFactor | Calculation | LevelFactor | SplineFactor


@dataclass(frozen=True)
class Term:
    """A product of factors, in the order they were written."""

    factors: tuple[Factor, ...]

    def __str__(self) -> str:
        return ":".join(map(str, self.factors))

    @property
    def columns(self) -> tuple[str, ...]:
        """The panel columns it needs."""
        return tuple(dict.fromkeys(name for factor in self.factors for name in factor.columns))

    @property
    def numbers(self) -> tuple[str, ...]:
        """The panel columns that must hold numbers or yes/no."""
        return tuple(dict.fromkeys(name for factor in self.factors for name in factor.numbers))

    @property
    def has_levels(self) -> bool:
        """Whether it stands for a column per level or of a spline, and so for several coefficients."""
        return any(isinstance(factor, LevelFactor | SplineFactor) for factor in self.factors)

    @property
    def key(self) -> frozenset[str]:
        """What it is whatever the order of its factors: a:b is b:a."""
        return frozenset(map(str, self.factors))


def _written_level(level: str) -> str:
    return level if NUMBER.fullmatch(level) else f'"{level}"'
