"""Anderson-Rubin sets and the effective F on reduced forms made by hand."""

import numpy as np
import pytest

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.instruments.anderson_rubin import anderson_rubin_set, anderson_rubin_test, f_quantile
from clusterpanel.models.instruments.confidence_set import where_quadratic_is_at_most_zero
from clusterpanel.models.instruments.effective_f import critical_value, largest_bias, measure_effective_f
from clusterpanel.models.instruments.reduced_form import ReducedForm

DEGREES = 60.0


def reduced_form(
    seed: int, instruments: int, strength: float, kind: str = "robust", disagreement: float = 0.05
) -> ReducedForm:
    """A reduced form with a random joint covariance; "iid" makes it a Kronecker product."""
    random = np.random.default_rng(seed)
    gram = random_covariance(random, instruments) * 40
    if kind == "iid":
        errors = random_covariance(random, 2)
        joint = np.einsum("ab,ij->abij", errors, np.linalg.inv(gram))
    else:
        whole = random_covariance(random, 2 * instruments) / 40
        joint = whole.reshape(2, instruments, 2, instruments).transpose(0, 2, 1, 3)
        joint = (joint + joint.transpose(1, 0, 2, 3)) / 2
    exposure = random.normal(size=instruments) * strength
    outcome = 0.7 * exposure + disagreement * random.normal(size=instruments)
    names = tuple(f"z{k}" for k in range(instruments))
    return ReducedForm(names, ("x",), np.array([outcome, exposure]), joint, gram, DEGREES, "by hand")


def random_covariance(random: np.random.Generator, size: int) -> Floats:
    root = random.normal(size=(size, size + 3))
    covariance: Floats = root @ root.T / size
    return covariance


def f_at(form: ReducedForm, value: float) -> float:
    gap = form.slopes[0] - value * form.slopes[1]
    joint = form.covariances
    spread = joint[0, 0] - 2 * value * joint[0, 1] + value**2 * joint[1, 1]
    return float(gap @ np.linalg.inv(spread) @ gap / len(gap))


@pytest.mark.parametrize("strength", [0.05, 0.3, 2.0])
@pytest.mark.parametrize("instruments", [1, 2, 5])
@pytest.mark.parametrize("seed", range(6))
def test_a_value_is_in_the_set_exactly_if_its_test_keeps_it(
    seed: int, instruments: int, strength: float
) -> None:
    form = reduced_form(seed, instruments, strength)
    kept = anderson_rubin_set(form)
    limit = f_quantile(0.95, instruments, DEGREES)
    edges = [edge for interval in kept.intervals for edge in interval if np.isfinite(edge)]
    for edge in edges:
        np.testing.assert_allclose(f_at(form, edge), limit, rtol=1e-8)
    grid = np.concatenate([np.linspace(-30, 30, 601), np.geomspace(31, 1e6, 60), -np.geomspace(31, 1e6, 60)])
    for value in grid:
        if min((abs(value - edge) for edge in edges), default=1.0) > 1e-6:
            assert (value in kept) == (f_at(form, value) <= limit)


def test_the_grid_of_cases_holds_every_kind_of_set() -> None:
    forms = [reduced_form(seed, 2, strength) for seed in range(40) for strength in (0.05, 0.3, 2.0)]
    sets = [anderson_rubin_set(form) for form in forms]
    assert any(kept.is_interval for kept in sets)
    assert any(kept.intervals == ((-np.inf, np.inf),) for kept in sets)
    assert any(len(kept.intervals) == 2 and not kept.is_bounded for kept in sets)


def test_instruments_that_contradict_each_other_leave_nothing() -> None:
    kept = anderson_rubin_set(reduced_form(1, 5, 4.0, disagreement=4.0))
    assert kept.is_empty


@pytest.mark.parametrize("strength", [0.05, 0.3, 2.0])
@pytest.mark.parametrize("seed", range(5))
def test_homoskedastic_sets_solve_the_quadratic_inequality(seed: int, strength: float) -> None:
    """With V(b) = s(b) Q^-1 the test is (p - b d)'Q(p - b d) <= k s(b)."""
    form = reduced_form(seed, 4, strength, "iid")
    limit = 4 * f_quantile(0.95, 4, DEGREES)
    errors = np.array(
        [[np.trace(form.covariances[a, b] @ form.gram) / 4 for b in range(2)] for a in range(2)]
    )
    forms = form.slopes @ form.gram @ form.slopes.T - limit * errors
    expected = where_quadratic_is_at_most_zero(forms[1, 1], -2 * forms[0, 1], forms[0, 0], 0.95)
    kept = anderson_rubin_set(form)
    assert len(kept.intervals) == len(expected.intervals)
    np.testing.assert_allclose(kept.intervals, expected.intervals, rtol=1e-7)


def test_units_of_money_scale_the_set() -> None:
    form = reduced_form(1, 3, 2.0)
    units = np.array([1e9, 1e-3])
    scaled = ReducedForm(
        form.instruments,
        form.endogenous,
        form.slopes * units[:, None],
        form.covariances * np.multiply.outer(units, units)[:, :, None, None],
        form.gram,
        form.degrees_of_freedom,
        form.rule,
    )
    expected = np.array(anderson_rubin_set(form).intervals) * 1e12
    np.testing.assert_allclose(anderson_rubin_set(scaled).intervals, expected, rtol=1e-8)


def test_the_test_of_a_value_has_its_p_value_from_f() -> None:
    form = reduced_form(2, 3, 1.0)
    tested = anderson_rubin_test(form, 0.4)
    np.testing.assert_allclose(tested.statistic, f_at(form, 0.4), rtol=1e-10)
    kept = anderson_rubin_set(form, level=1 - tested.p_value)
    assert min(abs(0.4 - edge) for interval in kept.intervals for edge in interval) < 1e-8


def test_fewer_groups_than_instruments_have_no_test() -> None:
    form = reduced_form(3, 3, 1.0)
    flat = np.zeros_like(form.covariances)
    flat[0, 0] = flat[1, 1] = np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    singular = ReducedForm(form.instruments, ("x",), form.slopes, flat, form.gram, 1.0, "one group")
    with pytest.raises(NotIdentifiedError, match="singular"):
        anderson_rubin_test(singular)


def test_one_instrument_makes_the_effective_f_the_robust_f() -> None:
    form = reduced_form(4, 1, 1.0)
    effective = measure_effective_f(form)
    np.testing.assert_allclose(effective.statistic, form.slopes[1, 0] ** 2 / form.covariances[1, 1, 0, 0])
    values = (list(kind.values()) for kind in (effective.simplified, effective.generalised))
    np.testing.assert_allclose(*values, rtol=1e-6)


def test_critical_values_of_one_instrument_are_quantiles_of_a_shifted_normal_square() -> None:
    """P((Z + sqrt(x))^2 > c) = 5 % by the normal distribution alone; 23.11 at a bias of 10 %."""
    random = np.random.default_rng(1)
    value = critical_value(np.eye(1), 10.0, 0.05)
    assert value == pytest.approx(23.11, abs=0.005)
    draws = (random.normal(size=400_000) + np.sqrt(10)) ** 2
    assert (draws > value).mean() == pytest.approx(0.05, abs=0.0015)


def test_homoskedastic_bias_falls_short_of_the_bound_by_two_over_the_instruments() -> None:
    """With V = S x Q^-1 the Nagar bias is at most 1 - 2/q of the benchmark (q >= 2)."""
    for count in (2, 3, 6):
        weights = np.einsum("ab,ij->abij", np.array([[2.0, 0.6], [0.6, 1.0]]), np.eye(count))
        assert largest_bias(weights) == pytest.approx(1 - 2 / count, abs=1e-9)


def test_generalised_critical_values_never_exceed_the_simplified() -> None:
    for seed in range(5):
        effective = measure_effective_f(reduced_form(seed, 4, 1.0))
        for bias, value in effective.generalised.items():
            assert value <= effective.simplified[bias] + 1e-9


def test_several_endogenous_regressors_have_no_effective_f() -> None:
    form = reduced_form(1, 2, 1.0)
    joint = np.ones((3, 3, 2, 2))
    two = ReducedForm(form.instruments, ("x", "w"), np.ones((3, 2)), joint, form.gram, 9.0, "")
    with pytest.raises(NotIdentifiedError, match="one endogenous"):
        measure_effective_f(two)
    with pytest.raises(NotIdentifiedError, match="one endogenous"):
        anderson_rubin_set(two)
