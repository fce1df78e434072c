"""Clusters that the user supplies as polygons or centres."""

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Proj

from clusterpanel.clusters.border import nearest_border, trace_border
from clusterpanel.clusters.earth import GEOD
from clusterpanel.clusters.read_polygons import read_polygons
from clusterpanel.errors import DataError, MissingInputError

from .conftest import Draw, a_spec

SQUARE = shapely.box(14.0, 57.0, 14.4, 57.2)
HOLED = SQUARE.difference(shapely.box(14.15, 57.05, 14.25, 57.15))
FAR = shapely.box(16.0, 57.0, 16.1, 57.1)
POLYGONS = a_spec({"method": "polygons", "file": "map.geojson"})


def sites_at(*points: tuple[float, float], industry: str = "a") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "site_id": [f"s{i}" for i in range(len(points))],
            "year": 2001,
            "firm_id": [f"f{i}" for i in range(len(points))],
            "industry_code": industry,
            "latitude": [point[1] for point in points],
            "longitude": [point[0] for point in points],
        }
    )


def write_map(folder: Path, shapes: list[Any], crs: object = 4326, **columns: list[Any]) -> Path:
    fields = {"cluster_id": [f"c{i}" for i in range(len(shapes))], "industry": ["a"] * len(shapes)} | columns
    path = folder / "map.geojson"
    geopandas.GeoDataFrame(fields, geometry=shapes, crs=crs).to_file(path, driver="GeoJSON")
    return path


def test_inside_in_a_hole_outside_and_in_another_part(drawn: Draw, tmp_path: Path) -> None:
    write_map(tmp_path, [shapely.MultiPolygon([HOLED, FAR])])
    _, exposure = drawn(sites_at((14.05, 57.1), (14.2, 57.1), (13.9, 57.1), (16.05, 57.05)), POLYGONS)
    assert exposure.in_cluster.tolist() == [True, False, False, True]
    assert (exposure.cluster_id == "c0").all()
    assert (exposure.depth_km > 0).tolist() == [True, False, False, True]
    # 0.05 degrees of longitude to the hole's edge along 57.1 degrees; the geodesic bends by metres.
    hole_km = GEOD.inv(14.2, 57.1, 14.15, 57.1)[2] / 1000
    outside_km = GEOD.inv(13.9, 57.1, 14.0, 57.1)[2] / 1000
    assert exposure.distance_edge_km.tolist() == pytest.approx([0, hole_km, outside_km, 0], rel=1e-4)
    assert exposure.depth_km[0] == pytest.approx(GEOD.inv(14.05, 57.1, 14.0, 57.1)[2] / 1000, rel=1e-4)


def test_border_distance_equals_shapely_in_a_plane_around_each_point() -> None:
    random = np.random.default_rng(5)
    corners = random.uniform(-1, 1, (40, 2)) * [1.5, 0.8] + [14, 57]
    shapes = [shapely.convex_hull(shapely.multipoints(corners[i : i + 5])) for i in range(0, 40, 5)]
    longitude, latitude = random.uniform(11, 17, 60), random.uniform(55.5, 58.5, 60)
    kilometres, _ = nearest_border(trace_border(shapes), latitude, longitude)
    dense = shapely.segmentize(np.array(shapes), 0.003)
    for i in range(60):
        plane = Proj(proj="aeqd", lat_0=latitude[i], lon_0=longitude[i], ellps="WGS84")
        flat = shapely.transform(
            dense, lambda points, plane=plane: np.stack(plane(points[:, 0], points[:, 1]), axis=-1)
        )
        expected = min(shape.boundary.distance(shapely.Point(0, 0)) for shape in flat) / 1000
        assert kilometres[i] == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_a_near_edge_is_found_behind_many_nearer_corners() -> None:
    # The edge is 100 m west, its corners half a kilometre off; all corners of the round one are nearer.
    metre_east, metre_north = 1 / GEOD.inv(14, 57, 15, 57)[2], 1 / GEOD.inv(14, 57, 14, 58)[2]
    straight = shapely.box(14 - 900 * metre_east, 57 - 450 * metre_north, 14, 57 + 450 * metre_north)
    east = 14 + 100 * metre_east
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    ring = np.column_stack([np.cos(angles) * metre_east, np.sin(angles) * metre_north]) * 50
    round_one = shapely.Polygon(ring + np.array([east + 300 * metre_east, 57]))
    kilometres, owner = nearest_border(
        trace_border([round_one, straight]), np.array([57.0]), np.array([east])
    )
    assert kilometres[0] == pytest.approx(0.1, rel=1e-4)
    assert owner[0] == 1


def test_the_cut_at_180_degrees_is_no_border(drawn: Draw, tmp_path: Path) -> None:
    write_map(
        tmp_path, [shapely.MultiPolygon([shapely.box(179, -1, 180, 1), shapely.box(-180, -1, -179, 1)])]
    )
    _, exposure = drawn(sites_at((180.0, 0.0), (-179.9, 0.0), (-178.9, 0.0)), POLYGONS)
    degree = GEOD.inv(0, 0, 1, 0)[2] / 1000
    assert exposure.in_cluster.tolist() == [True, True, False]
    assert exposure.depth_km.tolist() == pytest.approx([110.574, 0.9 * degree, 0], rel=1e-3)
    assert exposure.distance_edge_km[2] == pytest.approx(0.1 * degree, rel=1e-6)
    assert exposure.distance_centre_km.tolist() == pytest.approx([0, 0.1 * degree, 1.1 * degree], abs=0.01)


def test_polygons_of_another_coordinate_system_come_to_the_same_place(tmp_path: Path) -> None:
    frame = geopandas.GeoDataFrame({"cluster_id": ["c"], "industry": ["a"]}, geometry=[SQUARE], crs=4326)
    frame.set_geometry(frame.geometry.segmentize(0.01)).to_crs(3006).to_file(tmp_path / "map.gpkg")
    back = read_polygons(tmp_path / "map.gpkg", "geopackage", ("cluster_id",))
    assert back.geometry[0].symmetric_difference(SQUARE).area < 1e-6 * SQUARE.area


def test_a_shared_border_belongs_to_the_first_cluster_by_name(drawn: Draw, tmp_path: Path) -> None:
    write_map(tmp_path, [shapely.box(14, 57, 15, 58), shapely.box(13, 57, 14, 58)], cluster_id=["z", "b"])
    _, exposure = drawn(sites_at((14.0, 57.5), (14.0, 56.9)), POLYGONS)
    assert exposure.cluster_id.tolist() == ["b", "b"]
    assert exposure.in_cluster.tolist() == [True, False]


def test_polygons_of_every_industry_hold_all_of_them(drawn: Draw, tmp_path: Path) -> None:
    write_map(tmp_path, [SQUARE])
    spec = a_spec({"method": "polygons", "file": "map.geojson", "industry": None})
    sites = pd.concat([sites_at((14.2, 57.1)), sites_at((14.2, 57.1), industry="b").assign(site_id="t")])
    clusters, exposure = drawn(sites, spec)
    assert exposure.in_cluster.all()
    assert clusters.clusters.column("members").to_pylist() == [2]
    assert clusters.clusters.column("industry").to_pylist() == [None]


def test_members_of_the_focal_firm_are_no_neighbours(drawn: Draw, tmp_path: Path) -> None:
    write_map(tmp_path, [SQUARE])
    _, exposure = drawn(sites_at((14.2, 57.1), (14.3, 57.1)).assign(firm_id="same"), POLYGONS)
    assert exposure.in_cluster.all()
    assert exposure.distance_member_km.isna().all()


def test_every_fault_of_a_file_is_told_at_once(drawn: Draw, tmp_path: Path) -> None:
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    write_map(tmp_path, [SQUARE, bow_tie, shapely.Point(1, 1), None])
    with pytest.raises(DataError) as caught:
        drawn(sites_at((14.2, 57.1)), POLYGONS)
    assert [fault.where for fault in caught.value.faults] == ["geometry 2", "geometry 3", "geometry 4"]


def test_names_must_be_given_and_unique_and_industries_known(drawn: Draw, tmp_path: Path) -> None:
    write_map(tmp_path, [SQUARE, SQUARE, FAR], cluster_id=["c", "c", None], industry=["a", "a", "unheard"])
    with pytest.raises(DataError) as caught:
        drawn(sites_at((14.2, 57.1)), POLYGONS)
    assert len(caught.value.faults) == 4


def test_polygons_without_a_coordinate_system_are_refused(tmp_path: Path) -> None:
    frame = geopandas.GeoDataFrame({"cluster_id": ["c"]}, geometry=[SQUARE])
    frame.to_parquet(tmp_path / "map.parquet")
    with pytest.raises(DataError, match="coordinate system"):
        read_polygons(tmp_path / "map.parquet", "parquet", ("cluster_id",))


def test_degrees_that_are_metres_are_refused(tmp_path: Path) -> None:
    path = write_map(tmp_path, [shapely.box(500_000, 6_300_000, 510_000, 6_310_000)])
    with pytest.raises(DataError, match="off the Earth"):
        read_polygons(path, "geojson", ())


def test_a_missing_file_is_a_missing_input(drawn: Draw) -> None:
    with pytest.raises(MissingInputError, match=r"map\.geojson"):
        drawn(sites_at((14.2, 57.1)), POLYGONS)


def test_circles_around_supplied_centres(drawn: Draw, tmp_path: Path) -> None:
    (tmp_path / "centres.csv").write_text(
        "cluster_id,industry,latitude,longitude\nnorth,a,57,14\nsouth,a,56,14\n"
    )
    spec = a_spec({"method": "points", "file": "centres.csv", "radius_km": 10})
    clusters, exposure = drawn(sites_at((14.1, 57.0), (14.3, 57.0)), spec)
    near, far = (GEOD.inv(14, 57, longitude, 57)[2] / 1000 for longitude in (14.1, 14.3))
    assert exposure.cluster_id.tolist() == ["north", "north"]
    assert exposure.in_cluster.tolist() == [True, False]
    assert exposure.distance_edge_km.tolist() == pytest.approx([0, far - 10])
    assert exposure.depth_km.tolist() == pytest.approx([10 - near, 0])
    assert exposure.distance_centre_km.tolist() == pytest.approx([near, far])
    assert clusters.clusters.column("members").to_pylist() == [1, 0]
    assert exposure.distance_member_km[1] == pytest.approx(GEOD.inv(14.1, 57, 14.3, 57)[2] / 1000)


def test_faulty_centres_are_told_at_once(drawn: Draw, tmp_path: Path) -> None:
    (tmp_path / "centres.csv").write_text("cluster_id,industry,latitude,longitude\na,a,97,14\nb,a,x,\n")
    with pytest.raises(DataError) as caught:
        drawn(sites_at((14.1, 57.0)), a_spec({"method": "points", "file": "centres.csv", "radius_km": 10}))
    assert len(caught.value.faults) == 3
