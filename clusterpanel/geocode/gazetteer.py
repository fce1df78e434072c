"""A gazetteer in memory: its rows, and where each postcode, place and region of it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.geocode.address import bare_place_keys, country_keys, place_keys, postcode_keys
from clusterpanel.geocode.point_groups import PointGroups
from clusterpanel.geocode.points import Floats, Ints, Points

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

BETWEEN = "|"
SAME_POINT_M = 1.0


@dataclass(frozen=True)
class Gazetteer:
    """Postcodes and places with their points.

    Attributes
    ----------
    name : str
    rows : DataFrame
        country, postcode, postcode_text, place, bare_place, place_text, region, region_code, region_name:
        text, empty where missing; in an order that does not depend on the file's.
    points : Points
    """

    name: str
    rows: pd.DataFrame
    points: Points

    @cached_property
    def countries(self) -> tuple[str, ...]:
        """The countries it holds, in alphabetical order."""
        return tuple(sorted(self.rows["country"].unique()))

    @cached_property
    def postcodes(self) -> PointGroups:
        """Groups by country and postcode."""
        return self._grouped("postcode")

    @cached_property
    def postcode_texts(self) -> "pd.Index[str]":
        """Country and postcode as the file writes them."""
        return _texts(joined(self.rows, "postcode_text"))

    @cached_property
    def place_texts(self) -> "pd.Index[str]":
        """Country and place as the file writes them."""
        return _texts(joined(self.rows, "place_text"))

    @cached_property
    def postcode_places(self) -> PointGroups:
        """Groups by country, postcode and place."""
        return self._grouped("postcode", "bare_place", rows=self.named_rows)

    @cached_property
    def places(self) -> PointGroups:
        """Groups by country and place, numbers of post offices told apart."""
        return self._grouped("place", rows=self.named_rows)

    @cached_property
    def bare_places(self) -> PointGroups:
        """Groups by country and place."""
        return self._grouped("bare_place", rows=self.named_rows)

    @cached_property
    def region_places(self) -> PointGroups:
        """Groups by country, region and place."""
        return self._grouped("region_code", "bare_place", rows=self.named_rows)

    @cached_property
    def regions(self) -> PointGroups:
        """Groups by country and region code."""
        return self._grouped("region_code")

    @cached_property
    def point_number(self) -> Ints:
        """A number for each row, equal for equal points."""
        _, number = np.unique(self.points.latitude + 1j * self.points.longitude, return_inverse=True)
        return number.astype(np.int64)

    @cached_property
    def region_of_name(self) -> "pd.Series[str]":
        """The region code by country and any way to write the region; names of several are left out."""
        written = ("region_code", "region", "region_name")
        named = [
            pd.DataFrame({"key": joined(self.rows, by), "code": self.rows["region_code"]}) for by in written
        ]
        known = pd.concat([*named, *(part.assign(key=_bare_region(part["key"])) for part in named[2:])])
        known = known[(known["code"] != "") & ~known["key"].str.endswith(BETWEEN)].drop_duplicates()
        return known.drop_duplicates("key", keep=False).set_index("key")["code"]

    @cached_property
    def named_rows(self) -> pd.DataFrame:
        """The rows once for each name of a place with several, as in Alicante/Alacant."""
        several = self.rows["place_text"].str.contains("/", regex=False)
        parts = self.rows.loc[several, "place_text"].str.split("/").explode().str.strip()
        other = self.rows.loc[parts.index].assign(place=place_keys(parts).to_numpy())
        other["bare_place"] = bare_place_keys(other["place"])
        return pd.concat([self.rows, other[other["bare_place"] != ""]])

    @cached_property
    def digits(self) -> dict[str, int]:
        """How many digits a postcode has, for countries where all have the same number and nothing else."""
        codes = self.rows.loc[self.rows["postcode"] != "", ["country", "postcode"]]
        length = codes["postcode"].str.len().groupby(codes["country"]).agg(["min", "max"])
        plain = codes["postcode"].str.fullmatch(r"\d+").groupby(codes["country"]).all()
        same = plain & (length["min"] == length["max"])
        return {str(country): int(length.loc[country, "min"]) for country in same.index[same]}

    @cached_property
    def boxes(self) -> pd.DataFrame:
        """The southern, northern, western and eastern ends of each country, degrees."""
        frame = pd.DataFrame({"latitude": self.points.latitude, "longitude": self.points.longitude})
        ends = frame.groupby(self.rows["country"].to_numpy()).agg(["min", "max"])
        ends.columns = pd.Index(["south", "north", "west", "east"])
        return ends

    def half_gap_m(self, countries: "pd.Series[str]", points: Points) -> Floats:
        """Return half the distance from each point to its country's nearest other postcode, metres."""
        gap = np.full(len(countries), np.nan)
        for country, tree in self._trees.items():
            inside = np.flatnonzero(countries == country)
            if len(inside) and tree.n > 1:
                distance = np.asarray(tree.query(points.take(inside).metres, k=2)[0])
                gap[inside] = np.where(distance[:, 0] > SAME_POINT_M, distance[:, 0], distance[:, 1]) / 2
        return gap

    @cached_property
    def _trees(self) -> "dict[str, cKDTree]":
        from scipy.spatial import cKDTree

        trees: dict[str, cKDTree] = {}
        for groups in (self.postcodes, self.bare_places):
            country = np.asarray(groups.keys.str.split(BETWEEN, n=1).str[0], dtype=object)
            metres = pd.DataFrame(groups.centres.points.metres.round(0))
            # A country without postcodes is measured by its places.
            for name in sorted(set(country) - set(trees)):
                trees[name] = cKDTree(metres[country == name].drop_duplicates().to_numpy())
            if len(trees) == len(self.countries):
                break
        return trees

    def _grouped(self, *by: str, rows: pd.DataFrame | None = None) -> PointGroups:
        rows = self.rows if rows is None else rows
        held = rows[(rows[list(by)] != "").all(axis=1)]
        return PointGroups.of(joined(held, *by), held.index.to_numpy(), self.points)


def joined(rows: pd.DataFrame, *columns: str) -> "pd.Series[str]":
    """Return the country and some columns of each row as one key."""
    key: pd.Series[str] = rows["country"]
    for column in columns:
        key = key + BETWEEN + rows[column]
    return key


def gazetteer_of(name: str, table: pd.DataFrame) -> Gazetteer:
    """Make a gazetteer of a table.

    Parameters
    ----------
    name : str
    table : DataFrame
        country_code, postcode, place, region_code, region_name as text, empty where missing; latitude,
        longitude in degrees, never missing.
    """
    country = country_keys(table["country_code"])
    rows = pd.DataFrame(
        {
            "country": country,
            "postcode_text": table["postcode"].str.strip(),
            "postcode": postcode_keys(table["postcode"], country).fillna(""),
            "place_text": table["place"].str.strip(),
            "place": place_keys(table["place"]),
            "region": table["region_code"].str.strip(),
            "region_code": unique_region_codes(table["region_code"].str.strip(), country),
            "region_name": place_keys(table["region_name"]),
            "latitude": table["latitude"],
            "longitude": table["longitude"],
        }
    )
    rows["bare_place"] = bare_place_keys(rows["place"])
    # A fixed order makes sums and ties the same however the file is sorted.
    order: Sequence[str] = (
        "country",
        "postcode",
        "place",
        "region_code",
        "latitude",
        "longitude",
        "place_text",
    )
    sort_keys = [(name, "ascending") for name in order]
    rows = rows.take(pc.sort_indices(pa.Table.from_pandas(rows), sort_keys=sort_keys).to_numpy())
    rows = rows.reset_index(drop=True)
    points = Points(rows["latitude"].to_numpy(dtype=np.float64), rows["longitude"].to_numpy(dtype=np.float64))
    return Gazetteer(name, rows.drop(columns=["latitude", "longitude"]), points)


def unique_region_codes(codes: "pd.Series[str]", countries: "pd.Series[str]") -> "pd.Series[str]":
    """Return region codes no two countries share: ES-CS, unless all of a country begin with its own code."""
    pairs = pd.DataFrame({"code": codes, "country": countries}).drop_duplicates()
    pairs = pairs[pairs["code"] != ""]
    has_country = [code.startswith(own) for code, own in zip(pairs["code"], pairs["country"], strict=True)]
    is_unique = pd.Series(has_country, index=pairs.index, dtype="bool").groupby(pairs["country"]).all()
    leave = (codes == "") | countries.isin(is_unique.index[is_unique])
    return codes.where(leave, countries + "-" + codes)


def _texts(keys: "pd.Series[str]") -> "pd.Index[str]":
    distinct: pd.Index[str] = pd.Index(keys.unique(), dtype="object")
    return distinct


def _bare_region(keys: "pd.Series[str]") -> "pd.Series[str]":
    return keys.str.replace(r"\|(?:co|county|province of|okres|powiat|district) ", BETWEEN, regex=True)
