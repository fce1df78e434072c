"""Read a regressor: a column, an interaction, arithmetic of columns, or several columns made of one.

The words are fixest's: ``age:exposed``, ``age*exposed``, ``age^2``, ``I(wage/hours)``, ``log(size)`` and
``i(year, exposed, ref=2008)``; R's ``bs(age, knots=c(2, 5, 10))`` is a spline. The grammar is closed: nothing
is run, and what it does not know is refused.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import combinations

from clusterpanel.spec.arithmetic import (
    FUNCTIONS,
    Binary,
    Call,
    Expression,
    Name,
    Number,
    names_in,
    read_expression,
    written,
)
from clusterpanel.spec.factors import Calculation, ColumnFactor, Factor, LevelFactor, Term
from clusterpanel.spec.splines import read_spline
from clusterpanel.spec.words import GrammarError, Reader, Word, words_of

REGRESSOR = (
    "a column, a:b, a*b, a^2, I(arithmetic), "
    f"{', '.join(f'{name}(x)' for name in FUNCTIONS)} bs(x, knots=c(2, 5)) or i(column, other, ref=level)"
)
LONGEST = 500
MOST_FACTORS = 4
ELSEWHERE = {
    ("lag", "l", "d", "diff"): "Name the column in [panel] lags and take its lag_ column.",
    ("sw", "sw0", "csw", "csw0"): "Steps stand by themselves in the sum of a formula given to designs().",
    ("c", "factor", "as", "C"): "A column for each level is i(column).",
}


@cache
def read_terms(text: str) -> tuple[Term, ...]:
    """Return the terms a text stands for: one, or with ``a*b`` three: a, b and a:b.

    Raises
    ------
    GrammarError
        The text is no regressor; the error says where and what is allowed.
    """
    return tuple(expanded(_crossed(text)))


def _crossed(text: str) -> list[tuple[Factor, ...]]:
    if len(text) > LONGEST:
        raise GrammarError(0, len(text), f"{len(text):,} characters", f"at most {LONGEST}")
    reader = Reader(words_of(text))
    crossed = [_read_product(reader)]
    while reader.take_sign("*"):
        crossed.append(_read_product(reader))
    reader.want_end('":", "*" or the end')
    if (factors := sum(map(len, crossed))) > MOST_FACTORS:
        raise GrammarError(0, len(text), f"{factors} factors", f"at most {MOST_FACTORS}")
    return crossed


def expanded(crossed: Sequence[tuple[Factor, ...]]) -> Iterator[Term]:
    """Yield each product by itself, then each pair of them, and so on, as ``a*b*c`` means."""
    for size in range(1, len(crossed) + 1):
        for chosen in combinations(crossed, size):
            yield Term(tuple(dict.fromkeys(factor for factors in chosen for factor in factors)))


def read_term(text: str) -> Term:
    """Return the one term a text stands for.

    Raises
    ------
    GrammarError
        The text is no regressor, or stands for several terms.
    """
    terms = read_terms(text)
    if len(terms) > 1:
        hint = f"It stands for {', '.join(map(str, terms))}: take one, and the others as controls."
        raise GrammarError(0, len(text), f"{len(terms)} regressors", "one regressor", hint)
    return terms[0]


def all_terms(texts: Iterable[str]) -> tuple[Term, ...]:
    """Return the terms that several texts stand for, each once.

    Raises
    ------
    GrammarError
    """
    terms: dict[frozenset[str], Term] = {}
    for text in texts:
        for term in read_terms(text):
            terms.setdefault(term.key, term)
    return tuple(terms.values())


def canonical_term(text: str) -> str:
    """Return a regressor as this package writes it; a text that is none, as it came."""
    try:
        return "*".join(str(Term(factors)) for factors in _crossed(text))
    except GrammarError:
        return text


def _read_product(reader: Reader) -> tuple[Factor, ...]:
    factors = [_read_factor(reader)]
    while reader.take_sign(":"):
        factors.append(_read_factor(reader))
    return tuple(dict.fromkeys(factors))


def _read_factor(reader: Reader) -> Factor:
    name = reader.want_name(REGRESSOR)
    if reader.take_sign("("):
        factor = _read_call(reader, name)
        reader.want_sign(")")
        return factor
    if not reader.take_sign("^"):
        return ColumnFactor(name.text)
    power = reader.take() if reader.next.kind == "number" else reader.refuse("a number", "Such as age^2.")
    return Calculation(Binary("^", Name(name.text), Number(power.text)), is_function=False)


def _read_call(reader: Reader, name: Word) -> Factor:
    if name.text == "i":
        return _read_levels(reader)
    if name.text == "bs":
        return read_spline(reader, name)
    if name.text == "I":
        return _calculation(read_expression(reader), name)
    if name.text in FUNCTIONS:
        return _calculation(Call(name.text, read_expression(reader)), name, is_function=True)
    hint = next((hint for names, hint in ELSEWHERE.items() if name.text in names), "")
    raise GrammarError(name.start, name.stop, f'"{name.text}()"', REGRESSOR, hint)


def _calculation(expression: Expression, name: Word, is_function: bool = False) -> Factor:
    if isinstance(expression, Name):
        return ColumnFactor(expression.text)
    if not list(names_in(expression)):
        allowed = "arithmetic of at least one column"
        raise GrammarError(name.start, name.stop, f"{written(expression)}, which is constant", allowed)
    return Calculation(expression, is_function)


def _read_levels(reader: Reader) -> LevelFactor:
    column = reader.want_name("the column whose levels are meant").text
    by: str | None = None
    references: tuple[str, ...] = ()
    while reader.take_sign(","):
        word = reader.want_name("a column, or ref=level")
        if reader.take_sign("="):
            references = _read_references(reader, word)
        elif by is None and not references:
            by = word.text
        else:
            came = f'"{word.text}"'
            raise GrammarError(
                word.start, word.stop, came, "i(column, other, ref=level): two columns, then ref"
            )
    return LevelFactor(column, by, references)


def _read_references(reader: Reader, key: Word) -> tuple[str, ...]:
    if key.text != "ref":
        hint = "Keep or join levels by making a column of the panel."
        raise GrammarError(key.start, key.stop, f'"{key.text}="', '"ref="', hint)
    is_several = reader.next.kind == "name" and reader.next.text == "c"
    if not is_several:
        return (_read_level(reader),)
    reader.take()
    reader.want_sign("(")
    levels = [_read_level(reader)]
    while reader.take_sign(","):
        levels.append(_read_level(reader))
    reader.want_sign(")")
    return tuple(dict.fromkeys(levels))


def _read_level(reader: Reader) -> str:
    sign = "-" if reader.take_sign("-") else ""
    is_level = reader.next.kind == "number" or (not sign and reader.next.kind in {"name", "text"})
    if not is_level:
        reader.refuse('a level, such as 2008, -1 or "SE", or several: c(2008, 2009)')
    return sign + reader.take().text
