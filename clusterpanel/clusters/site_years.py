"""Every site and year as numbers: firm, industry and location, as the geometry wants them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.clusters.activity import site_activity
from clusterpanel.clusters.earth import BoolArray, FloatArray, IntArray, from_ecef, to_ecef, wrapped_longitude
from clusterpanel.clusters.industries import cluster_industry
from clusterpanel.clusters.key_types import with_key_types
from clusterpanel.errors import DataError, Fault
from clusterpanel.registry.registry import Registry
from clusterpanel.spec.study import Study


@dataclass(frozen=True)
class Locations:
    """Distinct points, sorted by latitude and longitude; many sites share one.

    Attributes
    ----------
    latitude, longitude : array, shape (n_locations,)
        Degrees; longitudes in [-180, 180).
    """

    latitude: FloatArray
    longitude: FloatArray

    @cached_property
    def xyz(self) -> FloatArray:
        """Earth-centred coordinates in metres, shape (n_locations, 3)."""
        return to_ecef(self.latitude, self.longitude)


@dataclass(frozen=True)
class SiteYears:
    """All rows of ``sites``, sorted by site and year.

    Attributes
    ----------
    table : table, n rows
        site_id, year, firm_id, place, region_code, employment (null where the registry has none).
    year, firm, industry, location, region : array of int64, shape (n,)
        Codes by the order of the names; -1 for no industry, no point, no region.
    industries, regions : tuple of str
        The names that the codes of industry and region stand for.
    locations : Locations
    activity : array, shape (n,), or None
        Not-a-number where unknown; None if the cluster spec names no activity.
    """

    table: pa.Table
    year: IntArray
    firm: IntArray
    industry: IntArray
    location: IntArray
    region: IntArray
    industries: tuple[str, ...]
    regions: tuple[str, ...]
    locations: Locations
    activity: FloatArray | None

    def rows_of(self, year: int, industry: int) -> IntArray:
        """Return the rows of one year and industry that have a point, in order."""
        first = np.searchsorted(self._group_keys, self._key(year, industry), "left")
        last = np.searchsorted(self._group_keys, self._key(year, industry), "right")
        return self._group_order[first:last]

    def is_in(self, industry: str | None) -> BoolArray:
        """Say which rows are in an industry (None: in any)."""
        if industry is None:
            return np.asarray(self.industry >= 0)
        return np.asarray(self.industry == self.code_of(industry))

    def code_of(self, industry: str) -> int:
        """Return an industry's code, or -2 if no site is in it."""
        return self.industries.index(industry) if industry in self.industries else -2

    def mean_point(self, rows: IntArray) -> tuple[float, float]:
        """Return latitude and longitude of the surface over the mean of some rows' points in space."""
        latitude, longitude = from_ecef(self.locations.xyz[self.location[rows]].mean(axis=0))
        return float(latitude), float(longitude)

    @cached_property
    def _group_order(self) -> IntArray:
        usable = np.flatnonzero((self.location >= 0) & (self.industry >= 0))
        keys = self._key(self.year[usable], self.industry[usable])
        return np.asarray(usable[np.argsort(keys, kind="stable")], dtype=np.int64)

    @cached_property
    def _group_keys(self) -> IntArray:
        return np.asarray(
            self._key(self.year[self._group_order], self.industry[self._group_order]), dtype=np.int64
        )

    def _key(self, year: IntArray | int, industry: IntArray | int) -> IntArray | int:
        return year * len(self.industries) + industry


def read_site_years(study: Study, registry: Registry) -> SiteYears:
    """Read the sites of a geocoded registry.

    Raises
    ------
    MissingInputError
        The registry has no ``sites`` or no ``site_points``.
    DataError
        A site has no firm, or ``site_points`` does not have each site and year once.
    SpecError
        The cluster spec names an activity that neither sites nor accounts have.
    """
    table = _joined(registry)
    industry = cluster_industry(table.column("industry_code"), study.cluster_spec.industries)
    industry_codes, industries = _codes(industry)
    region_codes, regions = _codes(table.column("region_code"))
    firms, _ = _codes(table.column("firm_id"))
    location, locations = _locate(table)
    activity = study.cluster_spec.activity
    return SiteYears(
        table=table,
        year=table.column("year").to_numpy().astype(np.int64),
        firm=firms,
        industry=industry_codes,
        location=location,
        region=region_codes,
        industries=industries,
        regions=regions,
        locations=locations,
        activity=None if activity is None else _floats(site_activity(registry, table, activity)),
    )


def _joined(registry: Registry) -> pa.Table:
    sites, points = (with_key_types(registry.read(name)) for name in ("sites", "site_points"))
    key = ["site_id", "year"]
    spatial = [name for name in ("latitude", "longitude", "region_code") if name in points.column_names]
    kept = [name for name in sites.column_names if name not in {"latitude", "longitude", "region_code"}]
    table = sites.select(kept).join(points.select([*key, *spatial]), key)
    if len(table) != len(sites) or sites.column("firm_id").null_count:
        _refuse(sites, points)
    for name, type_ in (("region_code", pa.string()), ("place", pa.string()), ("employment", pa.float64())):
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table), type_))
    return table.sort_by([(name, "ascending") for name in key]).combine_chunks()


def _refuse(sites: pa.Table, points: pa.Table) -> None:
    faults = []
    if (missing := sites.column("firm_id").null_count) > 0:
        faults.append(Fault("sites", "column firm_id", f"{missing} missing values", "none"))
    repeated = len(points) - len(points.group_by(["site_id", "year"]).aggregate([]))
    if repeated > 0:
        faults.append(Fault("site_points", "key site_id, year", f"{repeated} repeated", "once each"))
    raise DataError("sites and their points cannot be put together", faults=faults)


def _codes(column: pa.Array | pa.ChunkedArray) -> tuple[IntArray, tuple[str, ...]]:
    names = pc.unique(column).drop_null().sort()
    codes = pc.fill_null(pc.index_in(column, names), -1)
    return np.asarray(codes).astype(np.int64), tuple(names.to_pylist())


def _floats(column: pa.Array | pa.ChunkedArray) -> FloatArray:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return np.asarray(pc.cast(whole, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _locate(table: pa.Table) -> tuple[IntArray, Locations]:
    latitude = _floats(table.column("latitude"))
    longitude = wrapped_longitude(_floats(table.column("longitude")))
    has_point = np.isfinite(latitude) & np.isfinite(longitude)
    points, inverse = np.unique(
        np.stack([latitude[has_point], longitude[has_point]], axis=1), axis=0, return_inverse=True
    )
    location = np.full(len(table), -1, dtype=np.int64)
    location[has_point] = inverse.reshape(-1)
    return location, Locations(points[:, 0].copy(), points[:, 1].copy())
