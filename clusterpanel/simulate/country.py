"""The invented country XS: an island in the open Atlantic with regions, places, postcodes and clusters."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from clusterpanel.simulate.dials import Dials
from clusterpanel.simulate.economy import (
    BELT_KM,
    CLUSTER_RADIUS_KM,
    CLUSTER_SEPARATION_KM,
    PLACE_RADIUS_KM,
    PLACES_PER_REGION,
    POSTCODES_PER_CLUSTER,
    POSTCODES_PER_PLACE,
)

COUNTRY_CODE = "XS"
SOUTH, NORTH, WEST, EAST = 44.0, 50.0, -35.0, -25.0
JITTER_SHARE = 0.2
COAST_KM = 20.0
KM_PER_DEGREE = 111.2

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Country:
    """Regions as polygons that tile the land, postcodes with their points, and each industry's clusters.

    Attributes
    ----------
    borders : (regions, 4, 2) array
        Corners of each region, longitude and latitude in degrees.
    latitude, longitude : (postcodes,) arrays
        Degrees, WGS84.
    region, place : (postcodes,) arrays
        Number of the region and the place of each postcode.
    cluster_latitude, cluster_longitude : (clusters,) arrays
        The centres of the clusters.
    cluster_industry : (clusters,) array
        The industry of each cluster.
    cluster_of_postcode : (postcodes,) array
        The cluster a postcode belongs to, -1 in the places that are not in any.
    inside, outside : tuples of arrays
        Each industry's postcodes in its clusters, and those beyond the belt around all of them.
    """

    borders: Floats
    latitude: Floats
    longitude: Floats
    region: Ints
    place: Ints
    cluster_latitude: Floats
    cluster_longitude: Floats
    cluster_industry: Ints
    cluster_of_postcode: Ints
    inside: tuple[Ints, ...]
    outside: tuple[Ints, ...]


def draw_country(dials: Dials, rng: np.random.Generator) -> Country:
    """Draw the country: two or three clusters per industry, and places all over the land."""
    borders = _draw_borders(dials.regions, rng)
    industry = _cluster_industries(dials.industry_count)
    land = _land_of_points(borders, rng)
    centres = _draw_centres(industry, land)
    places = np.array([next(land) for _ in range(PLACES_PER_REGION * dials.regions)])
    cluster_points = _scatter(centres, POSTCODES_PER_CLUSTER, 0.8 * CLUSTER_RADIUS_KM, rng)
    place_points = _scatter(places, POSTCODES_PER_PLACE, PLACE_RADIUS_KM, rng)
    points = np.concatenate([cluster_points, place_points])
    clusters, towns = np.arange(len(centres)), len(centres) + np.arange(len(places))
    cluster_of_postcode = np.repeat(clusters, POSTCODES_PER_CLUSTER)
    return Country(
        borders=borders,
        longitude=points[:, 0],
        latitude=points[:, 1],
        region=_regions_of(points, borders),
        place=np.concatenate([cluster_of_postcode, np.repeat(towns, POSTCODES_PER_PLACE)]),
        cluster_longitude=centres[:, 0],
        cluster_latitude=centres[:, 1],
        cluster_industry=industry,
        cluster_of_postcode=np.concatenate([cluster_of_postcode, np.full(len(place_points), -1)]),
        inside=tuple(
            np.flatnonzero(industry[cluster_of_postcode] == own) for own in range(dials.industry_count)
        ),
        outside=tuple(_beyond(points, centres[industry == own]) for own in range(dials.industry_count)),
    )


def distance_km(
    latitude: Floats, longitude: Floats, other_latitude: Floats, other_longitude: Floats
) -> Floats:
    """Return distances on a locally flat Earth, good to 1 % below 100 km, which is all that is asked here."""
    north = latitude - other_latitude
    east = (longitude - other_longitude) * np.cos(np.radians(latitude))
    distance: Floats = KM_PER_DEGREE * np.hypot(north, east)
    return distance


def _draw_borders(regions: int, rng: np.random.Generator) -> Floats:
    rows = max(
        divisor for divisor in range(1, regions + 1) if regions % divisor == 0 and divisor**2 <= regions
    )
    columns = regions // rows
    height, width = (NORTH - SOUTH) / rows, (EAST - WEST) / columns
    shift = rng.uniform(-JITTER_SHARE, JITTER_SHARE, (rows + 1, columns + 1, 2)) * [width, height]
    # The coast only moves inward, so that the island stays within its box of open sea.
    shift[:, 0, 0], shift[:, -1, 0] = np.abs(shift[:, 0, 0]), -np.abs(shift[:, -1, 0])
    shift[0, :, 1], shift[-1, :, 1] = np.abs(shift[0, :, 1]), -np.abs(shift[-1, :, 1])
    longitude, latitude = np.meshgrid(
        np.linspace(WEST, EAST, columns + 1), np.linspace(SOUTH, NORTH, rows + 1)
    )
    corners = (np.stack([longitude, latitude], axis=2) + shift).round(4)
    quads = [corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]]
    return np.stack([quad.reshape(-1, 2) for quad in quads], axis=1)


def _cluster_industries(industries: int) -> Ints:
    # Even industries have two clusters, odd ones three.
    return np.repeat(np.arange(industries), 2 + np.arange(industries) % 2)


def _land_of_points(borders: Floats, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield points of the land for ever, none near the coast, so that what lies around them is land too."""
    land = shapely.union_all(shapely.polygons(borders)).buffer(
        -COAST_KM / KM_PER_DEGREE / np.cos(np.radians(NORTH))
    )
    shapely.prepare(land)
    while True:
        points = rng.uniform([WEST, SOUTH], [EAST, NORTH], (1_000, 2)).round(5)
        yield from points[shapely.contains_xy(land, points)]


def _draw_centres(industry: Ints, land: Iterator[Floats]) -> Floats:
    centres: list[Floats] = []
    for own in industry:
        while True:
            point = next(land)
            if _is_apart(point, centres[np.searchsorted(industry, own) :]):
                break
        centres.append(point)
    return np.array(centres)


def _is_apart(point: Floats, others: list[Floats]) -> bool:
    if not others:
        return True
    longitude, latitude = np.array(others).T
    return bool(distance_km(latitude, longitude, point[1], point[0]).min() >= CLUSTER_SEPARATION_KM)


def _scatter(centres: Floats, number: int, radius_km: float, rng: np.random.Generator) -> Floats:
    """Return `number` points in a disc around each centre, longitude and latitude, centre by centre."""
    distance = radius_km * np.sqrt(rng.random((len(centres), number)))
    bearing = rng.uniform(0, 2 * np.pi, (len(centres), number))
    latitude = centres[:, 1, None] + distance * np.cos(bearing) / KM_PER_DEGREE
    shrink = KM_PER_DEGREE * np.cos(np.radians(centres[:, 1, None]))
    longitude = centres[:, 0, None] + distance * np.sin(bearing) / shrink
    return np.stack([longitude.ravel(), latitude.ravel()], axis=1).round(5)


def _beyond(points: Floats, centres: Floats) -> Ints:
    """Return the points that lie beyond the belt around every centre."""
    longitude, latitude = points.T
    distance = distance_km(latitude[:, None], longitude[:, None], centres[:, 1], centres[:, 0])
    return np.flatnonzero(distance.min(axis=1) > BELT_KM)


def _regions_of(points: Floats, borders: Floats) -> Ints:
    polygons = np.asarray(shapely.polygons(borders))
    covers = shapely.intersects_xy(polygons[:, None], points[:, 0], points[:, 1])
    region: Ints = covers.argmax(axis=0)
    return region
