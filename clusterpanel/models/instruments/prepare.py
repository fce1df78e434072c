"""Absorb the effects of a sample with instruments and find which columns hold something of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.absorb import CONSTANT, Absorbed, absorb_sample
from clusterpanel.models.arrays import Floats, ModelSource
from clusterpanel.models.collinear import Collinear, find_collinear
from clusterpanel.models.instruments.parts import Parts, check_identified, check_names
from clusterpanel.models.projection import centred


@dataclass(frozen=True)
class Prepared:
    """A sample with instruments, effects taken out.

    Attributes
    ----------
    source : ModelSource
        With all columns, dropped ones too.
    parts : Parts
        `Parts.rest` and `Parts.columns` are those of all columns.
    absorbed : Absorbed
    centre, totals : float array, shape (columns,)
        Weighted means, and sums of squares about them.
    """

    source: ModelSource
    parts: Parts
    absorbed: Absorbed
    centre: Floats
    totals: Floats

    @property
    def has_constant(self) -> bool:
        """Whether the regressors end with a constant, all other columns being centred."""
        return self.source.names[-1:] == (CONSTANT,)


def prepare(
    source: ModelSource, endogenous: Sequence[str], instruments: Sequence[str], threads: int = 1
) -> Prepared:
    """Absorb the effects, drop collinear exogenous regressors and instruments, and check what is left.

    Parameters
    ----------
    source : ModelSource
        One outcome, then regressors and excluded instruments in any order.
    endogenous, instruments : sequence of str
        Their names; all other columns are exogenous regressors.
    threads : int

    Raises
    ------
    SpecError
        Names are not in the sample, or there are several outcomes, or effects have too many levels.
    NotIdentifiedError
        An endogenous regressor is collinear, or the instruments do not identify all of them.
    """
    if source.outcomes != 1:
        raise SpecError(
            f"instruments go with one outcome; the sample has {source.outcomes}", hint="Fit each by itself."
        )
    check_names(source.names, endogenous, instruments)
    prepared = absorb_parts(source, endogenous, instruments, threads)
    check_identified(prepared.parts)
    return prepared


def absorb_parts(
    source: ModelSource, endogenous: Sequence[str], instruments: Sequence[str], threads: int = 1
) -> Prepared:
    """Absorb the effects and drop collinear columns, whatever part they play.

    Exogenous regressors go before instruments, and earlier columns before later ones.

    Raises
    ------
    NotIdentifiedError
        An endogenous regressor is collinear with effects, exogenous or other endogenous regressors.
    """
    sample = absorb_sample(source, threads)
    if source.names[-1:] == (CONSTANT,):
        sample = centred(sample, source.total_weight)
    absorbed, centre, totals = sample
    exogenous = [name for name in source.names if name not in {*endogenous, *instruments}]
    collinear = _collinear(source, absorbed, totals, [*exogenous, *instruments])
    dropped = {item.name for item in collinear}
    held = [name for name in exogenous if name not in dropped]
    faulty = [
        item for item in _collinear(source, absorbed, totals, [*held, *endogenous]) if item.name in endogenous
    ]
    if faulty:
        told = "; ".join(f"{item.name}: {item.reason}" for item in faulty)
        raise NotIdentifiedError(
            f"the effect of {', '.join(item.name for item in faulty)} is not identified: {told}",
            hint="Absorb fewer effects, or choose a comparison in which the endogenous regressors vary.",
        )
    parts = Parts(
        columns=("the outcome", *source.names),
        endogenous=tuple(endogenous),
        exogenous=tuple(held),
        instruments=tuple(name for name in instruments if name not in dropped),
        rest=absorbed.rest,
        collinear=collinear,
    )
    return Prepared(source, parts, absorbed, centre, totals)


def _collinear(
    source: ModelSource, absorbed: Absorbed, totals: Floats, names: Sequence[str]
) -> tuple[Collinear, ...]:
    """Return which of some columns are collinear with effects or earlier ones of them."""
    places = np.array([0, *(1 + source.names.index(name) for name in names)])
    firm = source.firm_name if source.absorbs_firm else None
    return find_collinear(names, totals[places], absorbed.only(places), source.effect_names, firm)
