"""What must not matter to panel models does not matter, and how they are related to each other."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.models.arrays import Codes, Floats, Integers, ModelArrays
from clusterpanel.models.fit import Fit
from clusterpanel.models.ols import fit_ols
from clusterpanel.models.panel_models.between import fit_between
from clusterpanel.models.panel_models.breusch_pagan import breusch_pagan
from clusterpanel.models.panel_models.components import Components
from clusterpanel.models.panel_models.first_difference import fit_first_difference
from clusterpanel.models.panel_models.hausman import hausman_robust
from clusterpanel.models.panel_models.random_effects import (
    fit_correlated_random_effects,
    fit_random_effects,
)
from clusterpanel.spec.vcov import GroupedVcov

few = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 10_000)
balance = st.booleans()
BY_FIRM = GroupedVcov(CRV1="firm_id")
RULES = st.sampled_from(["swamy_arora", "swamy_arora_harmonic", "wallace_hussain", "amemiya"])


class Register:
    """Simulated firms: rows in any order, with the arrays that a panel makes of them."""

    def __init__(self, seed: int, balanced: bool, years: int = 6, firms: int = 40) -> None:
        rng = np.random.default_rng(seed)
        counts = np.full(firms, years) if balanced else rng.integers(2, years + 1, firms)
        self.firm: Integers = np.repeat(np.arange(firms), counts)
        self.year: Integers = np.concatenate([np.arange(count) for count in counts])
        effect = rng.normal(size=firms)[self.firm]
        self.x: Floats = 0.5 * effect + rng.normal(size=len(self.firm))
        self.z: Floats = rng.exponential(size=len(self.firm)) + 3
        self.y: Floats = 1000 * (self.x - self.z + effect + rng.normal(size=len(self.firm)))

    def arrays(self, *, has_year: bool = False, effects: bool = False, firm: bool = False) -> ModelArrays:
        """Return outcome, x, z, perhaps the year, and a constant where nothing is absorbed."""
        order = np.lexsort((self.year, self.firm))
        columns = [self.y, self.x, self.z, *([self.year.astype(np.float64)] if has_year else [])]
        names = ["x", "z", *(["year"] if has_year else [])]
        if not effects and not firm:
            columns, names = [*columns, np.ones(len(order))], [*names, "constant"]
        firms = codes("firm_id", self.firm[order])
        return ModelArrays(
            columns=tuple(np.ascontiguousarray(column[order]) for column in columns),
            names=tuple(names),
            firms=firms,
            effects=(codes("year", self.year[order]),) if effects else (),
            absorbs_firm=firm,
            groups=(firms,),
            rows_per_block=37,
        )


def codes(name: str, values: Integers) -> Codes:
    levels, numbers = np.unique(values, return_inverse=True)
    return Codes(name, numbers.astype(np.int32), len(levels))


def all_fits(register: Register) -> list[Fit]:
    arrays = register.arrays()
    return [
        fit_random_effects(arrays, BY_FIRM),
        fit_correlated_random_effects(arrays, BY_FIRM),
        fit_between(arrays, BY_FIRM),
        fit_first_difference(register.arrays(has_year=True), "year", BY_FIRM),
    ]


def assert_same(one: Fit, other: Fit, rtol: float, scale: float = 1.0) -> None:
    np.testing.assert_allclose(scale * one.coefficients, other.coefficients, rtol=rtol, atol=rtol * scale)
    np.testing.assert_allclose(scale**2 * one.covariance, other.covariance, rtol=rtol, atol=rtol * scale**2)


@few
@given(seed=seeds, balanced=balance)
def test_row_order_and_names_of_firms_do_not_matter(seed: int, balanced: bool) -> None:
    register, other = Register(seed, balanced), Register(seed, balanced)
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(register.firm))
    new_names = rng.permutation(40)
    other.firm = new_names[register.firm][shuffled]
    other.year, other.x, other.z, other.y = (
        column[shuffled] for column in (register.year, register.x, register.z, register.y)
    )
    for one, two in zip(all_fits(register), all_fits(other), strict=True):
        assert_same(one, two, rtol=1e-8)
    tests = [breusch_pagan(sample.arrays()).statistic for sample in (register, other)]
    np.testing.assert_allclose(tests[0], tests[1], rtol=1e-8)


@few
@given(seed=seeds, balanced=balance, unit=st.sampled_from([1e-3, 11.27, 1e6]))
def test_money_units_scale_estimates_and_nothing_else(seed: int, balanced: bool, unit: float) -> None:
    register, dearer = Register(seed, balanced), Register(seed, balanced)
    dearer.y = unit * register.y
    for one, two in zip(all_fits(register), all_fits(dearer), strict=True):
        assert_same(one, two, rtol=1e-8, scale=unit)
        np.testing.assert_allclose(one.table()["statistic"], two.table()["statistic"], rtol=1e-6)
    for test in (breusch_pagan, hausman_robust):
        statistics = [test(sample.arrays()).statistic for sample in (register, dearer)]
        np.testing.assert_allclose(statistics[0], statistics[1], rtol=1e-7)


@few
@given(seed=seeds, balanced=balance, shift=st.sampled_from([-1e4, 1e5]))
def test_a_regressors_origin_moves_the_constant_only(seed: int, balanced: bool, shift: float) -> None:
    register, moved = Register(seed, balanced), Register(seed, balanced)
    moved.z = register.z + shift
    one, other = (fit_random_effects(sample.arrays(), BY_FIRM) for sample in (register, moved))
    np.testing.assert_allclose(one.coefficients[:2], other.coefficients[:2], rtol=1e-6)
    np.testing.assert_allclose(one.covariance[:2, :2], other.covariance[:2, :2], rtol=1e-5)
    constant = one.coefficients[2] - shift * one.coefficients[1]
    np.testing.assert_allclose(other.coefficients[2], constant, rtol=1e-6)


@few
@given(seed=seeds, balanced=balance, effects=st.booleans())
def test_no_variance_of_firms_is_pooled(seed: int, balanced: bool, effects: bool) -> None:
    arrays = Register(seed, balanced).arrays(effects=effects)
    for vcov in ("iid", BY_FIRM):
        random = fit_random_effects(arrays, vcov, components=Components(1.0, 0.0))
        assert_same(random, fit_ols(arrays, vcov), rtol=1e-7)
    assert random.facts["theta"] == 0.0


@few
@given(seed=seeds, balanced=balance, effects=st.booleans())
def test_boundless_variance_of_firms_is_within(seed: int, balanced: bool, effects: bool) -> None:
    register = Register(seed, balanced)
    given_components = Components(1.0, 1e12)
    random = fit_random_effects(register.arrays(effects=effects), components=given_components)
    within = fit_ols(register.arrays(effects=effects, firm=True))
    np.testing.assert_allclose(random.coefficients[:2], within.coefficients, rtol=1e-6)
    assert random.facts["theta_min"] > 1 - 1e-5


@few
@given(seed=seeds, balanced=balance, effects=st.booleans(), rule=RULES)
def test_mundlaks_slopes_are_the_within_slopes(seed: int, balanced: bool, effects: bool, rule: str) -> None:
    register = Register(seed, balanced)
    rule = "swamy_arora" if rule == "amemiya" else rule
    arrays = register.arrays(effects=effects)
    correlated = fit_correlated_random_effects(arrays, BY_FIRM, components=rule)  # type: ignore[arg-type]
    within = fit_ols(register.arrays(effects=effects, firm=True), BY_FIRM)
    np.testing.assert_allclose(correlated.coefficients[:2], within.coefficients, rtol=1e-7)


@few
@given(seed=seeds, firm_variance=st.sampled_from([0.1, 1.0, 30.0]))
def test_random_effects_lie_between_within_and_pooled(seed: int, firm_variance: float) -> None:
    """With one regressor and equal years, a mean of within and pooled (Maddala 1971, Econometrica 39)."""
    arrays = Register(seed, balanced=True).arrays()
    alone = replace(
        arrays, columns=(arrays.columns[0], arrays.columns[1], arrays.columns[3]), names=("x", "constant")
    )
    within = fit_ols(replace(alone, columns=alone.columns[:2], names=("x",), absorbs_firm=True))
    effect = fit_random_effects(alone, components=Components(1.0, firm_variance)).coefficients[0]
    pooled = fit_random_effects(alone, components=Components(1.0, 0.0)).coefficients[0]
    low, high = sorted([within.coefficients[0], pooled])
    assert low < effect < high


@few
@given(seed=seeds)
def test_differences_of_two_years_are_within(seed: int) -> None:
    register = Register(seed, balanced=True, years=2)
    changes = fit_first_difference(register.arrays(has_year=True), "year", BY_FIRM)
    within = fit_ols(register.arrays(effects=True, firm=True), BY_FIRM)
    np.testing.assert_allclose(changes.coefficients[:2], within.coefficients, rtol=1e-8)


@few
@given(seed=seeds, balanced=balance)
def test_influences_reproduce_the_covariance(seed: int, balanced: bool) -> None:
    for fit in all_fits(Register(seed, balanced)):
        assert fit.influence is not None
        np.testing.assert_allclose(fit.influence.T @ fit.influence, fit.covariance, rtol=1e-10)


@few
@given(seed=seeds, balanced=balance, rule=RULES)
def test_components_are_shares_of_what_there_is(seed: int, balanced: bool, rule: str) -> None:
    facts = fit_random_effects(Register(seed, balanced).arrays(), components=rule).facts  # type: ignore[arg-type]
    assert facts["sigma2_residual"] > 0
    assert facts["sigma2_firm"] >= 0
    # The mean of equal shares is theirs to the last digits only.
    assert 0 <= facts["theta_min"] <= facts["theta"] + 1e-12
    assert facts["theta"] <= facts["theta_max"] + 1e-12 < 1
