"""Errors related over space: exact sums over all pairs of rows within a distance (Conley 1999)."""

from typing import Literal

import numpy as np

from clusterpanel.errors import DataError, SpecError
from clusterpanel.models.arrays import Codes, Floats, Integers
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.positive import nearest_positive
from clusterpanel.models.vcov.sums import sum_by_code
from clusterpanel.models.vcov.words import count_words, distribution_words

EARTH_RADIUS_KM = 6371.0
# Half of the 26 cells around a cell: each pair of cells is met once.
LATER_CELLS = [(x, y, z) for x in (0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1) if (x, y, z) > (0, 0, 0)]
# Cells finer than this gain nothing, and their keys must fit into 63 bits.
SMALLEST_CELL = 1e-6
Kernel = Literal["uniform", "bartlett"]


def conley(
    scores: Floats,
    bread: Floats,
    latitude: Floats,
    longitude: Floats,
    *,
    counts: SampleCounts,
    conley_km: float,
    kernel: Kernel = "uniform",
) -> Covariance:
    """Return the covariance with errors of all rows within a distance of each other related.

    Conley (1999, Journal of Econometrics 92), times (n - 1)/(n - K), negative eigenvalues set to 0. Neither
    kernel makes the matrix positive semi-definite on a sphere by itself.

    Parameters
    ----------
    scores : float array, shape (rows, coefficients)
    bread : float array, shape (coefficients, coefficients)
    latitude, longitude : float array, shape (rows,)
        Degrees; a firm's may differ from year to year.
    counts : SampleCounts
    conley_km : float
    kernel : "uniform" or "bartlett"

    Raises
    ------
    DataError
        A coordinate is missing or out of bounds.
    SpecError
        The distance is not positive.
    NotIdentifiedError
        There are no more rows than parameters.
    """
    meat, places, pairs = pair_sums(scores, latitude, longitude, conley_km, kernel)
    factor = counts.parameter_factor(is_grouped=True)
    matrix, repaired = nearest_positive(factor * (bread @ meat @ bread), bread)
    degrees = counts.residual_degrees(is_grouped=True)
    repair = f", {repaired} negative eigenvalue{'s' if repaired > 1 else ''} set to 0" if repaired else ""
    rule = (
        f"Conley, {kernel} kernel up to {conley_km:g} km, times (n - 1)/(n - K), {places} places, "
        f"{count_words(counts, is_grouped=True)}{repair}, {distribution_words(degrees)}"
    )
    return Covariance(
        matrix,
        degrees,
        rule,
        facts={"places": places, "pairs_of_places": pairs, "negative_eigenvalues": repaired},
        no_influence="errors are related over space, and no one unit's influence is a sum",
    )


def pair_sums(
    scores: Floats,
    latitude: Floats,
    longitude: Floats,
    reach_km: float,
    kernel: Kernel,
    *,
    radius_km: float = EARTH_RADIUS_KM,
) -> tuple[Floats, int, int]:
    """Return the kernel-weighted sum of ``s_i s_j'`` over pairs of rows, the places, and their near pairs.

    Distances are along great circles of a sphere. Rows of one place are added up first, so that the time it
    takes depends on the number of pairs of places within reach.

    Parameters
    ----------
    scores : float array, shape (rows, coefficients)
    latitude, longitude : float array, shape (rows,)
        Degrees.
    reach_km : float
        Inclusive.
    kernel : "uniform" or "bartlett"
        The latter weighs with ``1 - distance / reach_km``.
    radius_km : float
        Of the sphere.

    Raises
    ------
    DataError
        A coordinate is missing or out of bounds.
    SpecError
        The distance is not positive.
    """
    _check(latitude, longitude, reach_km)
    points, of_places = _add_up_places(scores, latitude, longitude)
    half_angle = min(reach_km / (2 * radius_km), np.pi / 2)
    # The last bit of a chord must not decide on a pair that is exactly as far apart as the reach.
    chord = 2 * np.sin(half_angle) * (1 + 1e-12)
    order, starts, neighbours, neighbour_starts = _cells(points, chord)
    of_places = of_places[order]
    from clusterpanel.models.vcov.loops import Cells, add_near_scores
    from clusterpanel.models.vcov.loops import Kernel as PairKernel

    near = np.zeros_like(of_places)
    fall = radius_km / reach_km if kernel == "bartlett" else 0.0
    cells = Cells(points[order], starts, neighbours, neighbour_starts)
    pairs = add_near_scores(cells, of_places, PairKernel(chord**2, fall), near)
    cross = of_places.T @ near
    return of_places.T @ of_places + cross + cross.T, len(points), int(pairs)


def _check(latitude: Floats, longitude: Floats, reach_km: float) -> None:
    if not reach_km > 0:
        raise SpecError(f"conley_km came as {reach_km:g}; allowed: more than 0")
    is_wrong = ~((np.abs(latitude) <= 90) & (np.abs(longitude) <= 360))
    if is_wrong.any():
        raise DataError(
            f"{int(is_wrong.sum())} rows of the sample have no latitude in -90 to 90 and longitude in -360 "
            "to 360 degrees, which Conley errors need",
            hint="Keep only rows with coordinates, by the design's where, or choose another variance.",
        )


def place_codes(latitude: Floats, longitude: Floats) -> tuple[Codes, Integers]:
    """Return which place each row stands at, and one row of each place."""
    _, north = np.unique(latitude, return_inverse=True)
    east_values, east = np.unique(longitude, return_inverse=True)
    keys, first, codes = np.unique(
        north.astype(np.int64) * len(east_values) + east, return_index=True, return_inverse=True
    )
    return Codes("place", codes.astype(np.int32), len(keys)), first.astype(np.int64)


def _add_up_places(scores: Floats, latitude: Floats, longitude: Floats) -> tuple[Floats, Floats]:
    """Return each place as a point of the unit sphere, and its rows' sum of scores."""
    places, first = place_codes(latitude, longitude)
    phi, lam = np.radians(latitude[first]), np.radians(longitude[first])
    points = np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=1)
    return points, sum_by_code(scores, places.codes, places.levels)


def _cells(points: Floats, chord: float) -> tuple[Integers, Integers, Integers, Integers]:
    """Sort points into cubes as wide as the chord, so that near points are in the same or touching cubes.

    Returns
    -------
    order, shape (points,)
    starts, shape (cells + 1,)
        The first point of each cell.
    neighbours, neighbour_starts
        The later cells that touch each cell.
    """
    cells = np.floor((points + 1) / max(chord, SMALLEST_CELL)).astype(np.int64)
    span = int(cells.max(initial=0)) + 3
    keys = _key(cells, span)
    order = np.argsort(keys, kind="stable")
    present, starts = np.unique(keys[order], return_index=True)
    first_cells = cells[order][starts]
    found = [_places_of(_key(first_cells + np.array(step), span), present) for step in LATER_CELLS]
    table = np.stack(found, axis=1)
    is_there = table >= 0
    neighbour_starts = np.concatenate([[0], np.cumsum(is_there.sum(axis=1))])
    return order, np.append(starts, len(points)), table[is_there], neighbour_starts


def _key(cells: Integers, span: int) -> Integers:
    shifted = cells + 1
    return np.asarray((shifted[:, 0] * span + shifted[:, 1]) * span + shifted[:, 2])


def _places_of(keys: Integers, present: Integers) -> Integers:
    """Return where each key stands among those present, -1 for one that does not."""
    places = np.minimum(np.searchsorted(present, keys), len(present) - 1)
    return np.where(present[places] == keys, places, -1)
