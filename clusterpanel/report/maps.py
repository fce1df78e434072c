"""The map: where sites are dense, and where clusters of each industry lie."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clusterpanel.clusters.cluster_map import ClusterMap
from clusterpanel.registry.registry import Registry
from clusterpanel.report.backdrop import gazetteer_places, zoning_borders
from clusterpanel.report.cluster_table import industry_words, latest_clusters
from clusterpanel.report.disclosure import hidden_cells
from clusterpanel.report.drawing import INK, LAND, OTHER, QUIET, RULE, SERIES, figure, svg_of
from clusterpanel.report.exhibits import Exhibit
from clusterpanel.report.geocoding_tables import placed_sites
from clusterpanel.report.map_frame import Frame, frame_of
from clusterpanel.report.map_numbers import Outline, draw_numbers
from clusterpanel.report.map_sites import SITES, Sites, far_sentence, sites_of
from clusterpanel.report.projection import Projection, coarsened, projection_of
from clusterpanel.spec.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from shapely.geometry.base import BaseGeometry

WIDTH_IN = 8.6
BINS = 44
POINTS_PER_INCH = 72
LAND_CELLS = 150
LABELLED = 15
DOTS = 600


def map_exhibit(study: Study, registry: Registry, clusters: ClusterMap) -> Exhibit | None:
    """Return the map; nothing where no site was placed."""
    if not registry.tables.has("site_points"):
        return None
    placed = placed_sites(registry)
    table = np.array(placed.query(SITES), dtype=np.float64).reshape(-1, 4)
    if not len(table):
        return None
    projection = projection_of(table[:, 1:3])
    sites = sites_of(table, projection)
    outlines = outlines_of(study, clusters, projection, sites)
    boxes = np.array([outline.shape.bounds for outline in outlines], dtype=np.float64).reshape(-1, 4)
    frame = frame_of(sites.xy, boxes)
    is_on = frame.holds(sites.xy)
    svg, hidden_bins = draw_map(study, projection, sites.where(is_on), outlines, frame)
    far = far_sentence(sites.where(~is_on), study.spec.report.minimum_firms)
    caption = f"{_caption(study, outlines, hidden_bins)}{far}"
    return Exhibit("map", "Map", caption, figure=svg, alt=_alt(outlines))


def outlines_of(study: Study, clusters: ClusterMap, projection: Projection, sites: Sites) -> list[Outline]:
    """Return the latest clusters that may be shown, in the order of the table.

    A cluster drawn around sites shows where they are, so in a density map its border is coarsened and
    clusters of few firms are left out.
    """
    from shapely import from_wkb

    rows = latest_clusters(clusters).select(["industry", "firms", "geometry"]).to_pylist()
    hidden = hidden_cells([row["firms"] for row in rows], study.spec.report.minimum_firms)
    shown = [row for row, is_hidden in zip(rows, hidden, strict=True) if not is_hidden]
    is_drawn_around_sites = study.cluster_spec.draw.method == "dbscan" and study.spec.report.map == "density"
    cell_m = float(np.ptp(sites.xy, axis=0).max()) / 200
    outlines = []
    for rank, row in enumerate(shown, start=1):
        if row["geometry"] is not None:
            shape = projection.shape(from_wkb(row["geometry"]))
            shape = coarsened(shape, cell_m) if is_drawn_around_sites else shape
            outlines.append(Outline(rank, str(row["industry"]), shape))
    return outlines


def draw_map(
    study: Study, projection: Projection, sites: Sites, outlines: list[Outline], frame: Frame
) -> tuple[str, int]:
    """Return the map as SVG, and how many bins of sites were left out for holding few firms."""
    low, high = frame.low, frame.high
    with figure(WIDTH_IN, WIDTH_IN * float(frame.size[1] / frame.size[0]) + 0.5) as drawn:
        axes = drawn.subplots()
        axes.set_xlim(low[0], high[0])
        axes.set_ylim(low[1], high[1])
        axes.set_aspect("equal")
        axes.set_axis_off()
        _draw_land(axes, study, projection, low, high)
        hidden_bins = 0
        if study.spec.report.map == "sites":
            _draw_sites(axes, sites, float((high - low).max()))
        else:
            hidden_bins = _draw_density(axes, sites, study.spec.report.minimum_firms, (low, high))
        _draw_clusters(axes, outlines)
        draw_numbers(
            axes, outlines[:LABELLED], outlines[LABELLED:], POINTS_PER_INCH * WIDTH_IN / float(frame.size[0])
        )
        _draw_scale(axes, low, high)
        return svg_of(drawn), hidden_bins


def _draw_land(axes: "Axes", study: Study, projection: Projection, low: Any, high: Any) -> None:
    from matplotlib.collections import PolyCollection

    rings = [projection.forward(ring) for ring in zoning_borders(study)]
    if rings:
        axes.add_collection(
            PolyCollection(rings, facecolors=LAND, edgecolors=RULE, linewidths=0.7), autolim=False
        )
        return
    places = gazetteer_places(study)
    if len(places):
        cell_m = float((high - low).max()) / LAND_CELLS
        cells = np.unique(np.floor(projection.forward(places) / cell_m), axis=0)
        xy = (cells + 0.5) * cell_m
        xy = xy[((xy >= low) & (xy <= high)).all(axis=1)]
        axes.plot(xy[:, 0], xy[:, 1], "o", color=RULE, markersize=2.2, markeredgewidth=0, zorder=0)


def _draw_sites(axes: "Axes", sites: Sites, side_m: float) -> None:
    # Sites on one spot of the paper are one dot: else a large register makes a page of megabytes.
    cell_m = side_m / DOTS
    xy = (np.unique(np.floor(sites.xy / cell_m), axis=0) + 0.5) * cell_m
    axes.plot(xy[:, 0], xy[:, 1], "o", color=QUIET, markersize=1.2, alpha=0.6, markeredgewidth=0, zorder=1)


def _draw_density(axes: "Axes", sites: Sites, minimum_firms: int, frame: tuple[Any, Any]) -> int:
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba_array

    low, high = frame
    bins = axes.hexbin(
        sites.xy[:, 0],
        sites.xy[:, 1],
        C=sites.firm,
        reduce_C_function=lambda firms: len(set(firms)),
        gridsize=_grid(low, high),
        extent=(low[0], high[0], low[1], high[1]),
    )
    counts = np.asarray(bins.get_array(), dtype=np.float64)
    corners, offsets = bins.get_paths()[0].vertices, np.asarray(bins.get_offsets())
    bins.remove()
    kept = counts >= minimum_firms
    if kept.any():
        colours = np.repeat(to_rgba_array(INK), int(kept.sum()), axis=0)
        strength = np.log(counts[kept] / minimum_firms + 1) / np.log(counts.max() / minimum_firms + 1)
        colours[:, 3] = np.round(0.12 + 0.5 * strength, 2)
        hexagons = [np.asarray(corners)[:6] + offset for offset in offsets[kept]]
        axes.add_collection(PolyCollection(hexagons, facecolors=colours, linewidths=0), autolim=False)
    return int((~kept).sum())


def _draw_clusters(axes: "Axes", outlines: list[Outline]) -> None:
    from matplotlib.collections import PathCollection
    from matplotlib.lines import Line2D

    names = list(dict.fromkeys(outline.industry for outline in outlines))
    colours = dict(zip(names, SERIES, strict=False))
    for outline in reversed(outlines):
        colour = colours.get(outline.industry, OTHER)
        axes.add_collection(
            PathCollection(
                [_path(outline.shape)], facecolors=(colour, 0.14), edgecolors=colour, linewidths=1.2, zorder=3
            ),
            autolim=False,
        )
    handles = [
        Line2D([], [], color=colour, linewidth=4, label=industry_words(name))
        for name, colour in colours.items()
    ]
    if len(names) > len(colours):
        handles.append(
            Line2D([], [], color=OTHER, linewidth=4, label=f"{len(names) - len(colours)} other industries")
        )
    if handles:
        axes.figure.legend(handles=handles, loc="outside lower left", ncols=4, fontsize=9, handlelength=1.0)


def _path(shape: "BaseGeometry") -> Any:
    from matplotlib.path import Path
    from shapely import get_coordinates, get_parts, get_rings

    return Path.make_compound_path(
        *(Path(get_coordinates(ring), closed=True) for ring in get_rings(get_parts(shape)))
    )


def _grid(low: NDArray[np.float64], high: NDArray[np.float64]) -> tuple[int, int]:
    """Return how many hexagons fit across and up, so that they are regular and the longer side has `BINS`."""
    width, height = high - low
    across = BINS if width >= height else max(4, round(BINS * width / height))
    return across, max(4, round(across * height / width / np.sqrt(3)))


def _draw_scale(axes: "Axes", low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
    width_km = float(high[0] - low[0]) / 1000
    steps = [s * 10**k for k in range(-1, 5) for s in (1, 2, 5)]
    length_km = max((step for step in steps if step <= width_km / 5), default=0.1)
    x, y = high[0] - (high[0] - low[0]) * 0.03, low[1] + (high[1] - low[1]) * 0.025
    axes.plot([x - 1000 * length_km, x], [y, y], color=QUIET, linewidth=2, solid_capstyle="butt")
    axes.annotate(
        f"{length_km:g} km",
        (x - 500 * length_km, y),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        fontsize=8,
        color=QUIET,
    )


def _caption(study: Study, outlines: list[Outline], hidden_bins: int) -> str:
    numbers = "Numbers are those of the table of largest clusters. " if outlines else ""
    if study.spec.report.map == "sites":
        return f"{numbers}Each dot is a site, as the study asks."
    minimum = study.spec.report.minimum_firms
    left_out = f" {hidden_bins} hexagons with fewer than {minimum} firms are left out." if hidden_bins else ""
    return (
        f"{numbers}Darker hexagons hold more firms.{left_out} Borders of clusters are coarsened, so "
        "that no site can be read off."
    )


def _alt(outlines: list[Outline]) -> str:
    return (
        f"Map of the density of sites and of {len(outlines)} clusters in "
        f"{len({o.industry for o in outlines})} industries."
    )
