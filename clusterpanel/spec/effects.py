"""Read an absorbed effect: ``year``, ``region_code^year``, ``firm_id[year]`` or ``firm_id[[year]]``."""

from collections.abc import Iterable
from dataclasses import dataclass

from clusterpanel.spec.words import GrammarError, Reader, Word, quoted_name, words_of

JOIN = "^"
EFFECT = "a column, columns joined by ^, or either with slopes: a[x] (effect and slope), a[[x]] (slope only)"


@dataclass(frozen=True)
class Effect:
    """The effects of a column's levels, or of the levels of several columns together.

    Attributes
    ----------
    columns : tuple of str
        Joined by ``^``.
    slopes : tuple of str
        Columns that get a slope of each level's own.
    has_intercept : bool
        Whether each level has an effect beside its slopes.
    """

    columns: tuple[str, ...]
    slopes: tuple[str, ...] = ()
    has_intercept: bool = True

    def __str__(self) -> str:
        left, right = ("[", "]") if self.has_intercept else ("[[", "]]")
        slopes = f"{left}{', '.join(map(quoted_name, self.slopes))}{right}" if self.slopes else ""
        return f"{self.levels_name}{slopes}"

    @property
    def levels_name(self) -> str:
        """The effect without its slopes."""
        return JOIN.join(map(quoted_name, self.columns))

    @property
    def key(self) -> tuple[frozenset[str], frozenset[str], bool]:
        """What it is, whatever the order of its columns: region_code^year is year^region_code."""
        return frozenset(self.columns), frozenset(self.slopes), self.has_intercept


def read_effect(text: str) -> Effect:
    """Return the effect a text stands for.

    Raises
    ------
    GrammarError
        The text is no effect; the error says where and what is allowed.
    """
    reader = Reader(words_of(text))
    columns = [reader.want_name(EFFECT)]
    while reader.take_sign(JOIN):
        columns.append(reader.want_name(EFFECT))
    slopes: list[Word] = []
    has_intercept = True
    if reader.take_sign("["):
        has_intercept = reader.take_sign("[") is None
        slopes = _read_slopes(reader, "]" if has_intercept else "]]")
    reader.want_end(f'"{JOIN}", "[" or the end')
    for words in (columns, slopes):
        _refuse_twice(words)
    return Effect(_texts(columns), _texts(slopes), has_intercept)


def _read_slopes(reader: Reader, closing: str) -> list[Word]:
    slopes = [reader.want_name("a column whose slope is meant")]
    while reader.take_sign(","):
        slopes.append(reader.want_name("a column whose slope is meant"))
    for sign in closing:
        reader.want_sign(sign)
    return slopes


def _refuse_twice(words: list[Word]) -> None:
    for place, word in enumerate(words):
        if word.text in {other.text for other in words[:place]}:
            raise GrammarError(word.start, word.stop, f'"{word.text}" again', "each column once")


def _texts(words: Iterable[Word]) -> tuple[str, ...]:
    return tuple(word.text for word in words)


def canonical_effect(text: str) -> str:
    """Return an effect as this package writes it; a text that is none, as it came."""
    try:
        return str(read_effect(text))
    except GrammarError:
        return text
