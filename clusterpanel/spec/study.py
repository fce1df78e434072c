"""A study: which registers, places and clusters, the panel's rules, the designs and the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from clusterpanel.spec.clusters import ClusterSpec
from clusterpanel.spec.design import ContrastSpec, DesignSpec, ProfileSpec
from clusterpanel.spec.model import SpecModel
from clusterpanel.spec.panel_weights import PanelWeights
from clusterpanel.spec.places import GazetteerSpec, PlacesSpec, ZoningSpec
from clusterpanel.spec.source import Name, SourceSpec


class RatioSpec(SpecModel):
    """A panel column that is one account divided by another."""

    name: Name = Field(description="The column's name, with its unit.")
    numerator: Name = Field(description="A measure of the sources.")
    denominator: Name = Field(description="A measure of the sources.")


class CensorRule(SpecModel):
    """Firms whose disappearance after a year says nothing about them."""

    where: dict[Name, tuple[str, ...]] = Field(description="Place column = the values of these firms.")
    after_year: int = Field(description="The last year these firms are followed.")
    reason: str = Field(description="Why, as the report will say.")


class EntryFlag(SpecModel):
    """A yes/no column for firms that entered in given years."""

    name: Name = Field(description="The column's name, such as is_regulatory_entry.")
    entry_years: tuple[int, ...] = Field(description="First years seen that set the flag.")
    reason: str = Field(description="Why, as the report will say.")


class ContinuityRule(SpecModel):
    """When moving workers show that a new or ended firm is an old one in another form."""

    share: float = Field(
        default=0.7, gt=0.5, le=1, description="The share of a firm's staff that must move together."
    )
    minimum_workers: float = Field(
        default=5, gt=0, description="Fewer movers than this link no firms: a small staff moves by chance."
    )


class PanelSpec(SpecModel):
    """The rules that turn registers into one row per firm and year."""

    first_year: int = Field(description="First year of the study.")
    last_year: int = Field(description="Last year of the study.")
    size: Name = Field(description="The account or site column that growth is the growth of.")
    ratios: tuple[RatioSpec, ...] = Field(default=(), description="Columns that divide measures.")
    logs: tuple[Name, ...] = Field(default=(), description="Columns that also get a log_ column.")
    lags: tuple[Name, ...] = Field(
        default=(), description="Columns that also get a lag_ column; no gap is jumped."
    )
    censor: tuple[CensorRule, ...] = Field(default=(), description="Firms that leave without having ended.")
    flags: tuple[EntryFlag, ...] = Field(default=(), description="Yes/no columns by year of entry.")
    continuity: ContinuityRule | None = Field(
        default=None, description="Tell renamed, split and merged firms by flows of workers; none: not told."
    )


class ReportSpec(SpecModel):
    """What the report shows and hides."""

    minimum_firms: int = Field(default=5, ge=1, description="A cell with fewer firms is not shown.")
    describe: tuple[Name, ...] = Field(default=(), description="Columns of the descriptive table.")
    map: Literal["density", "sites"] = Field(
        default="density", description="sites draws each site, which reveals where firms are."
    )
    headline: Name | None = Field(default=None, description="The contrast or design the headline quotes.")


class StudySpec(SpecModel):
    """The study's own file; the specs it names are read beside it."""

    name: Name = Field(description="The study's name.")
    title: str = Field(description="The report's title.")
    question: str = Field(default="", description="What the study asks, as the report will say.")
    sources: tuple[str, ...] = Field(min_length=1, description="Names of source specs, or paths to them.")
    places: tuple[str, ...] = Field(default=(), description="Names of places specs, or paths to them.")
    clusters: str = Field(description="Name of a cluster spec, or the path to it.")
    panel: PanelSpec = Field(description="The panel's rules.")
    weights: tuple[PanelWeights, ...] = Field(
        default=(), description="Columns of weights: against selective exit, or for a changing exposure."
    )
    designs: tuple[DesignSpec, ...] = Field(min_length=1, description="What is estimated.")
    contrasts: tuple[ContrastSpec, ...] = Field(default=(), description="Gaps between designs.")
    profiles: tuple[ProfileSpec, ...] = Field(default=(), description="Designs repeated by radius.")
    report: ReportSpec = Field(default=ReportSpec(), description="What the report shows.")


@dataclass(frozen=True)
class Study:
    """A study with every spec it names, checked, and the folder of every input.

    Attributes
    ----------
    path : Path
        The study's TOML file.
    spec : StudySpec
    sources : tuple of SourceSpec
    places : tuple of GazetteerSpec or ZoningSpec
    cluster_spec : ClusterSpec
    folders : mapping of str to Path
        The folder that holds the files of each source, places or cluster spec, by the spec's name.
    """

    path: Path
    spec: StudySpec
    sources: tuple[SourceSpec, ...]
    places: tuple[PlacesSpec, ...]
    cluster_spec: ClusterSpec
    folders: Mapping[str, Path]

    @property
    def name(self) -> str:
        """The study's name."""
        return self.spec.name

    @property
    def panel(self) -> PanelSpec:
        """The rules of the panel."""
        return self.spec.panel

    @property
    def designs(self) -> tuple[DesignSpec, ...]:
        """The designs to estimate."""
        return self.spec.designs

    @property
    def gazetteers(self) -> tuple[GazetteerSpec, ...]:
        """The places specs that are gazetteers, in the order they are tried."""
        return tuple(place for place in self.places if isinstance(place, GazetteerSpec))

    @property
    def zonings(self) -> tuple[ZoningSpec, ...]:
        """The places specs that are zonings; the first one gives region_code."""
        return tuple(place for place in self.places if isinstance(place, ZoningSpec))

    def folder_of(self, name: str) -> Path:
        """Return the folder that holds the files of the spec called `name`."""
        return self.folders[name]
