"""What a survival fit tells beside its coefficients, in rows of a table and in sentences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scipy.special import chdtrc

from clusterpanel.models.result import Result
from clusterpanel.report.digits import MISSING, counted, fixed, listed, p_value, significant
from clusterpanel.report.disclosure import hidden_cells

Facts = Mapping[str, Any]
SURVIVORS_ONLY = "survivors_only"
TESTS = {"lr_chi2": "likelihood ratio", "wald_chi2": "Wald", "score_chi2": "score"}


def survival_rows(results: Sequence[Result]) -> list[tuple[str, ...]]:
    """Return the foot rows of a regression table that some result has something for."""
    rows = {
        "Proportional hazards, p": [_p_of(result.glance.get("proportional_hazards")) for result in results],
        "Concordance": [_fixed(result.glance.get("concordance")) for result in results],
        "Frailty's variance": [_fixed(_theta(result.glance)) for result in results],
        "Survivors only": [str(result.glance.get(SURVIVORS_ONLY) or MISSING) for result in results],
    }
    return [(label, *cells) for label, cells in rows.items() if set(cells) != {MISSING}]


def survival_sentences(glance: Facts, minimum_firms: int = 1) -> Iterator[str]:
    """Yield what a survival fit tells of itself."""
    yield from _causes(glance, minimum_firms)
    yield from _tests(glance)
    if {"time_ratio", "hazard_ratio"} <= set(glance):
        yield (
            f"The exposure's time ratio {significant(glance['time_ratio'])} is a hazard ratio of "
            f"{significant(glance['hazard_ratio'])}."
        )
    if test := glance.get("proportional_hazards"):
        yield (
            f"Hazard ratios that stay the same at all ages (Grambsch and Therneau): {_chi_squared(test)}, "
            f"p {_p(test['p_value'])}."
        )
    if "concordance" in glance:
        error = fixed(glance["concordance_std_error"], 3)
        yield f"Concordance {fixed(glance['concordance'], 3)} (s.e. {error})."
    if (theta := _theta(glance)) is not None:
        yield (
            f"The frailty's variance is {significant(theta)}; that it is 0: "
            f"p {_p(glance['frailty_p_value'])}."
        )
    if SURVIVORS_ONLY in glance:
        yield {
            "yes": "The outcome is seen of firms that still live: a result from survivors only.",
            "weighted for exit": "Survivors are weighted to stand for firms that exited.",
        }[str(glance[SURVIVORS_ONLY])]


def _causes(glance: Facts, minimum_firms: int) -> Iterator[str]:
    causes: Mapping[str, int] = glance.get("events_by_cause") or glance.get("causes") or {}
    # A firm exits once, so that events are firms.
    hidden = hidden_cells(list(causes.values()), minimum_firms)
    told = [
        f"{cause} {'not shown' if is_hidden else f'{count:,}'}"
        for (cause, count), is_hidden in zip(causes.items(), hidden, strict=True)
    ]
    if told:
        yield f"Events by cause: {listed(told)}."
    elif "time_at_risk" in glance and glance["events"] >= minimum_firms:
        time = significant(glance["time_at_risk"])
        yield f"{counted(int(glance['events']), 'event')} in {time} units of time at risk."


def _tests(glance: Facts) -> Iterator[str]:
    degrees = glance.get("tested")
    told = [(words, glance[key]) for key, words in TESTS.items() if glance.get(key) is not None]
    if degrees and told:
        found = [
            f"{words} χ²({degrees}) = {significant(x)}, p {_p(float(chdtrc(degrees, x)))}"
            for words, x in told
        ]
        yield f"That no regressor matters: {'; '.join(found)}."


def _chi_squared(test: Facts) -> str:
    return f"χ²({int(test['degrees_of_freedom'])}) = {significant(test['statistic'])}"


def _theta(glance: Facts) -> float | None:
    return glance["theta"] if "frailty_p_value" in glance else None


def _p_of(test: Facts | None) -> str:
    return MISSING if test is None else p_value(test["p_value"])


def _fixed(value: float | None) -> str:
    return MISSING if value is None else fixed(value, 3)


def _p(value: float) -> str:
    text = p_value(value)
    return text if text.startswith("<") else f"= {text}"
