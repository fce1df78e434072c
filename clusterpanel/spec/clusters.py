"""Which industries belong together, and what is called a cluster of them."""

from typing import Annotated, Literal

from pydantic import Field

from clusterpanel.spec.model import SpecModel
from clusterpanel.spec.source import Name


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

    method: Literal["dbscan"]
    eps_km: float = Field(gt=0)
    minimum_members: int = Field(ge=2, description="Sites within eps_km, the site itself included.")


class LocationQuotientDraw(SpecModel):
    """Regions of a zoning where an industry is over-represented."""

    method: Literal["location_quotient"]
    zoning: Name
    threshold: float = Field(default=1.25, gt=0)
    minimum_members: int = Field(default=2, ge=1)
    weight: Literal["sites", "employment"] = "sites"


class PolygonsDraw(SpecModel):
    """Clusters whose borders the user supplies."""

    method: Literal["polygons"]
    file: str
    format: Literal["parquet", "geojson", "geopackage"] = "geojson"
    cluster_id: str = Field(default="cluster_id", description="Column of the file with the cluster's name.")
    industry: str | None = Field(
        default="industry", description="Column with the cluster industry; none: every industry."
    )


class PointsDraw(SpecModel):
    """Clusters whose centres the user supplies, each a circle."""

    method: Literal["points"]
    file: str
    radius_km: float = Field(gt=0)
    cluster_id: str = Field(default="cluster_id", description="Column of the CSV with the cluster's name.")
    industry: str | None = Field(default="industry", description="Column with the cluster industry.")
    latitude: str = "latitude"
    longitude: str = "longitude"


Draw = Annotated[DbscanDraw | LocationQuotientDraw | PolygonsDraw | PointsDraw, Field(discriminator="method")]


class ClusterSpec(SpecModel):
    """A scheme of industries and the rule that draws clusters of them."""

    name: Name
    title: str
    industries: IndustryScheme = IndustryScheme()
    draw: Draw
    vintages: tuple[int, ...] = Field(
        min_length=1, description="Years clusters are drawn in; a firm-year uses the latest one not after it."
    )
    radii_km: tuple[float, ...] = Field(default=(5.0, 10.0, 25.0), description="Rings counted around a site.")
    activity: str | None = Field(
        default=None, description="Column of sites or accounts summed in the rings, such as employment."
    )
