"""Formulas mean exactly the design that keywords say, and their faults are shown where they are."""

from typing import Any

import pytest

from clusterpanel.designs.design import design, designs
from clusterpanel.designs.formula import read_formula
from clusterpanel.errors import SpecError

WAGE: dict[str, Any] = {"comparison": "pooled", "outcome": "y", "exposure": "x"}

SAME: dict[str, dict[str, Any]] = {
    "y ~ x": WAGE,
    "y~x|0": WAGE,
    "y ~ 1 + x": WAGE,
    "y ~ x + x": WAGE,
    "y ~ x + a:b + a*c": {**WAGE, "controls": ["a:b", "a", "c", "a:c"]},
    "y ~ x + (a + b):c": {**WAGE, "controls": ["a:c", "b:c"]},
    "y ~ x + a^2 + I(a/b) + log(b)": {**WAGE, "controls": ["I(a^2)", "I(a/b)", "log(b)"]},
    "y ~ x + `wage bill` + `wage bill`^2": {**WAGE, "controls": ["`wage bill`", "I(`wage bill`^2)"]},
    "y ~ i(year, x, ref=c(2008, 2009))": {**WAGE, "exposure": "i(year, x, ref=c(2008, 2009))"},
    "y ~ x | year": {**WAGE, "absorb": ["year"]},
    "y ~ x | firm_id": {**WAGE, "comparison": "within"},
    "y ~ x + a | firm_id + region_code^year": {
        **WAGE,
        "comparison": "within",
        "controls": ["a"],
        "absorb": ["region_code^year"],
    },
    "y ~ x | firm_id + firm_id[year]": {**WAGE, "comparison": "within", "absorb": ["firm_id[year]"]},
    "y ~ x | firm_id[[year]]": {**WAGE, "absorb": ["firm_id[[year]]"]},
    "y ~ x | region_code + year": {**WAGE, "comparison": "region", "absorb": ["year"]},
    "y ~ x | region_code + firm_id": {**WAGE, "comparison": "within", "absorb": ["region_code"]},
    "y ~ a | x ~ z": {**WAGE, "estimator": "iv", "controls": ["a"], "instruments": ["z"]},
    "y ~ 1 | firm_id | x ~ z1 + z2": {
        **WAGE,
        "comparison": "within",
        "estimator": "iv",
        "instruments": ["z1", "z2"],
    },
    "y ~ a | year | x + w ~ i(q, z) + z": {
        **WAGE,
        "estimator": "iv",
        "controls": ["w", "a"],
        "absorb": ["year"],
        "instruments": ["i(q, z)", "z"],
        "endogenous": ["x", "w"],
    },
}

REFUSED = {
    "y": ("no ~", 1),
    "y ~ ": ("nothing", 4),
    "y ~ | f": ("nothing", 4),
    "y ~ x ~ z": ("2 signs ~ before |", 1),
    "y ~ x | f | g": ("parts in another order", 1),
    "y ~ x | a ~ z | f": ("parts in another order", 1),
    "y ~ x | f | ~ z": ("nothing", 12),
    "y ~ x - 1": ('"-"', 7),
    "y ~ 0 + x": ("0", 5),
    "y ~ 2*x": ("2", 5),
    "y ~ x / a": ('"/"', 7),
    "y ~ x + poly(a, 2)": ('"poly()"', 9),
    "y ~ x + I(a + foo(b))": ('"foo()"', 15),
    "y ~ x + I(a": ('"(a"', 10),
    "y ~ x + (a + b)^2": ("a power of several terms", 10),
    "y ~ x + a b": ('"a b"', 9),
    "y ~ x + + a": ("nothing", 8),
    "y ~ x | f^a^f": ('"f" again', 13),
    "y ~ x | f + a*b": ('"*"', 14),
    "y ~ x | f[a": ('"[a"', 10),
    "log(y) ~ x": ('"log(y)"', 1),
    "c(y, log(z)) ~ x": ('"log(z)"', 6),
    "y ~ x:sw(a, b)": ('"sw()"', 7),
    "y ~ x + sw(a, sw(b, c))": ('"sw(b, c)"', 15),
    "y ~ sw0(x, a)": ("no regressor", 5),
    "y ~ x + __import__('os')": ('"__import__()"', 9),
    "y ~ .": (".", 5),
}


@pytest.mark.parametrize("formula", SAME)
def test_formula_is_the_design_that_keywords_say(formula: str) -> None:
    assert design(formula) == design(**SAME[formula])


@pytest.mark.parametrize("formula", REFUSED)
def test_fault_of_a_formula_is_shown_where_it_is(formula: str) -> None:
    came, character = REFUSED[formula]

    with pytest.raises(SpecError) as raised:
        read_formula(formula)

    (fault,) = raised.value.faults
    assert (fault.came, fault.where) == (came, f"character {character}")
    _, shown, under = raised.value.message.split("\n")
    assert shown.strip() == formula.strip()
    assert under.index("^") == 4 + character - 1


def test_keywords_say_what_a_formula_does_not() -> None:
    said = design(
        "y ~ x | firm_id",
        name="wage",
        estimator="poisson",
        offset="log_size",
        weights={"frequency": "n"},
        vcov={"CRV1": ["firm_id", "region_code"]},
        where={"year": [2008, 2009]},
    )

    assert said == design(
        comparison="within",
        outcome="y",
        exposure="x",
        name="wage",
        estimator="poisson",
        offset="log_size",
        weights={"frequency": "n"},
        vcov={"CRV1": ["firm_id", "region_code"]},
        where={"year": [2008, 2009]},
    )


def test_what_is_said_twice_is_refused() -> None:
    with pytest.raises(SpecError) as raised:
        design("y ~ x", outcome="z", absorb=["year"])

    assert {fault.where for fault in raised.value.faults} == {"outcome", "absorb"}


def test_formula_of_one_comparison_may_name_another() -> None:
    assert design("y ~ x | firm_id + year", comparison="pooled").absorb == ("firm_id", "year")


def test_firm_and_region_are_known_by_the_names_given() -> None:
    assert design("y ~ x | plant + year", firm="plant").comparison == "within"
    by_county = design("y ~ x | county", region="county")
    assert (by_county.comparison, by_county.absorb) == ("region", ())


def test_faults_of_a_design_come_with_the_formula() -> None:
    with pytest.raises(SpecError, match="exits once"):
        design("is_exit ~ x | firm_id", estimator="logit")


def test_several_outcomes_and_steps_give_designs_in_fixests_order() -> None:
    made = designs("c(y, z) ~ x + sw0(a, a + b) | firm_id + csw0(year)", name="wage")

    assert [(one.outcome, one.controls, one.absorb) for one in made] == [
        (outcome, controls, absorb)
        for outcome in ("y", "z")
        for controls in ((), ("a",), ("a", "b"))
        for absorb in ((), ("year",))
    ]
    assert [one.name for one in made] == [f"wage_{number}" for number in range(1, 13)]
    assert {one.comparison for one in made} == {"within"}


@pytest.mark.parametrize(
    ("steps", "controls"),
    [
        ("sw(a, b)", [("a",), ("b",)]),
        ("sw0(a, b)", [(), ("a",), ("b",)]),
        ("csw(a, b)", [("a",), ("a", "b")]),
        ("csw0(a, b)", [(), ("a",), ("a", "b")]),
        ("sw(i(year, x, ref=c(1, 2)), log(b))", [("i(year, x, ref=c(1, 2))",), ("log(b)",)]),
        ("sw(a, b) + csw(c, d)", [("a", "c"), ("a", "c", "d"), ("b", "c"), ("b", "c", "d")]),
    ],
)
def test_steps_are_fixests(steps: str, controls: list[tuple[str, ...]]) -> None:
    assert [one.controls for one in designs(f"y ~ x + {steps}")] == controls


def test_each_exposure_may_be_tried_in_turn() -> None:
    assert [one.exposure for one in designs("y ~ sw(x, w) | year")] == ["x", "w"]


def test_design_of_several_points_to_designs() -> None:
    with pytest.raises(SpecError, match=r"designs\(formula\)"):
        design("c(y, z) ~ x")
