"""Read a spline of a column, in R's words: ``bs(age, knots=c(2, 5, 10), degree=3)``."""

from collections.abc import Sequence

from clusterpanel.spec.factors import SplineFactor
from clusterpanel.spec.words import GrammarError, Reader, Word

WANTED = "bs(column, knots=c(2, 5, 10)), and degree=1, 2 or 3"
DEGREES = ("1", "2", "3")
CUBIC = 3


def read_spline(reader: Reader, name: Word) -> SplineFactor:
    """Return the spline whose bracket is open.

    Raises
    ------
    GrammarError
        No knots, knots that do not ascend, or another degree.
    """
    column = reader.want_name("the column that is bent").text
    knots: tuple[float, ...] = ()
    degree = CUBIC
    while reader.take_sign(","):
        key = reader.want_name("knots=c(...) or degree=")
        reader.want_sign("=")
        if key.text == "knots":
            knots = _read_knots(reader)
        elif key.text == "degree" and reader.next.text in DEGREES:
            degree = int(reader.take().text)
        else:
            raise GrammarError(key.start, key.stop, f"{key.text}={reader.next.text}", WANTED)
    if not knots or not _ascend(knots):
        came = "no knots" if not knots else "knots that do not ascend"
        raise GrammarError(name.start, name.stop, came, WANTED, "Knots are where the curve may bend.")
    return SplineFactor(column, knots, degree)


def _read_knots(reader: Reader) -> tuple[float, ...]:
    is_several = reader.next.kind == "name" and reader.next.text == "c"
    if not is_several:
        return (_read_number(reader),)
    reader.take()
    reader.want_sign("(")
    knots = [_read_number(reader)]
    while reader.take_sign(","):
        knots.append(_read_number(reader))
    reader.want_sign(")")
    return tuple(knots)


def _read_number(reader: Reader) -> float:
    sign = -1.0 if reader.take_sign("-") else 1.0
    if reader.next.kind != "number":
        reader.refuse("a number, or several: c(2, 5, 10)")
    return sign * float(reader.take().text)


def _ascend(knots: Sequence[float]) -> bool:
    return all(knots[place] < knots[place + 1] for place in range(len(knots) - 1))
