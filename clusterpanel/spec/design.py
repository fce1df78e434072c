"""What is estimated: designs, the gaps between them, and profiles over distance."""

from typing import Literal

from pydantic import Field

from clusterpanel.spec.model import SpecModel
from clusterpanel.spec.source import Name

Vcov = dict[Literal["CRV1"], str] | Literal["iid", "HC1"]


class DesignSpec(SpecModel):
    """One estimate: an outcome, an exposure, and the comparison that identifies its effect."""

    name: Name = Field(description="The design's name, the label of its estimate.")
    comparison: Literal["pooled", "region", "within"] = Field(
        description="pooled: all firms; region: firms of a region; within: a firm with itself over time."
    )
    estimator: Literal["ols", "cloglog", "kaplan_meier"] = Field(
        default="ols",
        description="cloglog: a discrete-time hazard (not within); kaplan_meier: survival curves (pooled).",
    )
    outcome: str = Field(description="Panel column that is explained.")
    exposure: str = Field(description="Panel column whose effect is asked for, such as in_cluster.")
    region: Name = Field(default="region_code", description="The effects a region comparison absorbs.")
    controls: tuple[str, ...] = Field(default=(), description="Panel columns held constant.")
    absorb: tuple[str, ...] = Field(
        default=(), description="Effects beyond the comparison's own, such as year or industry_code^year."
    )
    vcov: Vcov = Field(
        default={"CRV1": "firm_id"}, description="{ CRV1 = the column errors are grouped by }, HC1 or iid."
    )
    where: dict[str, tuple[str | int | bool, ...]] = Field(
        default_factory=dict, description="Keep only the rows whose column holds one of these values."
    )


class ContrastTerm(SpecModel):
    """One design's estimate and its weight in a contrast."""

    design: Name = Field(description="The design whose estimate is taken.")
    weight: float = Field(description="What it is multiplied with.")


class ContrastSpec(SpecModel):
    """A linear combination of designs' estimates, such as sorting = pooled - within."""

    name: Name = Field(description="The contrast's name, the label of its estimate.")
    title: str = Field(description="What the report calls it.")
    terms: tuple[ContrastTerm, ...] = Field(min_length=2, description="Designs and their weights.")


class ProfileSpec(SpecModel):
    """One design repeated with the exposure measured within each radius of the cluster spec."""

    name: Name = Field(description="Estimates are labelled NAME_RADIUSkm.")
    title: str = Field(description="What the report calls it.")
    design: Name = Field(description="The design whose exposure is replaced.")
    measure: Literal["own_count", "own_activity", "all_count", "all_activity"] = Field(
        default="own_count", description="What is counted: own = of the firm's industry, all = of any."
    )
