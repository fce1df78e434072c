"""Numbers as people read them: three significant digits, thousands separated, a true minus sign."""

from decimal import ROUND_HALF_EVEN, Decimal
from math import floor, isfinite, log10
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
    """Return how many decimals (at least one) show a standard error of this size."""
    return max(1, -floor(log10(spread))) if isfinite(spread) and spread > 0 else 1


def _number(value: SupportsFloat | None) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if isfinite(number) else None
