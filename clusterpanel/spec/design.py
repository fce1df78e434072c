"""What is estimated: designs, the gaps between them, and profiles over distance."""

from typing import Literal

from pydantic import Field

from clusterpanel.spec.model import SpecModel
from clusterpanel.spec.source import Name

Vcov = dict[Literal["CRV1"], str] | Literal["iid", "HC1"]


class DesignSpec(SpecModel):
    """One estimate: an outcome, an exposure, and the comparison that identifies its effect."""

    name: Name
    comparison: Literal["pooled", "region", "within"] = Field(
        description="pooled: all firms; region: firms of a region; within: a firm with itself over time."
    )
    estimator: Literal["ols", "cloglog", "kaplan_meier"] = "ols"
    outcome: str
    exposure: str
    region: Name = Field(default="region_code", description="The effects a region comparison absorbs.")
    controls: tuple[str, ...] = ()
    absorb: tuple[str, ...] = Field(
        default=(), description="Effects beyond the comparison's own, such as year or industry_code^year."
    )
    vcov: Vcov = Field(default={"CRV1": "firm_id"}, description="CRV1 = the column errors are grouped by.")
    where: dict[str, tuple[str | int | bool, ...]] = Field(
        default_factory=dict, description="Keep only the rows whose column holds one of these values."
    )


class ContrastTerm(SpecModel):
    """One design's estimate and its weight in a contrast."""

    design: Name
    weight: float


class ContrastSpec(SpecModel):
    """A linear combination of designs' estimates, such as sorting = pooled - within."""

    name: Name
    title: str
    terms: tuple[ContrastTerm, ...] = Field(min_length=2)


class ProfileSpec(SpecModel):
    """One design repeated with the exposure measured within each radius of the cluster spec."""

    name: Name
    title: str
    design: Name = Field(description="The design whose exposure is replaced.")
    measure: Literal["own_count", "own_activity", "all_count", "all_activity"] = "own_count"
