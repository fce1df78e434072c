"""The compiled search for times on a grid of any spacing."""

import numpy as np

from clusterpanel.models.arrays import Floats, Levels
from clusterpanel.models.kernels import compiled


@compiled
def bucket_starts(times: Floats, scale: float, starts: Levels) -> None:
    """Set where each bucket of a grid starts.

    Parameters
    ----------
    times : shape (times,)
        Ascending.
    scale : float
        Buckets per unit of time.
    starts : shape (buckets + 1,), changed
        The place of the first time in each bucket or after it; the number of times at the end.
    """
    bucket = 0
    for place in range(len(times)):
        mine = min(int((times[place] - times[0]) * scale), len(starts) - 2)
        while bucket <= mine:
            starts[bucket] = place
            bucket += 1
    starts[bucket:] = len(times)


@compiled
def first_from(times: Floats, scale: float, starts: Levels, wanted: Floats, is_after: bool) -> Levels:
    """Return the place of the first time that is not before each wanted one, or is after it.

    Parameters
    ----------
    times, scale, starts
        As in `bucket_starts`.
    wanted : shape (rows,)
    is_after : bool
        Whether a time that is the same is passed over.
    """
    places = np.empty(len(wanted), dtype=np.int32)
    buckets = len(starts) - 1
    for row in range(len(wanted)):
        time = wanted[row]
        # Times of a bucket are by the same arithmetic not before those of the bucket before.
        bucket = min(max(int(min((time - times[0]) * scale, buckets)), 0), buckets - 1)
        low, high = starts[bucket], starts[bucket + 1]
        while low < high:
            middle = (low + high) // 2
            if times[middle] < time or (is_after and times[middle] == time):
                low = middle + 1
            else:
                high = middle
        places[row] = low
    return places
