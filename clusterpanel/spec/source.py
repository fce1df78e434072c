"""What a register looks like: its files, their columns, and the canonical names they map to."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from clusterpanel.spec.model import SpecModel

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
TableName = Literal["firms", "sites", "accounts", "flows", "ties", "events", "cluster_attributes"]
TextFormat = Literal["csv", "fixed_width"]
FileFormat = Literal["csv", "fixed_width", "parquet", "arrow", "sas", "stata", "spss"]


class Constraints(SpecModel):
    """What a column's values must satisfy (Frictionless Table Schema's words)."""

    required: bool = Field(default=False, description="Whether a missing value sets the row aside.")
    unique: bool = Field(default=False, description="Whether a value may stand in one row only.")
    enum: tuple[str, ...] | None = Field(default=None, description="The texts that are allowed.")
    minimum: float | None = Field(default=None, description="The least number allowed.")
    maximum: float | None = Field(default=None, description="The greatest number allowed.")
    pattern: str | None = Field(default=None, description="A regular expression the whole text must match.")


class Column(SpecModel):
    """One column of a file and the canonical column it becomes."""

    name: str = Field(description="The column's name in the file.")
    to: Name = Field(description="The canonical column it becomes.")
    type: Literal["string", "integer", "number", "boolean", "date", "year"] = Field(
        default="string", description="Codes are strings: 01.10 stays 01.10."
    )
    format: str | None = Field(default=None, description="The strptime pattern of a date, such as %d/%m/%Y.")
    unit: str | None = Field(
        default=None, description="The unit, which the canonical name must end with, such as sek or tco2."
    )
    missing_values: tuple[str, ...] | None = Field(
        default=None,
        alias="missingValues",
        description="Texts that mean missing here, instead of the table's.",
    )
    constraints: Constraints = Field(
        default=Constraints(), description="What values must satisfy, or the row is set aside."
    )
    start: int | None = Field(default=None, ge=1, description="First character (from 1), fixed width only.")
    width: int | None = Field(default=None, ge=1, description="Number of characters, fixed width only.")


class YearSpan(SpecModel):
    """A row that stands for every year from one column to another (a missing end: still open)."""

    first: Name = Field(description="Canonical column with the first year.")
    last: Name = Field(description="Canonical column with the last year.")


class SourceTable(SpecModel):
    """One file of the register and the canonical table it fills."""

    table: TableName = Field(description="The canonical table it fills.")
    file: str = Field(description="Path below the register's folder; .gz is unpacked on the way.")
    format: FileFormat = Field(default="csv", description="How the file is written.")
    separator: str = Field(
        default=",", min_length=1, max_length=1, description="Character between fields, csv only."
    )
    quote: str = Field(default='"', max_length=1, description="Character around texts; empty: none.")
    decimal: Literal[".", ","] = Field(default=".", description="Character before decimals.")
    encoding: str = Field(default="utf-8", description="Encoding of a text file, such as cp1252.")
    header: bool = Field(default=True, description="Whether the first line names the columns.")
    missing_values: tuple[str, ...] = Field(
        default=("",), alias="missingValues", description="Texts that mean missing."
    )
    columns: tuple[Column, ...] = Field(min_length=1, description="The file's columns that are used.")
    constants: dict[Name, str] = Field(
        default_factory=dict, description="Canonical text columns, or year, with one value for every row."
    )
    years: YearSpan | None = Field(default=None, description="Expand each row to one row per year.")


class SourceSpec(SpecModel):
    """One register: where it comes from, on what terms, and how its files map to the canonical tables."""

    name: Name = Field(description="The source's name, as in --data NAME=FOLDER.")
    title: str = Field(description="What the report calls it.")
    origin: str = Field(description="Who made it, and where it was got; the report names it.")
    licence: str = Field(description="On what terms it may be used; the report names it.")
    crs: str = Field(default="EPSG:4326", description="The coordinate system of easting and northing.")
    max_quarantined_share: float = Field(
        default=0.01, ge=0, le=1, description="More rows than this share set aside is an error."
    )
    tables: tuple[SourceTable, ...] = Field(min_length=1, description="The register's files.")
