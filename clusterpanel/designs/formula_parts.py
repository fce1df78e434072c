"""Cut a formula into parts, summands and steps, and a summand into regressors, by formulaic's parser.

Formulaic finds tokens and works out products and brackets. It is never asked to evaluate anything: a factor
that is no plain column is read by the closed grammar of `clusterpanel.spec.terms`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any

from clusterpanel.spec.factors import ColumnFactor, Factor, Term
from clusterpanel.spec.terms import REGRESSOR, read_term
from clusterpanel.spec.words import GrammarError, quoted_name, words_of

STEPS = ("sw", "sw0", "csw", "csw0")
SIGNS = "+:*^~|"
NO_CONSTANT = "A pooled design has a constant; with effects it has none."


@dataclass(frozen=True)
class Part:
    """A stretch of a formula.

    Attributes
    ----------
    source : str
        The whole formula.
    tokens : tuple of formulaic's Token
    start, stop : int
        The characters it takes of the source.
    """

    source: str
    tokens: tuple[Any, ...]
    start: int
    stop: int

    @property
    def text(self) -> str:
        """The characters themselves."""
        return self.source[self.start : self.stop].strip()

    def refused(self, allowed: str, hint: str = "", came: str = "") -> GrammarError:
        """Return an error about this part."""
        came = came or (f'"{self.text}"' if self.text else "nothing")
        stretch = self.source[self.start : self.stop]
        start = self.start + (len(stretch) - len(stretch.lstrip()) if self.text else 0)
        return GrammarError(start, start + max(1, len(self.text)), came, allowed, hint)

    def summands(self) -> list["Part"]:
        """Return the parts between the ``+`` that stand in no brackets.

        Raises
        ------
        GrammarError
            One is empty.
        """
        parts = self.cut("+")
        for part in parts:
            if not part.tokens:
                raise part.refused("a term on both sides of +" if len(parts) > 1 else "a term")
        return parts

    def cut(self, sign: str) -> list["Part"]:
        """Return the parts between the signs that stand in no brackets."""
        parts, first, start, depth = [], 0, self.start, 0
        for place, token in enumerate(self.tokens):
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.token, 0)
            if token.token == sign and depth == 0:
                parts.append(Part(self.source, self.tokens[first:place], start, token.source_start))
                first, start = place + 1, token.source_start + 1
        return [*parts, Part(self.source, self.tokens[first:], start, self.stop)]

    def arguments(self, *functions: str) -> tuple[str, list["Part"]] | None:
        """Return the function and its arguments if the part is a call of one of some functions."""
        name, bracket, _ = self.text.partition("(")
        if len(self.tokens) != 1 or not bracket or name not in functions:
            return None
        start = self.tokens[0].source_start + len(name) + 1
        inside = self.source[start : self.tokens[0].source_end]
        commas = [*_commas(inside), len(inside)]
        firsts = [0, *(comma + 1 for comma in commas[:-1])]
        return name, [
            part_of(self.source, start + first, start + stop)
            for first, stop in zip(firsts, commas, strict=True)
        ]


def _commas(text: str) -> Iterator[int]:
    """Yield the places of the commas that stand in no brackets."""
    words = words_of(text)
    depths = accumulate({"(": 1, "[": 1, ")": -1, "]": -1}.get(word.text, 0) for word in words)
    for word, depth in zip(words, depths, strict=True):
        if word.text == "," and word.kind == "sign" and depth == 0:
            yield word.start


def part_of(source: str, start: int, stop: int) -> Part:
    """Return a stretch of a formula, cut into tokens.

    Raises
    ------
    GrammarError
        A bracket or quote is left open, or a sign has no meaning.
    """
    from formulaic.errors import FormulaSyntaxError
    from formulaic.parser.algos.tokenize import tokenize

    try:
        tokens = [_moved(token, start) for token in tokenize(source[start:stop])]
    except FormulaSyntaxError as error:
        place = start + _left_open(source[start:stop])
        raise GrammarError(place, stop, f'"{source[place:stop]}"', "closed brackets and quotes") from error
    single = tuple(one for token in tokens for one in _single_signs(token, source))
    return Part(source, single, start, stop)


def _left_open(text: str) -> int:
    """Return the place of the outermost bracket that is not closed, or of the first closing one too many."""
    opened: list[int] = []
    for place, sign in enumerate(text):
        if sign in "([":
            opened.append(place)
        elif sign in ")]" and not opened:
            return place
        elif sign in ")]":
            opened.pop()
    return opened[0] if opened else 0


def _moved(token: Any, by: int) -> Any:
    return token.copy_with_attrs(source_start=token.source_start + by, source_end=token.source_end + by)


def _single_signs(token: Any, source: str) -> Iterator[Any]:
    """Yield each sign of an operator by itself: formulaic takes ``| -`` for one."""
    if token.kind is not token.Kind.OPERATOR:
        yield token
        return
    text = source[token.source_start : token.source_end + 1].replace("**", "^ ")
    for place, sign in enumerate(text, start=token.source_start):
        if sign in "-/%.!=<>,;" or not (sign in SIGNS or sign.isspace()):
            allowed = "the signs + : * ^ ( ) | ~"
            raise GrammarError(place, place + 1, f'"{sign}"', allowed, NO_CONSTANT if sign == "-" else "")
        if not sign.isspace():
            yield token.copy_with_attrs(token=sign, source_start=place, source_end=place)


def stepped(part: Part) -> list[list[Part]]:
    """Return the summands of each step: one list, or several where the part holds ``sw()`` and its kin.

    ``sw(a, b)`` is a, then b; ``csw(a, b)`` a, then a and b; with a 0 behind it, nothing comes first.
    """
    lists: list[list[Part]] = [[]]
    for summand in part.summands():
        call = summand.arguments(*STEPS)
        choices = [[summand]] if call is None else _steps(*call)
        lists = [[*known, *choice] for known in lists for choice in choices]
    return lists


def _steps(name: str, arguments: Sequence[Part]) -> list[list[Part]]:
    summands = [argument.summands() for argument in arguments]
    for argument in arguments:
        if any(part.arguments(*STEPS) for part in argument.summands()):
            raise argument.refused("terms, with no further steps inside")
    first: list[list[Part]] = [[]] if name.endswith("0") else []
    if name.startswith("c"):
        return first + list(accumulate(summands, lambda known, more: [*known, *more]))
    return first + summands


def terms_of(summand: Part) -> list[Term]:
    """Return the terms of a summand: one, or several where brackets or ``*`` stand for them.

    Raises
    ------
    GrammarError
        The summand is no regressor.
    """
    from formulaic.errors import FormulaParsingError
    from formulaic.parser.algos.tokens_to_ast import tokens_to_ast

    try:
        tree = tokens_to_ast(summand.tokens, _resolver())
        read = [] if tree is None else list(tree.to_terms())
    except FormulaParsingError as error:
        raise summand.refused(REGRESSOR, _words(error)) from None
    return [_term(term, summand) for term in read if not _is_one(term)]


def _words(error: Exception) -> str:
    return str(error).partition("\n")[0].replace("`", '"')


def _is_one(term: Any) -> bool:
    """Say whether a term is the constant, which a formula may name."""
    return len(term.factors) == 1 and term.factors[0].expr == "1"


def _term(term: Any, summand: Part) -> Term:
    factors = [factor for one in term.factors for factor in _factors(one, summand)]
    return Term(tuple(dict.fromkeys(factors)))


def _factors(factor: Any, summand: Part) -> tuple[Factor, ...]:
    if factor.eval_method is factor.EvalMethod.LOOKUP:
        return (ColumnFactor(factor.expr),)
    start = summand.start if factor.token is None else factor.token.source_start
    if factor.eval_method is factor.EvalMethod.LITERAL:
        hint = NO_CONSTANT if factor.expr == "0" else ""
        raise GrammarError(start, start + len(factor.expr), factor.expr, REGRESSOR, hint)
    try:
        return read_term(factor.expr).factors
    except GrammarError as error:
        raise error.moved(start) from None


class _Resolver:
    """Sums, products and powers: all that formulaic's tree builder asks for an operator's meaning."""

    def __init__(self, operators: Iterable[Any]) -> None:
        self._operators: dict[str, list[Any]] = {}
        for one in sorted(operators, key=lambda one: -one.arity):
            self._operators.setdefault(one.symbol, []).append(one)

    def resolve(self, token: Any) -> Iterator[tuple[Any, list[Any]]]:
        """Yield what a sign may mean."""
        if token.token not in self._operators:
            place = token.source_start
            raise GrammarError(place, place + 1, f'"{token.token}"', "the signs + : * ^ ( )")
        yield token, self._operators[token.token]


@cache
def _resolver() -> _Resolver:
    """Return formulaic's sums and products, with ``x^2`` as a power of numbers, which it is not in R."""
    from formulaic.parser import DefaultOperatorResolver
    from formulaic.parser.types import Factor as Found
    from formulaic.parser.types import Operator, OrderedSet
    from formulaic.parser.types import Term as FoundTerm

    def power(bases: Any, exponents: Any) -> Any:
        base, exponent = _only_factor(bases), _only_factor(exponents)
        joined = f"{quoted_name(base.expr)}^{exponent.expr}"
        return OrderedSet([FoundTerm([Found(joined, eval_method="python", token=base.token)])])

    own = Operator("^", arity=2, precedence=500, associativity="right", to_terms=power)
    return _Resolver([one for one in DefaultOperatorResolver().operators if one.symbol in "+:*"] + [own])


def _only_factor(terms: Any) -> Any:
    factors = [factor for term in terms for factor in term.factors]
    if len(factors) == 1 and factors[0].eval_method is not factors[0].EvalMethod.PYTHON:
        return factors[0]
    token = factors[0].token
    hint = "Write products out, as a + b + a:b, and powers of more than a column as I((a + b)^2)."
    raise GrammarError(
        token.source_start, token.source_end + 1, "a power of several terms", "column^number", hint
    )
