"""Numbers as people read them: as many digits as their error allows, thousands separated, a true minus."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from math import floor, isfinite, isinf, log10
from typing import SupportsFloat

MISSING = "–"
SMALLEST_PLAIN = -4
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def significant(value: SupportsFloat | None, digits: int = 3) -> str:
    """Return a number with `digits` significant digits; whole digits are never rounded away.

    Examples
    --------
    >>> significant(0.070249), significant(-12345.6), significant(None)
    ('0.0702', '−12,346', '–')
    """
    number = _number(value)
    if number is None:
        return MISSING
    if number == 0:
        return "0"
    exponent = int(f"{number:.{digits - 1}e}".partition("e")[2])
    if exponent < SMALLEST_PLAIN:
        mantissa = fixed(number / 10.0**exponent, digits - 1)
        return f"{mantissa} × 10{str(exponent).translate(SUPERSCRIPTS)}"
    return fixed(number, max(0, digits - 1 - exponent))


def fixed(value: SupportsFloat | None, decimals: int) -> str:
    """Return a number with a fixed number of decimals; one that rounds to nothing carries no sign."""
    number = _number(value)
    if number is None:
        return MISSING
    rounded = Decimal(repr(number)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
    return f"{abs(rounded) if rounded == 0 else rounded:,.{decimals}f}".replace("-", "−")


def whole(value: SupportsFloat | None) -> str:
    """Return a count with thousands separators."""
    return fixed(value, 0)


def percent(share: SupportsFloat | None, decimals: int = 1) -> str:
    """Return a share of one as a percentage."""
    number = _number(share)
    return MISSING if number is None else f"{fixed(100 * number, decimals)} %"


def p_value(value: SupportsFloat | None) -> str:
    """Return a p-value with three decimals, or that it is below the last of them."""
    number = _number(value)
    if number is None:
        return MISSING
    return "<0.001" if number < 0.001 else fixed(number, 3)


def decimals_for(spread: float) -> int:
    """Return how many decimals show two digits of a standard error of this size."""
    return max(0, 1 - floor(log10(spread)))


def beside(value: SupportsFloat | None, spread: float) -> str:
    """Return a number with the decimals that its standard error allows.

    Examples
    --------
    >>> beside(0.52714, 0.22634), beside(1234.5, 310.2)
    ('0.53', '1,234')
    """
    is_plain = isfinite(spread) and spread >= 10.0**SMALLEST_PLAIN
    return fixed(value, decimals_for(spread)) if is_plain else significant(value)


def span(low: SupportsFloat | None, high: SupportsFloat | None, spread: float) -> str:
    """Return an interval with the decimals that the standard error allows; an end may be infinite.

    Examples
    --------
    >>> span(0.1, 0.4, 0.1), span(float("-inf"), 0.4, 0.1)
    ('0.10 to 0.40', '−∞ to 0.40')
    """
    return f"{_end(low, spread)} to {_end(high, spread)}"


def _end(value: SupportsFloat | None, spread: float) -> str:
    if value is not None and isinf(float(value)):
        return "∞" if float(value) > 0 else "−∞"
    return beside(value, spread)


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, as one row or 2 rows."""
    return f"{whole(count)} {noun if count == 1 else f'{noun}s'}"


def listed(texts: Sequence[str], last: str = "and") -> str:
    """Return texts as a list in a sentence: a, b and c."""
    return f" {last} ".join(part for part in (", ".join(texts[:-1]), *texts[-1:]) if part)


def _number(value: SupportsFloat | None) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if isfinite(number) else None
