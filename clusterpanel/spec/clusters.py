"""Which industries belong together, and what is called a cluster of them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from clusterpanel.spec.model import SpecModel
from clusterpanel.spec.source import Name

NameOrNone = Annotated[str | None, AfterValidator(lambda text: text or None)]
"""A column's name; an empty text is none, since TOML cannot say none."""


class IndustryScheme(SpecModel):
    """How industry codes become the industries that clusters are drawn in."""

    groups: dict[Name, tuple[str, ...]] = Field(
        default_factory=dict, description="Cluster industry = the industry codes it holds."
    )
    exclude: tuple[str, ...] = Field(
        default=(), description="Codes no cluster is drawn in, such as a technology that every industry uses."
    )
    ungrouped: Literal["own", "none"] = Field(
        default="own", description="Codes in no group: own = a cluster industry each, none = no cluster."
    )


class DbscanDraw(SpecModel):
    """Density clusters of sites: within eps_km of a site with enough neighbours of other firms."""

    method: Literal["dbscan"] = Field(description="dbscan.")
    eps_km: float = Field(gt=0, description="How near counts as near, km.")
    minimum_members: int = Field(ge=2, description="Sites within eps_km, the site itself included.")


class LocationQuotientDraw(SpecModel):
    """Regions of a zoning where an industry is over-represented."""

    method: Literal["location_quotient"] = Field(description="location_quotient.")
    zoning: Name = Field(description="A zoning among the study's places.")
    threshold: float = Field(default=1.25, gt=0, description="Location quotient from which a region counts.")
    minimum_members: int = Field(default=2, ge=1, description="Sites of the industry in the region.")
    weight: Literal["sites", "employment"] = Field(default="sites", description="What is counted.")


class PolygonsDraw(SpecModel):
    """Clusters whose borders the user supplies."""

    method: Literal["polygons"] = Field(description="polygons.")
    file: str = Field(description="Path below the folder of the spec's data.")
    format: Literal["parquet", "geojson", "geopackage"] = Field(
        default="geojson", description="How the file is written."
    )
    cluster_id: str = Field(default="cluster_id", description="Column of the file with the cluster's name.")
    industry: NameOrNone = Field(
        default="industry", description="Column with the cluster industry; empty: every industry."
    )


class PointsDraw(SpecModel):
    """Clusters whose centres the user supplies, each a circle."""

    method: Literal["points"] = Field(description="points.")
    file: str = Field(description="Path below the folder of the spec's data.")
    radius_km: float = Field(gt=0, description="Radius of every cluster, km.")
    cluster_id: str = Field(default="cluster_id", description="Column of the CSV with the cluster's name.")
    industry: NameOrNone = Field(
        default="industry", description="Column with the cluster industry; empty: every industry."
    )
    latitude: str = Field(default="latitude", description="Column with the latitude, degrees.")
    longitude: str = Field(default="longitude", description="Column with the longitude, degrees.")


Draw = Annotated[DbscanDraw | LocationQuotientDraw | PolygonsDraw | PointsDraw, Field(discriminator="method")]


class ClusterSpec(SpecModel):
    """A scheme of industries and the rule that draws clusters of them."""

    name: Name = Field(description="The spec's name, as in --data NAME=FOLDER.")
    title: str = Field(description="What the report calls it.")
    industries: IndustryScheme = Field(
        default=IndustryScheme(), description="Which industry codes make a cluster industry."
    )
    draw: Draw = Field(description="The rule that draws clusters.")
    vintages: tuple[int, ...] = Field(
        min_length=1, description="Years clusters are drawn in; a firm-year uses the latest one not after it."
    )
    radii_km: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(5.0, 10.0, 25.0), min_length=1, description="Rings counted around a site, rising."
    )
    activity: str | None = Field(
        default=None, description="Column of sites or accounts summed in the rings, such as employment."
    )
