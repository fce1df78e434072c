"""Gazetteers and zonings: the files that turn an address into a point and a point into a region."""

from typing import Literal

from pydantic import Field

from clusterpanel.spec.model import SpecModel
from clusterpanel.spec.source import Name

GazetteerColumn = Literal[
    "country_code", "postcode", "place", "region_code", "region_name", "latitude", "longitude"
]
ZoningColumn = Literal["country_code", "region_code", "region_name"]


class GazetteerSpec(SpecModel):
    """A table of postcodes and places with their coordinates (degrees, WGS84)."""

    kind: Literal["gazetteer"]
    name: Name
    title: str
    origin: str
    licence: str
    vintage: int | None = Field(default=None, description="The year the places are as of.")
    file: str
    format: Literal["csv", "parquet"] = "parquet"
    separator: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    country_code: str | None = Field(
        default=None, description="The country of every row, where the file has no column for it."
    )
    columns: dict[GazetteerColumn, str] = Field(description="Canonical column = column of the file.")


class ZoningSpec(SpecModel):
    """Polygons that partition the land into regions."""

    kind: Literal["zoning"]
    name: Name
    title: str
    origin: str
    licence: str
    vintage: int | None = Field(default=None, description="The year the borders are as of.")
    file: str
    format: Literal["parquet", "geojson", "geopackage"] = "geojson"
    columns: dict[ZoningColumn, str] = Field(description="Canonical column = column of the file.")
    where: dict[str, tuple[str | int, ...]] = Field(
        default_factory=dict, description="Keep only the rows whose column holds one of these values."
    )


PlacesSpec = GazetteerSpec | ZoningSpec
