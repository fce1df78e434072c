"""Say a design in a notebook, with the same words and checks as in a study's file, or by a formula."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from clusterpanel.designs.formula import Sides, read_formula
from clusterpanel.errors import Fault, SpecError
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.design_rules import FIRM, misfits
from clusterpanel.spec.faults import did_you_mean, listed, shown_value
from clusterpanel.spec.vcov import ALLOWED as ALLOWED_VCOV

SAID_BY_FORMULA = ("outcome", "exposure", "controls", "absorb", "instruments", "endogenous")


def design(formula: str = "", /, *, firm: str = FIRM, **keywords: Any) -> DesignSpec:
    """Return a design, said by keywords or by a formula.

    Parameters
    ----------
    formula : str
        In fixest's words: ``outcome ~ exposure + controls | effects | endogenous ~ instruments``. The first
        regressor is the exposure (the first endogenous one, if any is instrumented). If `firm` is among the
        effects the comparison is within, else if the region is, region, else pooled.
    firm : str
        The panel's firm column.
    **keywords
        The fields of `DesignSpec`: name (default "design"), comparison, outcome, exposure, and optionally
        estimator, region, controls, absorb, instruments, endogenous, weights, offset, components, gaps,
        start, stop, strata, ties, cause, cause_of_interest, frailty, cuts, intervals, vcov, where. Beside a
        formula those it does not say itself.

    Raises
    ------
    SpecError
        A field is unknown, absent or has a value that is not allowed, fields do not go together, or the
        formula cannot be read; all such faults at once.

    Examples
    --------
    >>> said = design("log_wage ~ in_cluster + age | firm_id + year")
    >>> said == design(
    ...     comparison="within", outcome="log_wage", exposure="in_cluster", controls=["age"], absorb=["year"]
    ... )
    True
    """
    if not formula:
        return _checked(keywords, firm)
    made = designs(formula, firm=firm, **keywords)
    if len(made) > 1:
        raise SpecError(
            f"the formula stands for {len(made)} designs", hint="Take designs(formula), which returns all."
        )
    return made[0]


def designs(formula: str, /, *, firm: str = FIRM, **keywords: Any) -> tuple[DesignSpec, ...]:
    """Return every design of a formula with several outcomes, ``c(y1, y2)``, or steps, ``sw(a, b)``.

    Parameters
    ----------
    formula, firm, **keywords
        As in `design`. ``sw(a, b)`` takes a, then b; ``csw(a, b)`` a, then both; ``sw0`` and ``csw0`` neither
        first. Steps may be among the effects, too.

    Returns
    -------
    tuple of DesignSpec
        By outcome, then by step; named ``name_1``, ``name_2`` and so on where there are several.

    Raises
    ------
    SpecError
        As in `design`.

    Examples
    --------
    >>> [one.outcome for one in designs("c(log_wage, log_revenue) ~ in_cluster | year", name="pooled")]
    ['log_wage', 'log_revenue']
    """
    faults = [
        Fault("design", key, shown_value(keywords[key]), "this only without a formula, which says it")
        for key in SAID_BY_FORMULA
        if key in keywords
    ]
    if faults:
        raise SpecError("the design is said twice", faults=faults)
    read = read_formula(formula)
    name = keywords.get("name", "design")
    names = [name] if len(read) == 1 else [f"{name}_{number}" for number in range(1, len(read) + 1)]
    return tuple(
        _checked({**_fields(sides, keywords, firm), "name": own}, firm)
        for sides, own in zip(read, names, strict=True)
    )


def _fields(sides: Sides, keywords: Mapping[str, Any], firm: str) -> dict[str, Any]:
    """Return the fields that one design of a formula and the keywords beside it say."""
    regressors = (*sides.endogenous, *sides.regressors)
    effects = [str(effect) for effect in sides.effects]
    own = {"within": firm, "region": str(keywords.get("region", DesignSpec.model_fields["region"].default))}
    found = next((name for name, effect in own.items() if effect in effects), "pooled")
    comparison = str(keywords.get("comparison", found))
    return {
        "estimator": "iv" if sides.instruments else "ols",
        **keywords,
        "comparison": comparison,
        "outcome": sides.outcome,
        "exposure": str(regressors[0]),
        "controls": tuple(map(str, regressors[1:])),
        "absorb": tuple(effect for effect in effects if effect != own.get(comparison)),
        "instruments": tuple(map(str, sides.instruments)),
        "endogenous": tuple(map(str, sides.endogenous)) if len(sides.endogenous) > 1 else (),
    }


def _checked(keywords: Mapping[str, Any], firm: str) -> DesignSpec:
    try:
        made = DesignSpec(**{"name": "design", **keywords})
    except ValidationError as error:
        faults = [_fault(dict(item)) for item in error.errors()]
        raise SpecError("the design cannot be read", faults=faults) from None
    faults = [
        Fault("design", _where(misfit.place), misfit.came, misfit.allowed, misfit.hint)
        for misfit in misfits(made, firm)
    ]
    if faults:
        raise SpecError("the design asks for what cannot be had", faults=faults)
    return made


def _where(place: tuple[str | int, ...]) -> str:
    return ".".join(str(key + 1 if isinstance(key, int) else key) for key in place)


def _fault(item: dict[str, Any]) -> Fault:
    place = tuple(
        key for before, key in zip(("", *item["loc"]), item["loc"], strict=False) if before != "vcov"
    )
    where = _where(place)
    fields = DesignSpec.model_fields
    if item["type"] == "extra_forbidden":
        known = listed(fields) if len(place) == 1 else "the fields of this table"
        return Fault("design", where, "an unknown field", known, did_you_mean(where, fields))
    if item["type"] == "missing":
        return Fault("design", where, "nothing", "a value; this field is required")
    allowed = ALLOWED_VCOV if place == ("vcov",) else str(item["msg"])
    return Fault("design", where, shown_value(item["input"]), allowed)
