"""The methods section, in sentences made from what truly ran."""

from collections.abc import Iterator
from dataclasses import dataclass

from clusterpanel.registry.registry import Registry
from clusterpanel.report.cluster_rules import draw_sentences
from clusterpanel.report.column_labels import labels_of
from clusterpanel.report.design_methods import (
    contrast_sentences,
    design_items,
    error_sentences,
    profile_sentences,
    stopped,
)
from clusterpanel.report.digits import counted, listed
from clusterpanel.report.disclosure import Results
from clusterpanel.report.geocoding_tables import placed_sentence, placed_sites
from clusterpanel.spec.places import GazetteerSpec
from clusterpanel.spec.study import CensorRule, EntryFlag, Study


@dataclass(frozen=True)
class Paragraph:
    """One heading of the methods section, its sentences, and named items below them."""

    heading: str
    sentences: tuple[str, ...]
    items: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The sentences as one text."""
        return " ".join(self.sentences)


def methods(study: Study, registry: Registry, results: Results) -> list[Paragraph]:
    """Return the methods section: sources, geocoding, clusters, panel, each design, disclosure."""
    found = [
        Paragraph("Sources", tuple(source_sentences(study, registry))),
        Paragraph("Geocoding", tuple(geocoding_sentences(study, registry))),
        Paragraph("Clusters and exposure", tuple(draw_sentences(study))),
        Paragraph("Panel", tuple(panel_sentences(study))),
        Paragraph("Designs", (), tuple(design_items(study, results))),
        Paragraph("Standard errors", tuple(error_sentences(results))),
        Paragraph("Profiles over distance", tuple(profile_sentences(study, results))),
        Paragraph("Gaps between designs", tuple(contrast_sentences(study, results))),
        Paragraph("Disclosure", (disclosure_sentence(study.spec.report.minimum_firms),)),
    ]
    return [paragraph for paragraph in found if paragraph.sentences or paragraph.items]


def source_sentences(study: Study, registry: Registry) -> list[str]:
    """Return where the data come from, on what terms, and how many rows could not be read."""
    terms = [f"Register: {s.title} (origin: {s.origin}; licence: {s.licence})." for s in study.sources]
    terms += [
        f"{place.kind.capitalize()}: {place.title} (origin: {place.origin}; licence: {place.licence})."
        for place in study.places
    ]
    names = [name for name in ("firms", "sites", "accounts") if registry.tables.has(name)]
    words = {"firms": "firms", "sites": "sites and years", "accounts": "firms' yearly accounts"}
    rows = listed([f"{counted(registry.read(name).num_rows, 'row')} of {words[name]}" for name in names])
    held = f"The registers gave {rows}"
    if not registry.tables.has("quarantine"):
        return [*terms, f"{held}."]
    aside = registry.read("quarantine").num_rows
    was = "was set aside, with its reason" if aside == 1 else "were set aside, each with its reason"
    return [*terms, f"{held}; {counted(aside, 'row')} could not be mapped and {was}."]


def geocoding_sentences(study: Study, registry: Registry) -> list[str]:
    """Return what share of site-years was placed, and how."""
    if not registry.tables.has("site_points"):
        return []
    gazetteers = [f"“{place.title}”" for place in study.places if isinstance(place, GazetteerSpec)]
    how = (
        f"Addresses were matched offline with {' and then '.join(gazetteers)}, never across countries: by "
        "postcode, else by the name of the place, else by region."
    )
    found = placed_sentence(placed_sites(registry), study.spec.report.minimum_firms)
    return [*([how] if gazetteers else []), found, "Ties were reported and never broken."]


def panel_sentences(study: Study) -> list[str]:
    """Return the panel's rules: years, places, exit and censoring, growth, ratios, flags."""
    panel, labels = study.panel, labels_of(study)
    size = labels.words(panel.size)
    return [
        f"The panel has one row per firm and year from {panel.first_year} to {panel.last_year}, for every "
        "year in which the firm has a site. A firm's place and industry are those of its main site: the "
        "largest by employment where that is known, else the first by name.",
        "A firm exits in the last year in which it is seen, whatever the cause, if that year is before "
        f"{panel.last_year}; a firm that is absent for a while and seen again has not exited. A firm seen in "
        f"{panel.last_year} is censored: whether it exits then is not known, and designs of exit set its "
        "last row aside.",
        *map(_censor_sentence, panel.censor),
        f"Growth is that of {size} from one year to the next: the change over the mean of both years "
        "(growth_dhs, between −200 and 200 %; Davis, Haltiwanger and Schuh 1996) and the difference in "
        "logarithms (growth_log). It is missing in a firm's first year, and no growth or lag is taken over a "
        "gap. Logarithms of what is not above 0 are missing.",
        *(f"{ratio.name} is {ratio.numerator} divided by {ratio.denominator}." for ratio in panel.ratios),
        *_flag_sentences(panel.flags),
    ]


def disclosure_sentence(minimum_firms: int) -> str:
    """Return the rule that hides cells."""
    if minimum_firms <= 1:
        return "The study asks that nothing be hidden (report.minimum_firms is 1)."
    return (
        f"Cells, hexagons, clusters, curves and regressions of fewer than {minimum_firms} firms are not "
        "shown, and neither is a cell from which one of them could be worked out. Firms are counted, not "
        "rows; steps of the sample flow count rows."
    )


def _censor_sentence(rule: CensorRule) -> str:
    which = listed([f"{column} {listed(values, 'or')}" for column, values in rule.where.items()])
    return (
        f"Firms with {which} are followed to {rule.after_year} and censored there: {stopped(rule.reason)} "
        "Their later rows are set aside."
    )


def _flag_sentences(flags: tuple[EntryFlag, ...]) -> Iterator[str]:
    for flag in flags:
        years = listed([str(year) for year in flag.entry_years], "or")
        yield f"{flag.name} marks firms first seen in {years}: {stopped(flag.reason)}"
