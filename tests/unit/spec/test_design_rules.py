"""Which designs have a meaning, whatever the data."""

from typing import Any

import pytest
from pydantic import ValidationError

from clusterpanel.spec.design import DesignSpec, Weights
from clusterpanel.spec.design_rules import misfits
from clusterpanel.spec.estimators import ESTIMATORS

WAGE = {"name": "tried", "comparison": "pooled", "outcome": "log_wage", "exposure": "in_cluster"}
EXIT = {**WAGE, "outcome": "is_exit"}
EVENT = {**WAGE, "outcome": "is_exporter"}
IV = {**WAGE, "estimator": "iv", "instruments": ("rail_1880",)}
COX = {**EXIT, "estimator": "cox"}
FINE_GRAY = {**EXIT, "estimator": "fine_gray", "cause": "exit_cause", "cause_of_interest": "closure"}
SHOPS = {"analytic": "sites"}

FINE: dict[str, dict[str, Any]] = {
    "least squares": WAGE,
    "slopes": {**WAGE, "absorb": ("firm_id[year]", "region_code[[size]]")},
    "three ways": {**WAGE, "vcov": {"CRV1": ("firm_id", "region_code", "year")}},
    "weights": {**WAGE, "weights": SHOPS, "vcov": "iid"},
    "count with offset": {**WAGE, "estimator": "poisson", "offset": "log_size"},
    "logit within of what can happen twice": {**EVENT, "comparison": "within", "estimator": "logit"},
    "cloglog within of what can happen twice": {**EVENT, "comparison": "within", "estimator": "cloglog"},
    "conditional logit": {**EVENT, "comparison": "within", "estimator": "conditional_logit"},
    "linear probability of exits within": {**EXIT, "comparison": "within"},
    "instrument": IV,
    "several endogenous": {
        **IV,
        "controls": ("size", "age"),
        "endogenous": ("in_cluster", "size"),
        "instruments": ("rail_1880", "canal_1880"),
    },
    "one instrument of several levels": {
        **IV,
        "controls": ("size",),
        "endogenous": ("in_cluster", "size"),
        "instruments": ("i(quarter)",),
    },
    "random effects": {
        **WAGE,
        "estimator": "random_effects",
        "absorb": ("year",),
        "vcov": {"conley_km": 9.0},
    },
    "slopes of regions' counts": {**WAGE, "estimator": "poisson", "absorb": ("region_code[year]",)},
    "random effects by Nerlove": {**WAGE, "estimator": "random_effects", "components": "nerlove"},
    "correlated random effects by Wallace and Hussain": {
        **WAGE,
        "estimator": "correlated_random_effects",
        "components": "wallace_hussain",
    },
    "differences over gaps": {
        **WAGE,
        "comparison": "within",
        "estimator": "first_difference",
        "gaps": "spanned",
    },
    "drawn firms with instruments": {**IV, "vcov": {"block_bootstrap": "firm_id"}},
    "strata and times": {
        **COX,
        "strata": ("region_code^year", "industry_code"),
        "start": "from_day",
        "stop": "to_day",
        "ties": "breslow",
    },
    "cox of a region's firms by cause": {
        **COX,
        "comparison": "region",
        "cause": "exit_cause",
        "cause_of_interest": "closure",
    },
    "frailty": {**COX, "frailty": "region_code", "vcov": "iid"},
    "competing hazards": {**FINE_GRAY, "vcov": "HC1", "strata": ("industry_code",)},
    "pieces": {**EXIT, "estimator": "piecewise_exponential", "cuts": (1.0, 2.5)},
    "yearly exits by cause": {**EXIT, "estimator": "competing_logit", "cause": "exit_cause"},
    "incidence": {**EXIT, "estimator": "cumulative_incidence", "cause": "exit_cause", "intervals": "log"},
    "weighted curves": {**EXIT, "estimator": "kaplan_meier", "weights": {"probability": "staying"}},
    "curves by text": {**EXIT, "estimator": "kaplan_meier", "exposure": "region_code"},
}

BROKEN: dict[str, tuple[dict[str, Any], list[tuple[str | int, ...]]]] = {
    "exposure is the outcome": ({**WAGE, "exposure": "log_wage"}, [("exposure",)]),
    "control is the outcome": ({**WAGE, "controls": ("log_wage",)}, [("controls", 0)]),
    "control is the exposure": ({**WAGE, "controls": ("age", "in_cluster")}, [("controls", 1)]),
    "interaction the other way round": ({**WAGE, "controls": ("a:b", "b:a")}, [("controls", 1)]),
    "several exposures": ({**WAGE, "exposure": "in_cluster*age"}, [("exposure",)]),
    "no term": ({**WAGE, "controls": ("age", "poly(age, 2)")}, [("controls", 1)]),
    "no effect": ({**WAGE, "absorb": ("year", "firm_id[")}, [("absorb", 1)]),
    "a coefficient per firm": ({**WAGE, "controls": ("i(firm_id)",)}, [("controls", 0)]),
    "instruments without iv": ({**WAGE, "instruments": ("z",)}, [("instruments",)]),
    "endogenous without iv": ({**WAGE, "endogenous": ("in_cluster",)}, [("endogenous",)]),
    "iv without instruments": ({**IV, "instruments": ()}, [("instruments",)]),
    "fewer instruments than endogenous": (
        {**IV, "controls": ("size",), "endogenous": ("in_cluster", "size")},
        [("instruments",)],
    ),
    "endogenous that is no regressor": ({**IV, "endogenous": ("size",)}, [("endogenous", 0)]),
    "instrument that is a regressor": ({**IV, "controls": ("rail_1880",)}, [("instruments", 0)]),
    "offset of least squares": ({**WAGE, "offset": "size"}, [("offset",)]),
    "curves of a term": ({**EXIT, "estimator": "kaplan_meier", "exposure": "i(year)"}, [("exposure",)]),
    "weights of random effects": ({**WAGE, "estimator": "random_effects", "weights": SHOPS}, [("weights",)]),
    "random effects within": (
        {**WAGE, "comparison": "within", "estimator": "random_effects"},
        [("comparison",)],
    ),
    "changes with effects": (
        {**WAGE, "comparison": "within", "estimator": "first_difference", "absorb": ("year",)},
        [("absorb",)],
    ),
    "first difference pooled": ({**WAGE, "estimator": "first_difference"}, [("comparison",)]),
    "conditional logit pooled": ({**EVENT, "estimator": "conditional_logit"}, [("comparison",)]),
    "conditional logit with HC1": (
        {**EVENT, "comparison": "within", "estimator": "conditional_logit", "vcov": "HC1"},
        [("vcov",)],
    ),
    "spatial errors of firm means": (
        {**WAGE, "estimator": "between", "vcov": {"conley_km": 10.0}},
        [("vcov",)],
    ),
    "leverages with instruments": ({**IV, "vcov": "HC3"}, [("vcov",)]),
    "left out groups with instruments": ({**IV, "vcov": {"CRV3": "region_code"}}, [("vcov",)]),
    "wild bootstrap of counts": (
        {**WAGE, "estimator": "poisson", "vcov": {"wild_bootstrap": "region_code"}},
        [("vcov",)],
    ),
    "firm slopes of counts": (
        {**WAGE, "estimator": "poisson", "absorb": ("firm_id[year]",)},
        [("absorb", 0)],
    ),
    "random effects with slopes": (
        {**WAGE, "estimator": "random_effects", "absorb": ("year", "region_code[year]", "firm_id")},
        [("absorb", 1), ("absorb", 2)],
    ),
    "iid with probability weights": (
        {**WAGE, "weights": {"probability": "weight"}, "vcov": "iid"},
        [("vcov",)],
    ),
    "components of least squares": ({**WAGE, "components": "swamy_arora"}, [("components",)]),
    "components that firm means would explain": (
        {**WAGE, "estimator": "correlated_random_effects", "components": "amemiya"},
        [("components",)],
    ),
    "gaps of levels": ({**WAGE, "gaps": "dropped"}, [("gaps",)]),
    "cox that absorbs": ({**COX, "absorb": ("region_code",)}, [("absorb",)]),
    "cox within": ({**COX, "comparison": "within"}, [("comparison",)]),
    "cox of a firm as region": ({**COX, "comparison": "region", "region": "firm_id"}, [("region",)]),
    "stop without start": ({**COX, "stop": "to_day"}, [("start",)]),
    "start without stop": ({**COX, "start": "from_day"}, [("stop",)]),
    "strata of firms and with slopes": (
        {**COX, "strata": ("year", "firm_id", "region_code[year]", "year^")},
        [("strata", 1), ("strata", 2), ("strata", 3)],
    ),
    "cause without the one of interest": ({**COX, "cause": "exit_cause"}, [("cause_of_interest",)]),
    "competing without a cause": ({**EXIT, "estimator": "fine_gray"}, [("cause",), ("cause_of_interest",)]),
    "frailty with grouped errors": ({**COX, "frailty": "region_code"}, [("vcov",)]),
    "pieces without cuts": ({**EXIT, "estimator": "piecewise_exponential"}, [("cuts",)]),
    "cuts twice": ({**EXIT, "estimator": "piecewise_exponential", "cuts": (2.0, 2.0)}, [("cuts",)]),
    "options of survival for levels": (
        {
            **WAGE,
            "start": "a",
            "stop": "b",
            "strata": ("year",),
            "ties": "efron",
            "cause": "c",
            "cause_of_interest": "d",
            "frailty": "region_code",
            "cuts": (1.0,),
            "intervals": "log",
        },
        [
            (name,)
            for name in (
                "start",
                "stop",
                "strata",
                "ties",
                "cause",
                "cause_of_interest",
                "frailty",
                "cuts",
                "intervals",
            )
        ],
    ),
    "model errors of subdistribution hazards": ({**FINE_GRAY, "vcov": "iid"}, [("vcov",)]),
    "empty filter": ({**WAGE, "where": {"year": ()}}, [("where", "year")]),
    "all at once": (
        {**WAGE, "exposure": "log(", "offset": "size", "instruments": ("z",), "where": {"year": ()}},
        [("exposure",), ("offset",), ("instruments",), ("where", "year")],
    ),
}


@pytest.mark.parametrize("case", FINE)
def test_design_with_a_meaning_is_left_alone(case: str) -> None:
    assert list(misfits(DesignSpec(**FINE[case]))) == []


@pytest.mark.parametrize("case", BROKEN)
def test_design_without_a_meaning_is_told_once_at_its_place(case: str) -> None:
    fields, places = BROKEN[case]

    assert [misfit.place for misfit in misfits(DesignSpec(**fields))] == places


@pytest.mark.parametrize("estimator", ["poisson", "logit", "cloglog", "conditional_logit"])
def test_firm_effects_of_exits_are_refused_since_a_firm_exits_once(estimator: str) -> None:
    (found,) = misfits(DesignSpec(**{**EXIT, "comparison": "within", "estimator": estimator}))

    assert found.place == ("comparison",)
    assert "exits once" in found.allowed


@pytest.mark.parametrize("effect", ["plant", "plant[year]", "plant[[year]]"])
def test_firm_effects_are_known_by_the_panels_own_firm_column(effect: str) -> None:
    design = DesignSpec(**{**EXIT, "estimator": "logit", "absorb": (effect,)})

    assert list(misfits(design)) == []
    assert [misfit.place for misfit in misfits(design, firm="plant")] == [("absorb", 0)]


def test_every_estimator_says_what_it_takes() -> None:
    assert set(ESTIMATORS) == set(DesignSpec.model_fields["estimator"].annotation.__args__)  # type: ignore[union-attr]


@pytest.mark.parametrize("given", [{}, {"analytic": "a", "frequency": "b"}])
def test_weights_are_of_one_kind(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="one of"):
        Weights(**given)


def test_weights_say_their_kind_and_column() -> None:
    weights = Weights(probability="chance")

    assert (weights.kind, weights.column) == ("probability", "chance")


def test_design_keeps_terms_and_effects_as_the_package_writes_them() -> None:
    design = DesignSpec(
        **{**WAGE, "exposure": "i(year,in_cluster,ref=2008)", "controls": ("age ^ 2",), "absorb": ("a ^ b",)}
    )

    assert design.exposure == "i(year, in_cluster, ref=2008)"
    assert design.controls == ("I(age^2)",)
    assert design.absorb == ("a^b",)


def test_exposure_is_instrumented_unless_others_are_named() -> None:
    assert DesignSpec(**IV).instrumented == ("in_cluster",)
    assert DesignSpec(**{**IV, "controls": ("size",), "endogenous": ("size",)}).instrumented == ("size",)
    assert DesignSpec(**WAGE).instrumented == ()
