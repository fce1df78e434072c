"""Where a sample's rows stand, for variances that need them row by row."""

import numpy as np

from clusterpanel.designs.sample import Sample
from clusterpanel.models.arrays import Integers
from clusterpanel.models.vcov.from_rows import RowPlaces
from clusterpanel.spec.vcov import ConleyVcov, DriscollKraayVcov, Vcov, is_folded


def places_of(sample: Sample, vcov: Vcov, time: str) -> RowPlaces | None:
    """Return the rows' groups, firms, years and coordinates; None where sums of scores suffice.

    Raises
    ------
    SpecError
        The rows are not in memory.
    """
    if is_folded(vcov):
        return None
    arrays = sample.arrays("this variance")
    ways = 0 if isinstance(vcov, str) else len(vcov.ways)
    if isinstance(vcov, ConleyVcov):
        return RowPlaces(latitude=sample.beside[vcov.latitude], longitude=sample.beside[vcov.longitude])
    years = sample.beside.get(time)
    return RowPlaces(
        groups=arrays.groups[:ways],
        firms=arrays.firms.codes,
        times=None if years is None else years.astype(np.int64),
    )


def times_of(sample: Sample, vcov: Vcov) -> Integers | None:
    """Return the year of each group of the first way, for Driscoll-Kraay errors."""
    if not isinstance(vcov, DriscollKraayVcov) or sample.group_values[0] is None:
        return None
    return np.asarray(sample.group_values[0].to_numpy(zero_copy_only=False)).astype(np.int64)
