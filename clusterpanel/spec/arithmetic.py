"""Read arithmetic such as ``log(x) / (1 + y)^2``: a closed grammar that runs no code."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from clusterpanel.spec.words import GrammarError, Reader, Word, quoted_name

FUNCTIONS = ("log", "exp", "sqrt")
DEEPEST = 40
OPERAND = f"a name, a number, brackets or one of {', '.join(f'{name}()' for name in FUNCTIONS)}"


@dataclass(frozen=True)
class Number:
    """A number as it was written."""

    text: str


@dataclass(frozen=True)
class Name:
    """A column, or a coefficient."""

    text: str


@dataclass(frozen=True)
class Call:
    """One of `FUNCTIONS` of an expression."""

    function: str
    argument: "Expression"


@dataclass(frozen=True)
class Negative:
    """An expression with the other sign."""

    argument: "Expression"


@dataclass(frozen=True)
class Binary:
    """Two expressions joined by ``+``, ``-``, ``*``, ``/`` or ``^``."""

    sign: str
    left: "Expression"
    right: "Expression"


Expression = Number | Name | Call | Negative | Binary

BINDS = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}
NEGATIVE_BINDS = 3
"""A minus before a power: ``-x^2`` is ``-(x^2)``, as in mathematics, R and Python."""


def read_expression(reader: Reader, depth: int = 0, binds: int = 0) -> Expression:
    """Return the expression that comes next, as long as its signs bind more than `binds`.

    Raises
    ------
    GrammarError
        Something else than arithmetic comes, or brackets are nested too deep.
    """
    if depth > DEEPEST:
        word = reader.next
        raise GrammarError(word.start, word.stop, "more brackets", f"brackets at most {DEEPEST} deep")
    left = _operand(reader, depth)
    while reader.next.kind == "sign" and BINDS.get(reader.next.text, 0) > binds:
        sign = reader.take().text
        own = BINDS[sign]
        left = Binary(sign, left, read_expression(reader, depth + 1, own - 1 if sign == "^" else own))
    return left


def _operand(reader: Reader, depth: int) -> Expression:
    if reader.take_sign("-"):
        return Negative(read_expression(reader, depth + 1, NEGATIVE_BINDS))
    if reader.take_sign("("):
        return _closed(reader, depth)
    if reader.next.kind == "number":
        return Number(reader.take().text)
    name = reader.want_name(OPERAND)
    if not reader.take_sign("("):
        return Name(name.text)
    return Call(known_function(name), _closed(reader, depth))


def _closed(reader: Reader, depth: int) -> Expression:
    inner = read_expression(reader, depth + 1)
    reader.want_sign(")")
    return inner


def known_function(name: Word) -> str:
    """Return a function's name.

    Raises
    ------
    GrammarError
        It is none of `FUNCTIONS`.
    """
    if name.text not in FUNCTIONS:
        raise GrammarError(name.start, name.stop, f'"{name.text}()"', f"the functions {', '.join(FUNCTIONS)}")
    return name.text


def names_in(expression: Expression) -> Iterator[str]:
    """Yield the names of an expression, in order, each as often as it is there."""
    match expression:
        case Name(text):
            yield text
        case Call(_, argument) | Negative(argument):
            yield from names_in(argument)
        case Binary(_, left, right):
            yield from names_in(left)
            yield from names_in(right)


def written(expression: Expression, binds: int = 0) -> str:
    """Return an expression as text that reads as the same expression."""
    match expression:
        case Number(text):
            return text
        case Name(text):
            return quoted_name(text)
        case Call(function, argument):
            return f"{function}({written(argument)})"
        case Negative(argument):
            text, own = f"-{written(argument, NEGATIVE_BINDS)}", NEGATIVE_BINDS
        case Binary(sign, left, right):
            own = BINDS[sign]
            is_power = sign == "^"
            joint = f" {sign} " if sign in "+-" else sign
            text = f"{written(left, own + is_power)}{joint}{written(right, own + (not is_power))}"
    return f"({text})" if own < binds else text


def value_of(
    expression: Expression,
    numbers: Callable[[float], Any],
    names: Callable[[str], Any],
    functions: Callable[[str, Any], Any],
) -> Any:
    """Return an expression's value, in whatever kind of number the three callables give.

    Parameters
    ----------
    expression : Expression
    numbers : callable
        The value of a number: itself, a dual number, a linear form.
    names : callable
        The value of a name.
    functions : callable
        The value of one of `FUNCTIONS` at a value.
    """
    match expression:
        case Number(text):
            return numbers(float(text))
        case Name(text):
            return names(text)
        case Call(function, argument):
            return functions(function, value_of(argument, numbers, names, functions))
        case Negative(argument):
            return -value_of(argument, numbers, names, functions)
        case Binary(sign, left, right):
            one = value_of(left, numbers, names, functions)
            other = value_of(right, numbers, names, functions)
            return _joined(sign, one, other)


def _joined(sign: str, one: Any, other: Any) -> Any:
    match sign:
        case "+":
            return one + other
        case "-":
            return one - other
        case "*":
            return one * other
        case "/":
            return one / other
    return one**other
