"""Read a formula in fixest's words: ``log_wage ~ in_cluster + age | firm_id + region_code^year``.

Formulaic cuts the formula into tokens and works out its sums, products and brackets. Nothing is evaluated:
factors are read by the closed grammar of `clusterpanel.spec.terms`, effects by `clusterpanel.spec.effects`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from clusterpanel.designs.formula_parts import Part, part_of, stepped, terms_of
from clusterpanel.errors import Fault, SpecError
from clusterpanel.spec.effects import Effect, read_effect
from clusterpanel.spec.factors import ColumnFactor, Term
from clusterpanel.spec.words import GrammarError

SHAPE = "outcome ~ exposure + controls | effects | endogenous ~ instruments"


@dataclass(frozen=True)
class Sides:
    """What one design of a formula is made of.

    Attributes
    ----------
    outcome : str
    regressors : tuple of Term
        Those that are not instrumented.
    effects : tuple of Effect
    endogenous, instruments : tuple of Term
    """

    outcome: str
    regressors: tuple[Term, ...]
    effects: tuple[Effect, ...]
    endogenous: tuple[Term, ...]
    instruments: tuple[Term, ...]


@dataclass(frozen=True)
class _Roles:
    """The parts of a formula between its signs, by what they hold."""

    outcomes: Part
    regressors: Part
    effects: Part | None
    endogenous: Part | None
    instruments: Part | None


def read_formula(formula: str) -> tuple[Sides, ...]:
    """Return the designs a formula stands for, by outcome, then stepwise regressors, then stepwise effects.

    Raises
    ------
    SpecError
        The formula is none, or holds a term that is not known; the message points at the place.
    """
    try:
        return tuple(_read(_roles(part_of(formula, 0, len(formula)))))
    except GrammarError as error:
        raise formula_error(formula, error) from None


def _read(roles: _Roles) -> Iterator[Sides]:
    call = roles.outcomes.arguments("c")
    outcomes = [_outcome(part) for part in (call[1] if call else [roles.outcomes])]
    regressors = [_terms(summands) for summands in stepped(roles.regressors)]
    effects = [_effects(summands) for summands in stepped(roles.effects)] if roles.effects else [()]
    endogenous, instruments = (
        _terms(part.summands()) if part else () for part in (roles.endogenous, roles.instruments)
    )
    for outcome, chosen, absorbed in product(outcomes, regressors, effects):
        if not chosen and not endogenous:
            raise roles.regressors.refused("the exposure first, as in y ~ exposure + x", came="no regressor")
        yield Sides(outcome, chosen, absorbed, endogenous, instruments)


def _roles(whole: Part) -> _Roles:
    """Cut a formula at its ``|`` and ``~``."""
    first, *others = (section.cut("~") for section in whole.cut("|"))
    if len(first) != 2:
        raise whole.refused(SHAPE, came=f"{len(first) - 1} signs ~ before |" if len(first) != 1 else "no ~")
    stage = others.pop() if others and len(others[-1]) == 2 else [None, None]
    if len(others) > 1 or any(len(section) > 1 for section in others):
        raise whole.refused(SHAPE, came="parts in another order")
    return _Roles(first[0], first[1], others[0][0] if others else None, stage[0], stage[1])


def _outcome(part: Part) -> str:
    terms = terms_of(part) if part.tokens else []
    if len(terms) == 1 and all(isinstance(factor, ColumnFactor) for factor in terms[0].factors):
        return terms[0].columns[0]
    hint = "Make other outcomes columns of the panel: [panel] logs gives log_ columns."
    raise part.refused("a column as outcome, or several: c(column, column)", hint)


def _terms(summands: Sequence[Part]) -> tuple[Term, ...]:
    """Return the terms of some summands, each once, where it stands first."""
    terms: dict[frozenset[str], Term] = {}
    for summand in summands:
        for term in terms_of(summand):
            terms.setdefault(term.key, term)
    return tuple(terms.values())


def _effects(summands: Sequence[Part]) -> tuple[Effect, ...]:
    """Return the effects of some summands, each once; ``0`` and ``1`` stand for none."""
    effects: dict[object, Effect] = {}
    for part in summands:
        if part.text not in {"0", "1"}:
            effect = _effect(part)
            effects.setdefault(effect.key, effect)
    return tuple(effects.values())


def _effect(part: Part) -> Effect:
    start = part.tokens[0].source_start
    try:
        return read_effect(part.text)
    except GrammarError as error:
        raise error.moved(start) from None


def formula_error(formula: str, error: GrammarError) -> SpecError:
    """Return an error that shows a formula with its fault underlined."""
    under = " " * error.start + "^" * max(1, error.stop - error.start)
    fault = Fault("formula", f"character {error.start + 1}", error.came, error.allowed, error.hint)
    return SpecError(f"the formula cannot be read:\n    {formula}\n    {under}", faults=[fault])
