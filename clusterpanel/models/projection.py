"""What is left to regress once effects and collinear regressors are gone."""

from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.absorb import CONSTANT, Absorbed, AbsorbedSample, absorb_sample
from clusterpanel.models.arrays import Floats, ModelSource
from clusterpanel.models.collinear import Collinear, find_collinear


@dataclass(frozen=True)
class Projection:
    """The moments of a sample once effects and collinear regressors are gone.

    Attributes
    ----------
    source : ModelSource
        The sample, collinear regressors dropped.
    centre, totals : float array, shape (outcomes + regressors,)
        Weighted means, and sums of squares about them.
    absorbed : Absorbed
    collinear : tuple of Collinear
    """

    source: ModelSource
    centre: Floats
    totals: Floats
    absorbed: Absorbed
    collinear: tuple[Collinear, ...]

    @property
    def point(self) -> Floats:
        """What to take off the columns before the slopes and coefficients apply; shape as `centre`."""
        is_made_up_for = self.source.absorbs_firm or self.source.names[-1:] == (CONSTANT,)
        return self.centre if is_made_up_for else self.absorbed.point


def project(source: ModelSource, threads: int = 1, sample: AbsorbedSample | None = None) -> Projection:
    """Absorb the effects and drop the regressors that say nothing of their own.

    Parameters
    ----------
    source : ModelSource
    threads : int
    sample : AbsorbedSample or None
        The source's columns with the effects taken out, if that is done already.

    Raises
    ------
    NotIdentifiedError
        The first regressor, the exposure, is one of them.
    SpecError
        The effects have too many levels.
    """
    sample, outcomes = sample or absorb_sample(source, threads), source.outcomes
    if source.names[-1:] == (CONSTANT,):
        sample = centred(sample, source.total_weight)
    absorbed, centre, totals = sample
    firm = source.firm_name if source.absorbs_firm else None
    collinear = find_collinear(source.names, totals, absorbed, source.effect_names, firm)
    dropped = {item.name: item.reason for item in collinear}
    if source.names[0] in dropped:
        raise NotIdentifiedError(
            f"the effect of {source.names[0]} is not identified: {dropped[source.names[0]]}",
            hint="Absorb fewer effects, or choose a comparison in which the exposure varies.",
        )
    kept = [k for k, name in enumerate(source.names) if name not in dropped]
    places = np.array([*range(outcomes), *(outcomes + k for k in kept)])
    return Projection(
        source=source.only(places.tolist()) if dropped else source,
        centre=centre[places],
        totals=totals[places],
        absorbed=absorbed.only(places),
        collinear=collinear,
    )


def centred(sample: AbsorbedSample, weight: float) -> AbsorbedSample:
    """Take the means out of the moments; the constant, which comes last, stays as it is."""
    absorbed, means, totals = sample
    rest, sums = absorbed.rest.copy(), absorbed.rest[-1].copy()
    rest -= np.outer(sums, sums) / weight
    means, totals = means.copy(), totals.copy()
    rest[-1], rest[:, -1] = 0.0, 0.0
    means[-1], totals[-1], rest[-1, -1] = 0.0, weight, weight
    return AbsorbedSample(replace(absorbed, rest=rest, within=np.diag(rest).copy()), means, totals)


def uncentre(names: tuple[str, ...], centre: Floats) -> Floats:
    """Return the matrix that takes coefficients on centred regressors to those on the raw ones.

    Parameters
    ----------
    names : tuple of str
    centre : float array, shape (outcomes + regressors,)
    """
    back = np.eye(len(names))
    if names[-1] == CONSTANT:
        back[-1, :-1] = -centre[-len(names) : -1]
    return back


def symmetric_inverse(matrix: Floats) -> Floats:
    """Invert a symmetric matrix, scaled to a unit diagonal so that units of money do not matter."""
    scale = 1 / np.sqrt(np.diag(matrix))
    inverse = np.linalg.inv(matrix * np.outer(scale, scale)) * np.outer(scale, scale)
    return (inverse + inverse.T) / 2
