"""What is to be fitted, and its refits on drawn groups."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from clusterpanel.designs.bootstrap import bootstrap_variance
from clusterpanel.designs.sample import Sample
from clusterpanel.designs.where_rows_stand import places_of, times_of
from clusterpanel.errors import SpecError
from clusterpanel.models.absorb import AbsorbedSample
from clusterpanel.models.arrays import Floats, ModelSource
from clusterpanel.models.fit import Fit
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.vcov import BlockBootstrapVcov


@dataclass(frozen=True)
class Request:
    """What is to be fitted.

    Attributes
    ----------
    design : DesignSpec
    sample : Sample
    time : str
        The panel's column of years.
    endogenous, instruments : tuple of str
        Names of columns.
    threads : int
    moments : AbsorbedSample or None
        The sample's columns with the effects taken out, where several designs share them.
    """

    design: DesignSpec
    sample: Sample
    time: str
    endogenous: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    threads: int = 1
    moments: AbsorbedSample | None = None

    @property
    def variance(self) -> Mapping[str, Any]:
        """What a fit needs to know of the variance, by the names that fits share."""
        vcov = self.design.vcov
        return {
            "vcov": vcov,
            "places": places_of(self.sample, vcov, self.time),
            "times": times_of(self.sample, vcov),
        }


def bootstrapped(
    request: Request, fit: Fit, refit: Callable[[ModelSource], tuple[tuple[str, ...], Floats]]
) -> Fit:
    """Return a fit with the variance of refits on drawn groups.

    Raises
    ------
    SpecError
        The sample is not in memory.
    """
    vcov = request.design.vcov
    if not isinstance(vcov, BlockBootstrapVcov):
        raise SpecError("only the block bootstrap refits")
    arrays = request.sample.arrays("the block bootstrap")
    return replace(fit, variance=bootstrap_variance(arrays, fit.names, refit, vcov))
