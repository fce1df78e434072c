"""Linear and smooth functions of coefficients, with their exact derivatives."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clusterpanel.errors import Fault, SpecError
from clusterpanel.models.arrays import Floats
from clusterpanel.spec.arithmetic import (
    Binary,
    Call,
    Expression,
    Name,
    Negative,
    Number,
    read_expression,
    value_of,
)
from clusterpanel.spec.faults import did_you_mean, nearest
from clusterpanel.spec.words import GrammarError, Reader, words_of


@dataclass(frozen=True)
class Dual:
    """A number and its derivatives by each coefficient: arithmetic on it is the chain rule.

    Attributes
    ----------
    value : float
    slopes : float array, shape (coefficients,)
    """

    value: float
    slopes: Floats

    def __neg__(self) -> "Dual":
        return Dual(-self.value, -self.slopes)

    def __add__(self, other: "Dual") -> "Dual":
        return Dual(self.value + other.value, self.slopes + other.slopes)

    def __sub__(self, other: "Dual") -> "Dual":
        return Dual(self.value - other.value, self.slopes - other.slopes)

    def __mul__(self, other: "Dual") -> "Dual":
        return Dual(self.value * other.value, self.slopes * other.value + other.slopes * self.value)

    def __truediv__(self, other: "Dual") -> "Dual":
        value = self.value / other.value
        return Dual(value, (self.slopes - value * other.slopes) / other.value)

    def __pow__(self, other: "Dual") -> "Dual":
        if not other.slopes.any():
            slope = other.value * math.pow(self.value, other.value - 1) if other.value else 0.0
            return Dual(math.pow(self.value, other.value), slope * self.slopes)
        return applied("exp", other * applied("log", self))


def applied(function: str, at: Dual) -> Dual:
    """Return a function's value and derivatives.

    Raises
    ------
    ValueError
        The function is not defined there.
    """
    if function == "log":
        return Dual(math.log(at.value), at.slopes / at.value)
    value = math.exp(at.value) if function == "exp" else math.sqrt(at.value)
    return Dual(value, at.slopes * (value if function == "exp" else 0.5 / value))


def value_and_slopes(text: str, terms: Sequence[str], estimates: Floats) -> Dual:
    """Return an expression's value at the estimates, and its derivatives by each of them.

    Parameters
    ----------
    text : str
        Arithmetic of terms; with ``=`` the left side less the right.
    terms : sequence of str
    estimates : float array, shape (terms,)

    Raises
    ------
    SpecError
        The text is no arithmetic, names no such term, or is not defined at the estimates.
    """
    read = _read(text)
    at = {term: Dual(float(estimates[place]), _unit(len(terms), place)) for place, term in enumerate(terms)}
    try:
        value = value_of(
            read, lambda number: Dual(number, np.zeros(len(terms))), lambda name: at[name], applied
        )
    except KeyError as error:
        raise _unknown(text, str(error.args[0]), terms) from None
    except (ValueError, ZeroDivisionError, OverflowError):
        fault = Fault("restriction", text, "an expression that has no value at the estimates", "one that has")
        raise SpecError("the restriction cannot be computed", faults=[fault]) from None
    if not isinstance(value, Dual) or not np.isfinite([value.value, *value.slopes]).all():
        fault = Fault("restriction", text, "an expression without finite derivatives", "one that has them")
        raise SpecError("the restriction cannot be computed", faults=[fault])
    return value


def linear_form(text: str, terms: Sequence[str]) -> tuple[Floats, float]:
    """Return the weights of the terms and the constant of a linear expression.

    Raises
    ------
    SpecError
        As in `value_and_slopes`, or the expression is not linear in the terms.
    """
    if _degree(_read(text)) > 1:
        came, allowed = "an expression that is not linear", "sums of terms times numbers"
        fault = Fault("restriction", text, came, allowed, "nlcom takes any smooth expression.")
        raise SpecError("the restriction is not linear", faults=[fault])
    form = value_and_slopes(text, terms, np.zeros(len(terms)))
    return form.slopes, form.value


def _degree(expression: Expression) -> float:
    """Return 0 for a constant, 1 for a linear expression, infinity for others."""
    match expression:
        case Number():
            return 0
        case Name():
            return 1
        case Negative(argument):
            return _degree(argument)
        case Call(_, argument):
            return math.inf if _degree(argument) else 0
        case Binary(sign, left, right):
            one, other = _degree(left), _degree(right)
            degrees = {"+": max(one, other), "-": max(one, other), "*": one + other}
            constant = one if sign == "/" else 0 if not one else math.inf
            degree = degrees.get(sign, math.inf if other else constant)
            return degree if degree <= 1 else math.inf


def _read(text: str) -> Expression:
    reader = Reader(words_of(text, joined_names=True))
    try:
        left = read_expression(reader)
        right = read_expression(reader) if reader.take_sign("=") else None
        reader.want_end("+, -, *, /, ^, = or the end")
    except GrammarError as error:
        where = f"character {error.start + 1}"
        hint = error.hint or "Terms that are no plain names stand in backticks, such as `log(size)`."
        fault = Fault("restriction", f"{text}, {where}", error.came, error.allowed, hint)
        raise SpecError("the restriction cannot be read", faults=[fault]) from None
    return left if right is None else Binary("-", left, right)


def _unit(size: int, place: int) -> Floats:
    unit = np.zeros(size)
    unit[place] = 1.0
    return unit


def _unknown(text: str, name: str, terms: Sequence[str]) -> SpecError:
    shown = [term if _is_plain(term) else f"`{term}`" for term in terms]
    fault = Fault(
        "restriction", text, f'"{name}"', f"a term: {nearest(name, shown)}", did_you_mean(name, terms)
    )
    return SpecError("the restriction names no such term", faults=[fault])


def _is_plain(term: str) -> bool:
    """Say whether a term's name is read as one name without backticks."""
    first = words_of(term, joined_names=True)[0]
    return first.kind == "name" and first.text == term
