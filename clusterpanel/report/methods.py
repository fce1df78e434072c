"""The methods section, in sentences made from what truly ran."""

from collections.abc import Mapping
from dataclasses import dataclass

from clusterpanel.models.result import Result, SurvivalCurves
from clusterpanel.registry.registry import Registry
from clusterpanel.report.cluster_rules import draw_sentences
from clusterpanel.report.digits import percent, whole
from clusterpanel.report.disclosure import Results, is_few
from clusterpanel.report.distance_profile import profile_labels
from clusterpanel.report.estimate_tables import few_as_text
from clusterpanel.report.flow_tables import design_steps
from clusterpanel.report.geocoding_tables import STATUSES, placed_sites
from clusterpanel.report.labels import COMPARISONS, ESTIMATORS
from clusterpanel.report.main_terms import design_facts, is_contrast
from clusterpanel.spec.study import Study


@dataclass(frozen=True)
class Paragraph:
    """One heading of the methods section and its sentences."""

    heading: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """The sentences as one text."""
        return " ".join(self.sentences)


def methods(study: Study, registry: Registry, results: Results) -> list[Paragraph]:
    """Return the methods section: sources, geocoding, clusters, panel, each design, disclosure."""
    radii = {label for profile in study.spec.profiles for label in profile_labels(study, profile)}
    found = [
        Paragraph("Sources", tuple(source_sentences(study, registry))),
        Paragraph("Geocoding", tuple(geocoding_sentences(study, registry))),
        Paragraph("Clusters and exposure", tuple(draw_sentences(study))),
        Paragraph("Panel", tuple(panel_sentences(study))),
        *(
            Paragraph(f"Design {label}", tuple(design_sentences(result, study.spec.report.minimum_firms)))
            for label, result in results.items()
            if not is_contrast(result) and label not in radii
        ),
        Paragraph("Profiles", tuple(profile_sentences(study, results))),
        Paragraph("Gaps", tuple(contrast_sentences(study, results))),
        Paragraph("Disclosure", (disclosure_sentence(study.spec.report.minimum_firms),)),
    ]
    return [paragraph for paragraph in found if paragraph.sentences]


def source_sentences(study: Study, registry: Registry) -> list[str]:
    """Return where the data come from, on what terms, and how many rows could not be read."""
    terms = [
        f"{s.title} (origin: {s.origin}; licence: {s.licence})." for s in (*study.sources, *study.places)
    ]
    names = [name for name in ("firms", "sites", "accounts") if registry.tables.has(name)]
    rows = ", ".join(f"{whole(registry.read(name).num_rows)} rows of {name}" for name in names)
    if not registry.tables.has("quarantine"):
        return [*terms, f"They give {rows}."]
    aside = registry.read("quarantine").num_rows
    return [
        *terms,
        f"They give {rows}; {whole(aside)} rows could not be mapped and were set aside with their reason.",
    ]


def geocoding_sentences(study: Study, registry: Registry) -> list[str]:
    """Return what share of site-years was placed, and how."""
    if not registry.tables.has("site_points"):
        return []
    rows = {
        status: (sites, firms) for _, status, sites, firms, _ in placed_sites(registry).count("1", "status")
    }
    total = sum(sites for sites, _ in rows.values())
    counts = [rows.get(status, (0, 0)) for status in STATUSES]
    minimum = study.spec.report.minimum_firms
    shares = [
        f"{status} {percent(sites / total)}" if not is_few(firms, minimum) else f"{status} a few"
        for status, (sites, firms) in zip(STATUSES, counts, strict=True)
        if sites
    ]
    names = " then ".join(gazetteer.title for gazetteer in study.gazetteers)
    how = f"Addresses were matched offline with {names}, inside their country." if names else ""
    return [how, f"Of {whole(total)} site-years: {', '.join(shares)}. Ties were reported and never broken."]


def panel_sentences(study: Study) -> list[str]:
    """Return the panel's rules: years, growth, lags, censoring, flags."""
    panel = study.panel
    sentences = [
        f"One row per firm and year, {panel.first_year} to {panel.last_year}, for the years in "
        "which the firm has a site; "
        "a firm stands where its largest site does.",
        f"Growth is that of {panel.size} from one year to the next, in logs and by Davis, "
        "Haltiwanger and Schuh's rate; "
        "no lag or growth rate jumps a gap.",
        f"A firm last seen before {panel.last_year} exits that year; one still there is censored.",
    ]
    sentences += [
        f"{ratio.name} is {ratio.numerator} divided by {ratio.denominator}." for ratio in panel.ratios
    ]
    for rule in panel.censor:
        which = " and ".join(f"{column} {', '.join(values)}" for column, values in rule.where.items())
        sentences.append(
            f"Firms with {which} are followed to {rule.after_year} and censored there: "
            f"{_stopped(rule.reason)}"
        )
    for flag in panel.flags:
        years = ", ".join(map(str, flag.entry_years))
        sentences.append(f"{flag.name} marks firms that entered in {years}: {_stopped(flag.reason)}")
    return sentences


def design_sentences(result: Result | SurvivalCurves, minimum_firms: int) -> list[str]:
    """Return what a design compared, how, on which sample, and what was dropped on the way."""
    design, glance, provenance = design_facts(result), result.glance, result.provenance
    estimator = str(design.get("estimator", ""))
    comparison = str(design.get("comparison", ""))
    controls = ", ".join(design.get("controls", ()))
    what = f"{ESTIMATORS.get(estimator, estimator)} of {design['outcome']} on {design.get('exposure')}"
    sentences = [f"{what[:1].upper()}{what[1:]}, comparing {COMPARISONS.get(comparison, comparison)}."]
    if controls:
        sentences.append(f"Controls: {controls}.")
    if effects := provenance.get("effects"):
        sentences.append(
            f"Effects absorbed: {', '.join(_with_levels(str(e), glance.get('levels', {})) for e in effects)}."
        )
    if isinstance(result, Result) and provenance.get("vcov"):
        sentences.append(f"Standard errors: {_stopped(str(provenance['vcov']))}")
    if where := design.get("where"):
        kept = " and ".join(
            f"{column} is {' or '.join(map(str, values))}" for column, values in where.items()
        )
        sentences.append(f"Only rows where {kept}.")
    sentences.append(_sample(glance, minimum_firms))
    dropped = [step for step in design_steps(provenance.get("flow", ())) if step.rows_set_aside]
    sentences += [f"{whole(step.rows_set_aside)} rows set aside: {_stopped(step.reason)}" for step in dropped]
    return [*sentences, *map(_stopped, map(str, provenance.get("notes", ())))]


def profile_sentences(study: Study, results: Results) -> list[str]:
    """Return what each profile repeats, and at which radii."""
    return [
        f"{profile.name} repeats the design {profile.design} with {profile.measure} as the exposure, "
        f"within {', '.join(f'{radius:g}' for radius in found)} km in turn."
        for profile in study.spec.profiles
        if (found := [r for label, r in profile_labels(study, profile).items() if label in results])
    ]


def contrast_sentences(study: Study, results: Results) -> list[str]:
    """Return how each gap was made."""
    return [
        f"{contrast.name} is "
        f"{' '.join(f'{term.weight:+g} × {term.design}' for term in contrast.terms).removeprefix('+')}, "
        "its error from the influence of each unit on all parts."
        for contrast in study.spec.contrasts
        if contrast.name in results
    ]


def disclosure_sentence(minimum_firms: int) -> str:
    """Return the rule that hides cells."""
    if minimum_firms <= 1:
        return "The study asks that nothing be hidden: report.minimum_firms is 1."
    return (
        f"Cells, hexagons, clusters, curves and regressions of fewer than {minimum_firms} firms "
        "are not shown, and neither "
        "is a cell from which one of them could be worked out. Firms are counted, not rows; "
        "steps of the sample flow "
        "count rows."
    )


def _sample(glance: Mapping[str, object], minimum_firms: int) -> str:
    parts = [f"{whole(glance['n'])} firm-years" if glance.get("n") is not None else ""]  # type: ignore[arg-type]
    for key, name in (("firms", "firms"), ("switchers", "firms whose exposure changes")):
        if (count := glance.get(key)) is not None:
            shown = few_as_text(int(count), minimum_firms)  # type: ignore[call-overload]
            parts.append(f"{shown if isinstance(shown, str) else whole(shown)} {name}")
    return f"Sample: {', '.join(part for part in parts if part)}."


def _with_levels(effect: str, levels: Mapping[str, int]) -> str:
    return f"{effect} ({whole(levels[effect])} levels)" if effect in levels else effect


def _stopped(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
