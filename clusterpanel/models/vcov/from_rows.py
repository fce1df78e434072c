"""The second entry: every variance of a regression whose rows are in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Codes, Floats, Integers, Levels
from clusterpanel.models.linearised import Linearised
from clusterpanel.models.vcov.conley import conley, place_codes
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.from_sums import from_sums
from clusterpanel.models.vcov.in_time import newey_west
from clusterpanel.models.vcov.jackknife import crv2, crv3
from clusterpanel.models.vcov.leverage import leveraged
from clusterpanel.models.vcov.nesting import counted_by
from clusterpanel.models.vcov.sums import intersected, sums_of_rows
from clusterpanel.models.vcov.wild import wild_bootstrap
from clusterpanel.spec.vcov import (
    BiasReducedVcov,
    BlockBootstrapVcov,
    ConleyVcov,
    DriscollKraayVcov,
    JackknifeVcov,
    NeweyWestVcov,
    Vcov,
    WildBootstrapVcov,
)

Facts = TypeVar("Facts")


@dataclass(frozen=True)
class RowPlaces:
    """Where each row stands, as far as the variance asked for needs it.

    Attributes
    ----------
    groups : sequence of Codes
        One each way, in the order of the spec; intersections are made here.
    firms : int32 array, shape (rows,), or None
    times : integer array, shape (rows,), or None
        Years.
    latitude, longitude : float array, shape (rows,), or None
        Degrees.
    """

    groups: Sequence[Codes] = ()
    firms: Levels | None = None
    times: Integers | None = None
    latitude: Floats | None = None
    longitude: Floats | None = None


def from_rows(vcov: Vcov, linearised: Linearised, counts: SampleCounts, places: RowPlaces) -> Covariance:
    """Return the covariance a design asks for.

    Parameters
    ----------
    vcov : Vcov
        As a design's spec has it.
    linearised : Linearised
    counts : SampleCounts
    places : RowPlaces

    Raises
    ------
    SpecError
        The variance is not defined for the model or its weights, needs refits, or lacks what it needs of the
        rows.
    NotIdentifiedError
        There are too few groups or rows, or the variance does not exist in this sample.
    DataError
        Coordinates are missing or out of bounds.
    """
    if isinstance(vcov, BlockBootstrapVcov):
        raise SpecError("the block bootstrap refits the model: it is no function of one fit's rows")
    if vcov in {"HC2", "HC3"}:
        return leveraged(linearised, counts, vcov)
    if isinstance(vcov, BiasReducedVcov | JackknifeVcov | WildBootstrapVcov):
        return _of_one_group(vcov, linearised, counts, places)
    if isinstance(vcov, ConleyVcov | NeweyWestVcov):
        return _of_neighbours(vcov, linearised, counts, places)
    if isinstance(vcov, DriscollKraayVcov):
        years, groups = _years(places)
        counts = counted_by(counts, linearised.effects, [groups])
        return from_sums(vcov, sums_of_rows(linearised, [groups], years), counts)
    return from_sums(vcov, sums_of_rows(linearised, intersected(places.groups)), counts)


def _of_one_group(
    vcov: BiasReducedVcov | JackknifeVcov | WildBootstrapVcov,
    linearised: Linearised,
    counts: SampleCounts,
    places: RowPlaces,
) -> Covariance:
    if len(places.groups) != 1:
        raise SpecError(f"errors grouped one way need one column of groups; {len(places.groups)} came")
    groups = places.groups[0]
    if isinstance(vcov, BiasReducedVcov):
        return crv2(linearised, groups, counts)
    if isinstance(vcov, JackknifeVcov):
        return crv3(linearised, groups, counts, vcov.around)
    return wild_bootstrap(linearised, groups, counts, weights=vcov.weights, draws=vcov.draws, seed=vcov.seed)


def _of_neighbours(
    vcov: ConleyVcov | NeweyWestVcov, linearised: Linearised, counts: SampleCounts, places: RowPlaces
) -> Covariance:
    scores, bread = linearised.scores, linearised.bread
    if isinstance(vcov, NeweyWestVcov):
        firms, times = _told(places.firms, "firms"), _told(places.times, "times")
        ways = [Codes("firm", firms, int(firms.max()) + 1), _years(places)[1]]
        counts = counted_by(counts, linearised.effects, ways)
        return newey_west(scores, bread, firms, times, counts=counts, lags=vcov.newey_west_lags)
    latitude, longitude = _told(places.latitude, "latitudes"), _told(places.longitude, "longitudes")
    if linearised.effects is not None:
        counts = counted_by(counts, linearised.effects, [place_codes(latitude, longitude)[0]])
    return conley(
        scores,
        bread,
        latitude,
        longitude,
        counts=counts,
        conley_km=vcov.conley_km,
        kernel=vcov.kernel,
    )


def _years(places: RowPlaces) -> tuple[Integers, Codes]:
    years, codes = np.unique(_told(places.times, "times"), return_inverse=True)
    return years.astype(np.int64), Codes("time", codes.astype(np.int32), len(years))


def _told(values: Facts | None, what: str) -> Facts:
    if values is None:
        raise SpecError(f"the variance needs each row's {what}, which were not told")
    return values
