"""Which drawing of the map a year is measured against."""

import numpy as np

from clusterpanel.clusters.earth import IntArray

NO_VINTAGE = -1


def vintage_of(years: IntArray, vintages: tuple[int, ...]) -> IntArray:
    """Return the latest vintage not after each year, or -1 before the first."""
    ordered = np.array([NO_VINTAGE, *sorted(vintages)], dtype=np.int64)
    return ordered[np.searchsorted(ordered[1:], years, side="right")]
