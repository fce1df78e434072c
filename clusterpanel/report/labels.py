"""Plain words for outcomes, exposures and comparisons, and the unit in which an estimate is read."""

from clusterpanel.report.column_labels import ColumnLabels

BOOLEAN_PREFIXES = ("in_", "is_", "has_")
LOG_PREFIXES = ("log_", "growth_log")
GROWTH_RATE = "growth_dhs"
COMPARISONS = {
    "pooled": "all firms with each other",
    "region": "firms of a region with each other",
    "within": "a firm with itself over time",
}
ESTIMATORS = {
    "ols": "ordinary least squares",
    "poisson": "Poisson pseudo-maximum likelihood",
    "logit": "logit",
    "cloglog": "complementary log-log hazard model",
    "conditional_logit": "conditional logit, firms' effects conditioned out,",
    "iv": "two-stage least squares",
    "random_effects": "random effects",
    "correlated_random_effects": "correlated random effects (Mundlak)",
    "between": "least squares on firms' means",
    "first_difference": "least squares on yearly differences",
    "cox": "Cox regression",
    "fine_gray": "Fine-Gray regression of subdistribution hazards",
    "exponential": "exponential survival model",
    "weibull": "Weibull survival model",
    "gompertz": "Gompertz survival model",
    "log_logistic": "log-logistic survival model",
    "log_normal": "log-normal survival model",
    "piecewise_exponential": "piecewise exponential survival model",
    "competing_logit": "competing-risks logit",
    "kaplan_meier": "Kaplan-Meier survival curves",
    "cumulative_incidence": "cumulative incidence curves of competing causes",
}
SHORT = {
    "ols": "least squares",
    "iv": "two stages",
    "random_effects": "random effects",
    "correlated_random_effects": "correlated random effects",
    "between": "firms' means",
    "first_difference": "yearly changes",
}
SURVIVAL = {
    "cloglog": "yearly hazard",
    "cox": "Cox",
    "gompertz": "Gompertz",
    "piecewise_exponential": "piecewise exponential",
    "exponential": "exponential",
    "weibull": "Weibull",
    "log_logistic": "log-logistic",
    "log_normal": "log-normal",
}

# What a coefficient is the logarithm of a ratio of, where it is not a difference of levels.
RATIO_OF = {
    "cloglog": "hazard",
    "poisson": "mean",
    "logit": "odds",
    "conditional_logit": "odds",
    "cox": "hazard",
    "gompertz": "hazard",
    "piecewise_exponential": "hazard",
    "fine_gray": "subdistribution hazard",
    "exponential": "time",
    "weibull": "time",
    "log_logistic": "time",
    "log_normal": "time",
    "competing_logit": "relative risk",
}
MODELS = {
    "hazard": "hazard model",
    "mean": "Poisson model",
    "odds": "logit model",
    "subdistribution hazard": "Fine-Gray model",
    "time": "model of survival time",
    "relative risk": "competing-risks logit",
}


def is_yes_no(column: str) -> bool:
    """Say whether a column holds yes or no, by the naming rule of canonical columns."""
    return column.startswith(BOOLEAN_PREFIXES)


def is_log(column: str) -> bool:
    """Say whether a column is measured in logarithms, so that differences are log points."""
    return column.startswith(LOG_PREFIXES)


def is_share(column: str) -> bool:
    """Say whether a column is read in per cent: a yes or no, or a rate of growth."""
    return is_yes_no(column) or column == GROWTH_RATE


def effect_unit(estimator: str, outcome: str, labels: ColumnLabels) -> tuple[str, float]:
    """Return the unit in which an estimate is read, and what to multiply the coefficient by."""
    if estimator in RATIO_OF or is_log(outcome):
        return "log points", 100.0
    return ("percentage points", 100.0) if is_share(outcome) else (labels.unit(outcome), 1.0)


def model_words(estimator: str) -> str:
    """Return what a model of ratios is called after the outcome; nothing for differences of levels."""
    return f", {MODELS[RATIO_OF[estimator]]}" if estimator in RATIO_OF else ""


def short_words(estimator: str) -> str:
    """Return an estimator in the fewest words, for a cell of a table."""
    return {**SHORT, **SURVIVAL}.get(estimator, estimator.replace("_", " "))


def place_words(region: str) -> str:
    """Return what the column of a region comparison is called."""
    return region.removesuffix("_code").replace("_", " ") or "region"


def compared(comparison: str, region: str) -> str:
    """Return what a design compares: firms of the same country with each other."""
    if comparison == "region":
        return f"firms of the same {place_words(region)} with each other"
    return COMPARISONS.get(comparison, comparison)


def others(comparison: str, region: str) -> str:
    """Return whom a design compares firms with."""
    return {
        "pooled": "other firms",
        "region": f"other firms of the same {place_words(region)}",
        "within": "the same firms outside one",
    }.get(comparison, "other firms")


def outcome_words(outcome: str, labels: ColumnLabels) -> str:
    """Return an outcome as the subject of a sentence; a yes or no becomes a rate."""
    words = labels.words(outcome)
    if not is_yes_no(outcome):
        return words
    return f"yearly rate of {words.removeprefix('yearly ')}" if "yearly" in words else f"share with {words}"


def is_plural(words: str) -> bool:
    """Say whether a noun is plural, by its ending: emissions are, growth of emissions is."""
    noun = words.partition(" of ")[0]
    return noun.endswith("s") and not noun.endswith(("ss", "us", "is"))


def exposure_words(exposure: str, labels: ColumnLabels) -> str:
    """Return what estimates are sorted by: whether in a cluster, neighbours within 25 km (log)."""
    return f"whether {labels.words(exposure)}" if is_yes_no(exposure) else labels.text(exposure)


def group_name(exposure: str, value: object) -> str:
    """Return what a survival curve's group is called, such as firms in a cluster."""
    if exposure == "in_cluster":
        return {"yes": "in a cluster", "no": "not in a cluster"}.get(str(value), str(value))
    return f"{ColumnLabels().words(exposure)}: {value}"
