"""One cluster as a drawing method hands it over, before it has a place in the tables."""

from dataclasses import dataclass

from shapely import MultiPolygon, Polygon

from clusterpanel.clusters.earth import BoolArray, IntArray

Shape = Polygon | MultiPolygon


@dataclass(frozen=True)
class DrawnCluster:
    """A cluster of one vintage.

    Attributes
    ----------
    vintage : int
    industry : str or None
        The cluster industry; None if the cluster is one of every industry.
    rows : array, shape (members,)
        Rows of the site-years that are members, ascending.
    is_core : array, shape (members,), or None
        None if the method knows no cores.
    centre : tuple of float
        Latitude and longitude, in degrees.
    geometry : Polygon, MultiPolygon or None
        Longitude and latitude on WGS84; None where the drawing has no border.
    area_km2 : float or None
    name : str or None
        The name the user gave; None if the cluster is named by its rank.
    region_code : str or None
        The region that the cluster is, if it is one.
    """

    vintage: int
    industry: str | None
    rows: IntArray
    is_core: BoolArray | None
    centre: tuple[float, float]
    geometry: Shape | None
    area_km2: float | None
    name: str | None = None
    region_code: str | None = None
