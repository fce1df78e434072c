"""Gazetteers and zonings: the files that turn an address into a point and a point into a region."""

from typing import Annotated, Literal

from pydantic import Field

from clusterpanel.spec.model import SpecModel
from clusterpanel.spec.source import Name

GazetteerColumn = Literal[
    "country_code", "postcode", "place", "region_code", "region_name", "latitude", "longitude"
]
ZoningColumn = Literal["country_code", "region_code", "region_name"]


class GazetteerSpec(SpecModel):
    """A table of postcodes and places with their coordinates (degrees, WGS84)."""

    kind: Literal["gazetteer"] = Field(description="gazetteer.")
    name: Name = Field(description="The spec's name, as in --data NAME=FOLDER.")
    title: str = Field(description="What the report calls it.")
    origin: str = Field(description="Who made it, and where it was got; the report names it.")
    licence: str = Field(description="On what terms it may be used; the report names it.")
    vintage: int | None = Field(default=None, description="The year the places are as of.")
    file: str = Field(description="Path below the folder of the spec's data.")
    format: Literal["csv", "parquet"] = Field(default="parquet", description="How the file is written.")
    separator: str = Field(
        default=",", min_length=1, max_length=1, description="Character between fields, csv only."
    )
    encoding: str = Field(default="utf-8", description="Encoding of a csv file, such as cp1252.")
    country_code: str | None = Field(
        default=None, description="The country of every row, where the file has no column for it."
    )
    columns: dict[GazetteerColumn, str] = Field(description="Canonical column = column of the file.")


class ZoningSpec(SpecModel):
    """Polygons that partition the land into regions."""

    kind: Literal["zoning"] = Field(description="zoning.")
    name: Name = Field(description="The spec's name, as in --data NAME=FOLDER.")
    title: str = Field(description="What the report calls it.")
    origin: str = Field(description="Who made it, and where it was got; the report names it.")
    licence: str = Field(description="On what terms it may be used; the report names it.")
    vintage: int | None = Field(default=None, description="The year the borders are as of.")
    file: str = Field(description="Path below the folder of the spec's data.")
    format: Literal["parquet", "geojson", "geopackage"] = Field(
        default="geojson", description="How the file is written."
    )
    columns: dict[ZoningColumn, str] = Field(description="Canonical column = column of the file.")
    where: dict[str, tuple[str | int, ...]] = Field(
        default_factory=dict, description="Keep only the rows whose column holds one of these values."
    )


PlacesSpec = Annotated[GazetteerSpec | ZoningSpec, Field(discriminator="kind")]
