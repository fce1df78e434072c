"""What each design compared, on which sample and with which errors, in sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from clusterpanel.models.result import Result, SurvivalCurves
from clusterpanel.report.column_labels import ColumnLabels, capitalised, labels_of
from clusterpanel.report.digits import counted, listed, whole
from clusterpanel.report.disclosure import Results
from clusterpanel.report.distance_profile import profile_labels
from clusterpanel.report.fit_sentences import fit_sentences, instrumented, timed, weighted
from clusterpanel.report.flow_tables import design_steps, separated
from clusterpanel.report.labels import ESTIMATORS, compared, exposure_words
from clusterpanel.report.main_terms import design_facts, is_contrast
from clusterpanel.report.regression_table import few_as_text
from clusterpanel.spec.estimators import having
from clusterpanel.spec.study import Study

GROUPED = (
    "so that what a group's rows leave unexplained may be correlated in any way. Small samples: the variance "
    "is multiplied by G/(G − 1) × (n − 1)/(n − K), with G groups, n rows and K coefficients. K counts the "
    "levels of absorbed effects, but an effect nested in the groups counts as one (as in R's fixest). "
    "Intervals and p-values of least squares use Student's t with G − 1 degrees of freedom, those of "
    "likelihoods (Poisson, logit, hazards) the normal distribution."
)
STRATIFIED = having("strata")
FORMULA = ", times G/(G - 1) * (n - 1)/(n - K)"


def design_items(study: Study, results: Results) -> Iterator[tuple[str, str]]:
    """Yield the name and the description of every design that is neither a contrast nor part of a profile."""
    radii = {label for profile in study.spec.profiles for label in profile_labels(study, profile)}
    for label, result in results.items():
        if not is_contrast(result) and label not in radii:
            sentences = design_sentences(result, labels_of(study), study.spec.report.minimum_firms)
            yield label, " ".join(sentences)


def design_sentences(result: Result | SurvivalCurves, labels: ColumnLabels, minimum_firms: int) -> list[str]:
    """Return what a design compared, how, on which sample, and what was dropped on the way."""
    provenance = result.provenance
    sentences = [_what(result, labels), _sample(result.glance, minimum_firms)]
    dropped = [step for step in design_steps(provenance.get("flow", ())) if step.rows_set_aside]
    if dropped:
        rows = [f"{counted(step.rows_set_aside, 'row')} ({step.reason})" for step in dropped]
        sentences.append(f"Set aside: {'; '.join(rows)}.")
    sentences += map(stopped, map(str, provenance.get("notes", ())))
    sentences += fit_sentences(result, minimum_firms)
    if rule := str(provenance.get("vcov") or ""):
        sentences.append(f"Errors: {stopped(_rule(rule))}")
    return sentences


def error_sentences(results: Results) -> list[str]:
    """Return the rule of grouped standard errors, once for all designs that use it; nothing if none does."""
    rules = [str(result.provenance.get("vcov", "")) for result in results.values()]
    heads = dict.fromkeys(rule.partition(FORMULA)[0] for rule in rules if FORMULA in rule)
    return [f"Standard errors are {listed(list(heads), 'or')}, {GROUPED}"] if heads else []


def profile_sentences(study: Study, results: Results) -> list[str]:
    """Return what each profile repeats, and at which radii."""
    return [
        f"{profile.name} repeats the design {profile.design} with log_{profile.measure} as the exposure, "
        f"within {listed([f'{radius:g}' for radius in found])} km in turn."
        for profile in study.spec.profiles
        if (found := [r for label, r in profile_labels(study, profile).items() if label in results])
    ]


def contrast_sentences(study: Study, results: Results) -> list[str]:
    """Return how each gap was made, and where its error comes from."""
    found = [contrast for contrast in study.spec.contrasts if contrast.name in results]
    sums = [
        f"{contrast.name} is {_weighted([(t.weight, t.design) for t in contrast.terms])}."
        for contrast in found
    ]
    how = (
        "Each group (a firm, where errors are grouped by firm) moves every estimate by a known amount, its "
        "influence; a gap's variance is the sum of the squares of these amounts after they are combined like "
        "the estimates. Designs with different samples may be combined: a group that is not in a sample "
        "moves its estimate by nothing."
    )
    return [*sums, how] if found else []


def stopped(sentence: str) -> str:
    """Return a sentence that ends with a stop."""
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _rule(rule: str) -> str:
    """Return a variance's rule without the formula that is told once, its numbers made readable."""
    text = separated(rule.replace(FORMULA, ""), digits=4)
    return f"{text} distribution" if text.endswith("normal") else text


def _what(result: Result | SurvivalCurves, labels: ColumnLabels) -> str:
    design = design_facts(result)
    estimator, exposure = str(design.get("estimator", "")), str(design.get("exposure", ""))
    is_curve = isinstance(result, SurvivalCurves)
    outcome = labels.text(str(design["outcome"]))
    what = (
        f"{capitalised(ESTIMATORS.get(estimator, estimator))} of {outcome} {'by' if is_curve else 'on'} "
        f"{exposure_words(exposure, labels)}"
    )
    whom = f", comparing {compared(str(design.get('comparison', '')), str(design.get('region', '')))}"
    effects = [
        _with_levels(str(e), result.glance.get("levels", {})) for e in result.provenance.get("effects", ())
    ]
    absorbed = f", {_taken_out(estimator, effects)}" if effects and not is_curve else ""
    controls = f", holding {listed(list(design['controls']))} constant" if design.get("controls") else ""
    more = f"{instrumented(design)}{weighted(design)}{timed(design)}"
    where = "".join(
        f", only where {column} is {listed([_value(value) for value in values], 'or')}"
        for column, values in (design.get("where") or {}).items()
    )
    return f"{what}{'' if is_curve else whom}{absorbed}{controls}{more}{where}."


def _taken_out(estimator: str, effects: list[str]) -> str:
    if estimator in STRATIFIED:
        return f"with a baseline hazard for each level of {listed(effects)}"
    return f"with effects of {listed(effects)} absorbed"


def _value(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _sample(glance: Mapping[str, Any], minimum_firms: int) -> str:
    def count(key: str) -> str:
        shown = few_as_text(int(glance[key]), minimum_firms) if key != "n" else int(glance[key])
        return shown if isinstance(shown, str) else whole(shown)

    names = {"n": "firm-years", "firms": "firms", "switchers": "switchers"}
    parts = [f"{count(key)} {name}" for key, name in names.items() if glance.get(key) is not None]
    return f"Sample: {', '.join(parts)}."


def _with_levels(effect: str, levels: Mapping[str, int]) -> str:
    return f"{effect} ({counted(levels[effect], 'level')})" if effect in levels else effect


def _weighted(terms: list[tuple[float, str]]) -> str:
    text = " ".join(
        f"{'+' if weight >= 0 else '−'} {'' if abs(weight) == 1 else f'{abs(weight):g} × '}{design}"
        for weight, design in terms
    )
    return text.removeprefix("+ ")
