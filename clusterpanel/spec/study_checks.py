"""What a study must satisfy: its names, its panel's rules, its contrasts, profiles and report."""

from collections import Counter
from collections.abc import Iterator, Sequence

from clusterpanel.errors import Fault
from clusterpanel.spec.clusters import ClusterSpec
from clusterpanel.spec.columns import (
    TEXT_COLUMNS,
    exposure_columns,
    measures,
    panel_column_pairs,
    radius_label,
)
from clusterpanel.spec.design import ContrastSpec, DesignSpec
from clusterpanel.spec.design_rules import stands_for_levels
from clusterpanel.spec.estimators import IN_OUTCOME_UNITS, estimator_of, scale_of, vcov_key
from clusterpanel.spec.faults import Place, did_you_mean, listed, nearest
from clusterpanel.spec.parse import SpecFile
from clusterpanel.spec.source import SourceSpec
from clusterpanel.spec.study import PanelSpec, StudySpec

WITH_INFLUENCE = ("CRV1", "CRV2", "CRV3")
CENSOR_TABLES = ("country_code", "region_code", "industry_code", "cluster_industry")


def check_study(file: SpecFile[StudySpec]) -> Iterator[Fault]:
    """Yield every fault of a study that can be seen without the specs it names."""
    if file.model is None:
        return
    yield from _check_names(file, file.model)
    yield from _check_years(file, file.model.panel)
    for index, contrast in enumerate(file.model.contrasts):
        yield from _check_contrast(file, index, contrast, file.model.designs)
    yield from _check_profiles(file, file.model)
    contrasts = [contrast.name for contrast in file.model.contrasts]
    headlines = [*contrasts, *(design.name for design in file.model.designs)]
    if (headline := file.model.report.headline) is not None and headline not in headlines:
        place = ("report", "headline")
        yield file.fault_of(
            place, f"a contrast or design: {listed(headlines)}", did_you_mean(headline, headlines)
        )


def _check_names(file: SpecFile[StudySpec], spec: StudySpec) -> Iterator[Fault]:
    names: dict[str, list[str]] = {
        "designs": [design.name for design in spec.designs],
        "contrasts": [contrast.name for contrast in spec.contrasts],
        "profiles": [profile.name for profile in spec.profiles],
    }
    taken: dict[str, str] = {}
    for kind, named in names.items():
        for index, name in enumerate(named):
            if name in taken:
                came = f'"{name}", which {taken[name]} has too'
                yield file.fault((kind, index, "name"), came, "a name of its own")
            taken.setdefault(name, f"[[{kind}]] {index + 1}")
    for key, specs in (("sources", spec.sources), ("places", spec.places)):
        for index, name in enumerate(specs):
            if name in specs[:index]:
                yield file.fault((key, index), f'"{name}" again', "each spec once")


def _check_years(file: SpecFile[StudySpec], panel: PanelSpec) -> Iterator[Fault]:
    years = range(panel.first_year, panel.last_year + 1)
    if panel.first_year > panel.last_year:
        yield file.fault_of(("panel", "first_year"), f"at most the last year, {panel.last_year}")
        return
    allowed = f"years of the study, {panel.first_year} to {panel.last_year}"
    for index, rule in enumerate(panel.censor):
        if rule.after_year not in years:
            yield file.fault_of(("panel", "censor", index, "after_year"), allowed)
        if not rule.where:
            yield file.fault(("panel", "censor", index, "where"), "an empty table", "a column and its values")
    for index, flag in enumerate(panel.flags):
        for number, year in enumerate(flag.entry_years):
            if year not in years:
                yield file.fault_of(("panel", "flags", index, "entry_years", number), allowed)


def _check_contrast(
    file: SpecFile[StudySpec], index: int, contrast: ContrastSpec, designs: Sequence[DesignSpec]
) -> Iterator[Fault]:
    known = {design.name: design for design in designs}
    for number, term in enumerate(contrast.terms):
        if term.design not in known:
            here = ("contrasts", index, "terms", number, "design")
            yield file.fault_of(here, f"a design: {listed(known)}", did_you_mean(term.design, known))
    used = [known[term.design] for term in contrast.terms if term.design in known]
    estimators = list(dict.fromkeys(design.estimator for design in used))
    place = ("contrasts", index, "terms")
    curves = [one for one in used if estimator_of(one).is_curve]
    if curves:
        kinds = listed(dict.fromkeys(one.estimator for one in curves))
        came = f"{kinds} ({listed(one.name for one in curves)})"
        yield file.fault(place, came, "others: survival curves have no single estimate to combine")
    elif len(_scales(used)) > 1:
        allowed = f"designs of one estimator, or of {listed(IN_OUTCOME_UNITS)}, whose scales agree"
        yield file.fault(place, f"{' and '.join(estimators)} together", allowed)
    yield from _check_contrast_errors(file, place, [one for one in used if one not in curves])
    for number, term in enumerate(contrast.terms):
        if term.design in known and stands_for_levels(known[term.design]):
            came = (
                f'"{term.design}", whose exposure {known[term.design].exposure} has a coefficient per level'
            )
            yield file.fault((*place, number, "design"), came, "designs whose exposure has one coefficient")


def _check_contrast_errors(
    file: SpecFile[StudySpec], place: Place, designs: Sequence[DesignSpec]
) -> Iterator[Fault]:
    ways = {() if isinstance(design.vcov, str) else design.vcov.ways for design in designs}
    has_influence = all(vcov_key(design) in WITH_INFLUENCE for design in designs)
    if len(ways) > 1 or not has_influence or any(len(way) != 1 for way in ways):
        rules = dict.fromkeys(map(_rule, designs))
        allowed = "designs whose errors are grouped by one column, since they are combined group by group"
        yield file.fault(place, f"errors of {' and '.join(rules)}", allowed)


def _rule(design: DesignSpec) -> str:
    key = vcov_key(design)
    ways = () if isinstance(design.vcov, str) else design.vcov.ways
    return f"{key} by {' and '.join(ways)}" if ways else key


def _scales(designs: Sequence[DesignSpec]) -> set[str]:
    return {scale_of(design.estimator) for design in designs}


def check_contrast_outcomes(file: SpecFile[StudySpec], columns: Sequence[str]) -> Iterator[Fault]:
    """Yield a fault for each contrast of designs with different outcomes, where the outcomes are known."""
    if file.model is None:
        return
    known = {design.name: design for design in file.model.designs}
    for index, contrast in enumerate(file.model.contrasts):
        used = [known[term.design] for term in contrast.terms if term.design in known]
        is_told = len(_scales(used)) > 1
        outcomes = list(dict.fromkeys(design.outcome for design in used if design.outcome in columns))
        if len(outcomes) > 1 and not is_told:
            came = f"the outcomes {' and '.join(outcomes)}"
            yield file.fault(("contrasts", index, "terms"), came, "designs of one outcome")


def _check_profiles(file: SpecFile[StudySpec], spec: StudySpec) -> Iterator[Fault]:
    known = {design.name: design for design in spec.designs}
    for index, profile in enumerate(spec.profiles):
        here = ("profiles", index, "design")
        if profile.design not in known:
            yield file.fault_of(here, f"a design: {listed(known)}", did_you_mean(profile.design, known))
        elif estimator_of(known[profile.design]).is_curve:
            came = f'"{profile.design}", a {known[profile.design].estimator} design'
            yield file.fault(here, came, "a design with an estimate")


def check_profile_measures(file: SpecFile[StudySpec], clusters: ClusterSpec) -> Iterator[Fault]:
    """Yield the faults of profiles beside the cluster spec."""
    if file.model is None:
        return
    designs = [design.name for design in file.model.designs]
    names = [*designs, *(contrast.name for contrast in file.model.contrasts)]
    for index, profile in enumerate(file.model.profiles):
        if profile.measure.endswith("_activity") and clusters.activity is None:
            allowed = "own_count or all_count, since the cluster spec has no activity"
            yield file.fault_of(("profiles", index, "measure"), allowed)
        for name in (f"{profile.name}_{radius_label(radius)}km" for radius in clusters.radii_km):
            if name in names:
                came = f'"{profile.name}", whose estimate "{name}" has the name of another'
                yield file.fault(("profiles", index, "name"), came, "a name of its own")


def check_panel(
    file: SpecFile[StudySpec], sources: Sequence[SourceSpec], clusters: ClusterSpec
) -> Iterator[Fault]:
    """Yield the faults of the panel's rules and of the report's columns beside the sources' measures."""
    if file.model is None:
        return
    panel = file.model.panel
    accounts = list(measures(sources))
    ratios = [ratio.name for ratio in panel.ratios]
    amounts = [*accounts, *ratios]
    near = [name for name in exposure_columns(clusters) if name not in TEXT_COLUMNS]
    lagged = [*amounts, *(f"log_{name}" for name in panel.logs), "growth_log", "growth_dhs", *near]
    yield from _known(file, ("panel", "size"), panel.size, accounts)
    for index, ratio in enumerate(panel.ratios):
        yield from _known(file, ("panel", "ratios", index, "numerator"), ratio.numerator, accounts)
        yield from _known(file, ("panel", "ratios", index, "denominator"), ratio.denominator, accounts)
    for key, names, choices in (("logs", panel.logs, amounts), ("lags", panel.lags, lagged)):
        for index, name in enumerate(names):
            yield from _known(file, ("panel", key, index), name, choices)
    for index, rule in enumerate(panel.censor):
        for name in rule.where:
            yield from _known(file, ("panel", "censor", index, "where", name), name, CENSOR_TABLES)
    columns = [name for name, _ in panel_column_pairs(file.model, sources, clusters)]
    for index, name in enumerate(file.model.report.describe):
        yield from _known(file, ("report", "describe", index), name, columns)
    yield from _check_made_twice(file, columns)


def _known(file: SpecFile[StudySpec], place: Place, name: str, choices: Sequence[str]) -> Iterator[Fault]:
    if name not in choices:
        yield file.fault(place, f'"{name}"', nearest(name, choices), did_you_mean(name, choices))


def _check_made_twice(file: SpecFile[StudySpec], columns: Sequence[str]) -> Iterator[Fault]:
    for name, times in Counter(columns).items():
        if times > 1:
            came = f'{times} columns called "{name}"'
            allowed = "each panel column once, among measures, ratios, logs, lags, flags and the panel's own"
            yield file.fault(("panel",), came, allowed)
