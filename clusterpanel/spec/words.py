"""Cut a term, an effect or a restriction into words, each with its place."""

import re
from dataclasses import dataclass
from typing import Literal, NoReturn

Kind = Literal["name", "number", "text", "sign", "end"]

WORD = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | `(?P<quoted>[^`]+)`
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<name>[^\W\d][\w.]*(?:::-?[\w.]+|:[^\W\d][\w.]*)*)
    | (?P<sign>\*\*|.)
    """,
    re.VERBOSE | re.DOTALL,
)
PLAIN_NAME = re.compile(r"[^\W\d][\w.]*")


@dataclass(frozen=True)
class Word:
    """A word of a grammar.

    Attributes
    ----------
    kind : {"name", "number", "text", "sign", "end"}
        Text stands in quotes; a name may stand in backticks.
    text : str
        Without quotes or backticks; ``**`` is told as ``^``.
    start, stop : int
        The characters of the source it takes.
    """

    kind: Kind
    text: str
    start: int
    stop: int


class GrammarError(ValueError):
    """A text that the grammar does not know.

    Attributes
    ----------
    start, stop : int
        The characters that are at fault.
    came, allowed, hint : str
        As in `clusterpanel.errors.Fault`.
    """

    def __init__(self, start: int, stop: int, came: str, allowed: str, hint: str = "") -> None:
        super().__init__(f"character {start + 1}: came {came}; allowed: {allowed}")
        self.start, self.stop, self.came, self.allowed, self.hint = start, stop, came, allowed, hint

    def moved(self, by: int) -> "GrammarError":
        """Return the error as it stands in a longer text."""
        return GrammarError(self.start + by, self.stop + by, self.came, self.allowed, self.hint)


def words_of(text: str, *, joined_names: bool = False) -> list[Word]:
    """Return the words of a text, the last one its end.

    Parameters
    ----------
    text : str
    joined_names : bool
        Whether ``year::2009:exposed`` is one name, as it is among coefficients, or three with signs between.
    """
    words: list[Word] = []
    position = 0
    while position < len(text):
        found = WORD.match(text, position)
        if found is None or found.lastgroup is None:
            break
        kind, word, stop = found.lastgroup, found[found.lastgroup], found.end()
        if kind == "name" and not joined_names:
            word = word.split(":")[0]
            stop = position + len(word)
        if kind != "space":
            words.append(_word(kind, word, position, stop))
        position = stop
    return [*words, Word("end", "", len(text), len(text))]


def _word(kind: str, text: str, start: int, stop: int) -> Word:
    if kind == "quoted":
        return Word("name", text, start, stop)
    if kind == "text":
        return Word("text", text[1:-1], start, stop)
    if kind == "sign":
        return Word("sign", "^" if text == "**" else text, start, stop)
    return Word("name" if kind == "name" else "number", text, start, stop)


def quoted_name(name: str) -> str:
    """Return a column's name as a term writes it: in backticks unless it is plain."""
    return name if PLAIN_NAME.fullmatch(name) else f"`{name}`"


class Reader:
    """The words of a text, read one after the other."""

    def __init__(self, words: list[Word]) -> None:
        self._words = words
        self._place = 0

    @property
    def next(self) -> Word:
        """The word that comes next."""
        return self._words[self._place]

    def take(self) -> Word:
        """Return the next word and go on behind it."""
        word = self.next
        self._place = min(self._place + 1, len(self._words) - 1)
        return word

    def take_sign(self, *signs: str) -> Word | None:
        """Return the next word and go on behind it if it is one of some signs."""
        return self.take() if self.next.kind == "sign" and self.next.text in signs else None

    def want_sign(self, sign: str) -> Word:
        """Return the sign that must come next.

        Raises
        ------
        GrammarError
        """
        return self.take_sign(sign) or self.refuse(f'"{sign}"')

    def want_name(self, allowed: str) -> Word:
        """Return the name that must come next.

        Raises
        ------
        GrammarError
        """
        return self.take() if self.next.kind == "name" else self.refuse(allowed)

    def want_end(self, allowed: str) -> None:
        """Refuse what comes behind the end.

        Raises
        ------
        GrammarError
        """
        if self.next.kind != "end":
            self.refuse(allowed)

    def refuse(self, allowed: str, hint: str = "") -> NoReturn:
        """Refuse the next word.

        Raises
        ------
        GrammarError
            Always.
        """
        word = self.next
        came = "the end" if word.kind == "end" else f'"{word.text}"'
        raise GrammarError(word.start, word.stop, came, allowed, hint)
