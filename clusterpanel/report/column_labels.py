"""Short plain labels of panel columns, with their units: the one place where the page's words come from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from clusterpanel.spec.clusters import ClusterSpec
from clusterpanel.spec.columns import radius_label
from clusterpanel.spec.study import Study

Label = tuple[str, str]
SYMBOLS = {
    "tco2": "t CO₂",
    "sek": "SEK",
    "nok": "NOK",
    "dkk": "DKK",
    "eur": "EUR",
    "usd": "USD",
    "gbp": "GBP",
}
FIXED: Mapping[str, Label] = {
    "sites": ("sites of the firm", ""),
    "industry_code": ("industry", ""),
    "cluster_industry": ("industry in which clusters are drawn", ""),
    "country_code": ("country", ""),
    "region_code": ("region", ""),
    "latitude": ("latitude", "degrees"),
    "longitude": ("longitude", "degrees"),
    "precision_m": ("precision of the point", "m"),
    "match_level": ("what placed the site", ""),
    "is_entry": ("yearly entry", ""),
    "is_exit": ("yearly exit", ""),
    "is_censored": ("followed no further", ""),
    "is_birth_known": ("birth year known", ""),
    "age": ("age", "years"),
    "cluster_vintage": ("year of the clusters", ""),
    "in_cluster": ("in a cluster", ""),
    "cluster_id": ("nearest cluster", ""),
    "distance_edge_km": ("distance to the nearest cluster", "km"),
    "depth_km": ("depth inside the cluster", "km"),
    "distance_centre_km": ("distance to the cluster's centre", "km"),
    "distance_member_km": ("distance to the nearest member of a cluster", "km"),
}


@dataclass(frozen=True)
class ColumnLabels:
    """What a study's panel columns are called on the page.

    Attributes
    ----------
    units : frozenset of str
        Every unit that the sources declare; names of measures end with one.
    size : str
        The column that growth is the growth of.
    known : mapping of str to (str, str)
        Words and unit of the columns that every panel, or this study's cluster spec, has.
    """

    units: frozenset[str] = frozenset()
    size: str = "size"
    known: Mapping[str, Label] = field(default_factory=lambda: FIXED)

    def words(self, column: str) -> str:
        """Return a column's words without unit; a logarithm has those of what it is the logarithm of."""
        if column.startswith("lag_"):
            return f"{self.words(column.removeprefix('lag_'))} a year before"
        if column.startswith("growth_"):
            return f"yearly growth of {self.words(self.size)}"
        return self._label(column.removeprefix("log_"))[0]

    def unit(self, column: str) -> str:
        """Return the unit of what a column, or its logarithm, measures; empty for a number of things."""
        return self._label(column.removeprefix("lag_").removeprefix("log_"))[1]

    def text(self, column: str) -> str:
        """Return a column's words with its unit: log of emissions (t CO₂)."""
        name = column.removeprefix("lag_")
        brackets = f" ({self.unit(name)})" if self.unit(name) else ""
        if name == "growth_log":
            brackets = " (log)"
        if not name.startswith("log_"):
            return f"{self.words(column)}{brackets}"
        is_of_neighbours = name.removeprefix("log_") in self.known
        return f"{self.words(column)} (log)" if is_of_neighbours else f"log of {self.words(column)}{brackets}"

    def title(self, column: str) -> str:
        """Return a column's words with its unit, to begin a line."""
        return capitalised(self.text(column))

    def _label(self, column: str) -> Label:
        if column in self.known:
            return self.known[column]
        unit = next((u for u in sorted(self.units, key=len, reverse=True) if column.endswith(f"_{u}")), "")
        name = column.removesuffix(f"_{unit}")
        for prefix in ("is_", "in_"):
            name = name.removeprefix(prefix)
        return name.replace("_", " "), SYMBOLS.get(unit, unit.replace("_", " "))


def labels_of(study: Study) -> ColumnLabels:
    """Return the labels of a study's panel columns."""
    columns = (c for source in study.sources for table in source.tables for c in table.columns)
    units = frozenset(column.unit for column in columns if column.unit)
    measures = ColumnLabels(units)
    activity = study.cluster_spec.activity or ""
    near = _neighbour_labels(study.cluster_spec, measures.words(activity), measures.unit(activity))
    return ColumnLabels(units, study.panel.size, {**FIXED, **dict(near)})


def capitalised(text: str) -> str:
    """Return a text with its first letter large; one that begins with a column's name stays as it is."""
    return text if "_" in text.partition(" ")[0] else text[:1].upper() + text[1:]


def _neighbour_labels(spec: ClusterSpec, activity: str, unit: str) -> Iterator[tuple[str, Label]]:
    radii = [(f"{radius:g}", radius_label(radius)) for radius in spec.radii_km]
    for key, words in (("own", "of the same industry"), ("all", "of any industry")):
        for radius, name in radii:
            near = f"neighbours {words} within {radius} km"
            yield f"{key}_count_{name}km", (near, "")
            yield f"{key}_activity_{name}km", (f"{activity} of {near}", unit)
        yield f"{key}_ring_0_{radii[0][1]}km", (f"neighbours {words} within {radii[0][0]} km", "")
        for (inner, low), (outer, high) in pairwise(radii):
            yield f"{key}_ring_{low}_{high}km", (f"neighbours {words} {inner} to {outer} km away", "")
