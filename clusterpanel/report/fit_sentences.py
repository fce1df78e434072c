"""What a fit says of itself: its instruments, its variance components, how effects were taken out."""

from collections.abc import Iterator, Mapping
from typing import Any

from clusterpanel.models.result import Result, SurvivalCurves
from clusterpanel.report.digits import fixed, listed, p_value, significant
from clusterpanel.report.survival_facts import survival_sentences

Facts = Mapping[str, Any]


def instrumented(design: Facts) -> str:
    """Return by what the exposure or other regressors are instrumented, to go on a sentence with."""
    if not design.get("instruments"):
        return ""
    named = list(design.get("endogenous") or ())
    whom = f"{listed(named)} " if named else ""
    return f", {whom}instrumented by {listed(list(design['instruments']))}"


def weighted(design: Facts) -> str:
    """Return a design's weights and offset, to go on a sentence with."""
    kinds = [(kind, column) for kind, column in (design.get("weights") or {}).items() if column]
    weights = "".join(f", with {kind} weights {column}" for kind, column in kinds)
    offset = design.get("offset")
    return f"{weights}, with {offset} added as an offset" if offset else weights


def timed(design: Facts) -> str:
    """Return a survival design's times, ties, cause and frailty, to go on a sentence with."""
    parts = [
        f"at risk from {design['start']} to {design['stop']}" if design.get("start") else "",
        f"with {str(design['ties']).capitalize()}'s ties" if design.get("ties") else "",
        f"other causes than {design['cause_of_interest']} {_others(design)}" if _has_cause(design) else "",
        f"with a gamma frailty of each {design['frailty']}" if design.get("frailty") else "",
        f"the hazard changing at {listed([f'{cut:g}' for cut in design['cuts']])}"
        if design.get("cuts")
        else "",
    ]
    return "".join(f", {part}" for part in parts if part)


def _has_cause(design: Facts) -> bool:
    return bool(design.get("cause_of_interest")) and design.get("estimator") != "competing_logit"


def _others(design: Facts) -> str:
    return "competing" if design.get("estimator") == "fine_gray" else "censored"


def fit_sentences(result: Result | SurvivalCurves, minimum_firms: int = 1) -> list[str]:
    """Return what the fit of a design tells beside its coefficients; nothing where it tells nothing."""
    glance = result.glance
    return [
        *_components(glance),
        *_instruments(glance),
        *survival_sentences(glance, minimum_firms),
        *_path(glance),
    ]


def _components(glance: Facts) -> Iterator[str]:
    if "share_firm" not in glance:
        return
    floored = ", the firms' having come out negative" if glance.get("is_sigma2_firm_floored") else ""
    yield (
        f"Variance components: {glance['components']}; the firms' is {significant(glance['sigma2_firm'])}, "
        f"the rows' {significant(glance['sigma2_residual'])}{floored}, so that rows are taken less "
        f"{fixed(glance['theta'], 2)} of their firm's mean (theta, on average over firms)."
    )


def _instruments(glance: Facts) -> Iterator[str]:
    if "first_stage_f" not in glance:
        return
    classic, same = glance["first_stage_f"], glance["first_stage_f_same_variance"]
    stages = [
        f"{name} F = {significant(same[name])} with the design's errors ({significant(classic[name])} with "
        "homoskedastic ones)"
        for name in classic
    ]
    yield f"First stage: {'; '.join(stages)}."
    if "effective_f" in glance:
        yield (
            f"Effective F {significant(glance['effective_f'])} (Montiel Olea and Pflueger); above "
            f"{significant(glance['effective_f_critical'])} a bias of more than a tenth of the worst case is "
            "rejected."
        )
    if "anderson_rubin_set" in glance:
        yield f"Whatever the strength of the instruments, the 95 % set is {glance['anderson_rubin_set']} " + (
            f"(Anderson-Rubin; no effect: p {_p(glance['anderson_rubin_p'])})."
            if "anderson_rubin_p" in glance
            else "(Anderson-Rubin)."
        )
    if "overidentification_p" in glance:
        yield f"{glance['overidentification']}: p {_p(glance['overidentification_p'])}."
    if "endogeneity_p" in glance:
        yield f"Exogeneity of what is instrumented (Durbin-Wu-Hausman): p {_p(glance['endogeneity_p'])}."


def _p(value: float) -> str:
    text = p_value(value)
    return text if text.startswith("<") else f"= {text}"


def _path(glance: Facts) -> Iterator[str]:
    if path := glance.get("path"):
        yield f"Effects were taken out by: {path}."
    if redundant := glance.get("redundant_levels"):
        told = ", ".join(f"{count} of {name}" for name, count in redundant.items())
        yield f"Levels that other effects make up, and which therefore count for nothing: {told}."
