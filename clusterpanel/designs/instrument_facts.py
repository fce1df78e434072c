"""What a fit with instruments tells of them, for a result's glance."""

from typing import Any

from clusterpanel.models.instruments.two_stage import InstrumentsFit

TOLERATED_BIAS = 0.1


def instrument_facts(fitted: InstrumentsFit) -> dict[str, Any]:
    """Return first-stage strength, the Anderson-Rubin set and the tests that were made, by name."""
    facts: dict[str, Any] = {
        "first_stage_f": {stage.endogenous: stage.f_classic for stage in fitted.first_stages},
        "first_stage_f_same_variance": {
            stage.endogenous: stage.f_same_variance for stage in fitted.first_stages
        },
        "first_stage_partial_r2": {stage.endogenous: stage.partial_r2 for stage in fitted.first_stages},
        "cragg_donald_f": fitted.cragg_donald,
    }
    if fitted.effective_f is not None:
        facts["effective_f"] = fitted.effective_f.statistic
        # Above it a worst-case bias of more than a tenth is rejected at 5 per cent.
        facts["effective_f_critical"] = fitted.effective_f.generalised[TOLERATED_BIAS]
    if fitted.anderson_rubin is not None:
        facts["anderson_rubin_p"] = fitted.anderson_rubin.p_value
    if fitted.anderson_rubin_set is not None:
        facts["anderson_rubin_set"] = fitted.anderson_rubin_set.words
    if fitted.overidentification is not None:
        test = fitted.overidentification
        facts["overidentification"] = test.name
        facts["overidentification_statistic"] = test.statistic
        facts["overidentification_p"] = test.p_value
    if fitted.endogeneity is not None:
        facts["endogeneity_p"] = fitted.endogeneity.p_value
    return facts
