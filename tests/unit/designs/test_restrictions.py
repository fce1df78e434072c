"""Restrictions, linear combinations and the delta method, beside statsmodels and by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.stats._delta_method import NonlinearDeltaCov

from clusterpanel.designs.restrictions import lincom, nlcom, wald
from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.fit import coefficient_table
from clusterpanel.models.result import Result

NAMES = ("x1", "x2", "year::-1:x", "constant")
GROUPS = 25


@pytest.fixture(scope="module")
def peer() -> Any:
    """Return a fit of statsmodels with grouped errors."""
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(GROUPS), 8)
    x = rng.normal(size=(200, 3)) + rng.normal(size=(GROUPS, 3))[groups]
    y = x @ [0.5, 0.2, 0.0] + rng.normal(size=200) + rng.normal(size=GROUPS)[groups]
    frame = pd.DataFrame(np.column_stack([x, np.ones(200)]), columns=NAMES)
    return sm.OLS(y, frame).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)


def result_of(peer: Any, degrees: float | None = GROUPS - 1) -> Result:
    covariance = peer.cov_params()
    errors = np.sqrt(np.diag(covariance))
    table = coefficient_table(NAMES, peer.params.to_numpy(), errors, degrees or np.inf)
    return Result("tried", table, None, {"degrees_of_freedom": degrees}, covariance=covariance)


def test_joint_test_is_statsmodels_f_test(peer: Any) -> None:
    ours = wald(result_of(peer), ["x1 = x2", "`year::-1:x`", "x1 + 2*x2 = 1"])
    theirs = peer.f_test((np.array([[1, -1, 0, 0], [0, 0, 1, 0], [1, 2, 0, 0]]), np.array([0, 0, 1])))

    assert ours.statistic == pytest.approx(float(theirs.fvalue), rel=1e-10)
    assert ours.p_value == pytest.approx(float(theirs.pvalue), rel=1e-8)
    assert (ours.distribution, ours.degrees_of_freedom, ours.denominator_degrees) == ("F", 3, GROUPS - 1)


def test_without_degrees_of_freedom_the_test_is_chi_squared(peer: Any) -> None:
    ours = wald(result_of(peer, None), ["x1", "x2"])
    theirs = peer.wald_test((np.eye(4)[:2], np.zeros(2)), use_f=False, scalar=True)

    assert ours.statistic == pytest.approx(float(theirs.statistic), rel=1e-10)
    assert ours.p_value == pytest.approx(float(theirs.pvalue), rel=1e-8)
    assert (ours.distribution, ours.denominator_degrees) == ("chi2", None)


def test_chi_squared_may_be_asked_for(peer: Any) -> None:
    by_f, by_chi2 = (wald(result_of(peer), ["x1", "x2"], distribution=name) for name in ("F", "chi2"))

    assert by_chi2.statistic == pytest.approx(2 * by_f.statistic)


def test_f_without_degrees_of_freedom_is_refused(peer: Any) -> None:
    with pytest.raises(SpecError, match="no degrees of freedom"):
        wald(result_of(peer, None), "x1", distribution="F")


def test_one_restriction_is_the_square_of_t(peer: Any) -> None:
    result = result_of(peer)
    row = result.term("x2")

    assert wald(result, "x2").statistic == pytest.approx(row["statistic"] ** 2)
    assert wald(result, "x2").p_value == pytest.approx(row["p_value"])


def test_no_restriction_means_all_but_the_constant(peer: Any) -> None:
    result = result_of(peer)

    assert wald(result).restrictions == ("x1", "x2", "year::-1:x")
    assert wald(result).statistic == pytest.approx(wald(result, ["x1", "x2", "year::-1:x"]).statistic)


def test_matrix_says_the_same_as_texts(peer: Any) -> None:
    result = result_of(peer)
    matrix = np.array([[1.0, -1, 0, 0], [1, 1, 0, 0]])
    by_matrix = wald(result, matrix, [0, 1])
    by_text = wald(result, ["x1 = x2", "x1 + x2 = 1"])

    assert by_matrix.statistic == pytest.approx(by_text.statistic)
    assert by_matrix.restrictions == ("1*x1 + -1*x2 = 0", "1*x1 + 1*x2 = 1")


def test_matrix_of_another_shape_is_refused(peer: Any) -> None:
    with pytest.raises(SpecError, match="4 columns"):
        wald(result_of(peer), np.eye(3))


def test_restrictions_that_follow_from_others_are_refused(peer: Any) -> None:
    with pytest.raises(NotIdentifiedError, match="follow from others"):
        wald(result_of(peer), ["x1 = x2", "x2 = x1"])


def test_more_restrictions_than_the_variance_tells_apart_are_refused(peer: Any) -> None:
    result = result_of(peer)
    half = np.array([[1.0, 0.5], [0.5, 2.0], [0.3, -0.2], [0, 1]])
    few = pd.DataFrame(half @ half.T, NAMES, NAMES)

    with pytest.raises(NotIdentifiedError, match="tells 2 apart"):
        wald(Result("few", result.estimate, None, result.glance, covariance=few))


def test_variance_that_is_none_is_refused(peer: Any) -> None:
    result = result_of(peer)
    roots = pd.DataFrame([[1.0, 2.0, 0, 0], [2, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], NAMES, NAMES)

    with pytest.raises(NotIdentifiedError):
        wald(Result("odd", result.estimate, None, result.glance, covariance=roots), ["x1", "x2"])


def test_linear_combination_is_statsmodels_t_test(peer: Any) -> None:
    ours = lincom(result_of(peer), "x1 - 2*x2 + `year::-1:x`/4", level=0.9)
    theirs = peer.t_test(np.array([[1, -2, 0.25, 0]]))
    low, high = theirs.conf_int(alpha=0.1)[0]

    assert ours.estimate == pytest.approx(theirs.effect.item(), rel=1e-10)
    assert ours.std_error == pytest.approx(theirs.sd.item(), rel=1e-10)
    assert ours.p_value == pytest.approx(theirs.pvalue.item(), rel=1e-8)
    assert (ours.conf_low, ours.conf_high) == pytest.approx((low, high), rel=1e-8)
    assert (ours.distribution, ours.degrees_of_freedom) == ("t", GROUPS - 1)


def test_constants_move_the_estimate_and_not_its_error(peer: Any) -> None:
    result = result_of(peer)
    plain, moved = lincom(result, "x1 + x2"), lincom(result, "x1 + x2 = 1")

    assert moved.estimate == pytest.approx(plain.estimate - 1)
    assert moved.std_error == plain.std_error


def test_delta_method_is_statsmodels_with_numerical_derivatives(peer: Any) -> None:
    text = "log(x1^2 + 1)*exp(x2) / sqrt(1 + x1) - (x2 - 3)^x1^2"
    ours = nlcom(result_of(peer), text.replace("(x2 - 3)", "(x2 + 3)"))

    def by_hand(b: np.ndarray) -> np.ndarray:
        value = np.log(b[0] ** 2 + 1) * np.exp(b[1]) / np.sqrt(1 + b[0]) - (b[1] + 3) ** (b[0] ** 2)
        return np.atleast_1d(value)

    theirs = NonlinearDeltaCov(by_hand, peer.params.to_numpy(), peer.cov_params().to_numpy())
    assert ours.estimate == pytest.approx(theirs.predicted().item(), rel=1e-12)
    assert ours.std_error == pytest.approx(theirs.se_vectorized().item(), rel=1e-6)


def test_delta_method_of_a_linear_expression_is_the_combination(peer: Any) -> None:
    result = result_of(peer)

    assert nlcom(result, "x1 - 2*x2").std_error == pytest.approx(lincom(result, "x1 - 2*x2").std_error)


def test_ratio_has_the_variance_of_the_textbook(peer: Any) -> None:
    result = result_of(peer)
    (a, b), v = peer.params[:2], peer.cov_params().to_numpy()
    variance = v[0, 0] / b**2 + a**2 * v[1, 1] / b**4 - 2 * a * v[0, 1] / b**3

    assert nlcom(result, "x1 / x2").std_error == pytest.approx(np.sqrt(variance))


@pytest.mark.parametrize("text", ["x1*x2", "x1/x2", "1/x1", "x1^2", "2^x1", "log(x1)", "(x1 + 1)*(x2 + 1)"])
def test_what_is_not_linear_is_left_to_the_delta_method(peer: Any, text: str) -> None:
    with pytest.raises(SpecError, match="nlcom"):
        lincom(result_of(peer), text)


@pytest.mark.parametrize("text", ["log(2)*x1", "x1/2^3", "-(x1 - x2)*4", "x1 + 0"])
def test_constants_may_be_computed(peer: Any, text: str) -> None:
    result = result_of(peer)

    assert lincom(result, text).std_error == pytest.approx(nlcom(result, text).std_error)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x1 + x3", "a term: x1, x2, year::-1:x, constant"),
        ("x1 +", "came the end"),
        ("x1 = x2 = 0", '"="'),
        ("abs(x1)", "log, exp, sqrt"),
        ("__import__('os')", "log, exp, sqrt"),
        ("log(0*x1)", "no value at the estimates"),
        ("sqrt(0*x1)", "no value at the estimates"),
        ("x1/(x2 - x2)", "no value at the estimates"),
        ("exp(1000*x1/x1)", "no value at the estimates"),
    ],
)
def test_what_cannot_be_computed_is_refused(peer: Any, text: str, words: str) -> None:
    with pytest.raises(SpecError) as raised:
        nlcom(result_of(peer), text)

    assert words in str(raised.value)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_level_is_a_probability(peer: Any, level: float) -> None:
    with pytest.raises(SpecError, match="probability"):
        lincom(result_of(peer), "x1", level)


def test_result_without_variance_is_refused(peer: Any) -> None:
    result = result_of(peer)

    with pytest.raises(SpecError, match="variance matrix"):
        wald(Result("none", result.estimate, None))


def test_order_of_the_variance_does_not_matter(peer: Any) -> None:
    result = result_of(peer)
    turned = result.covariance.iloc[::-1, ::-1] if result.covariance is not None else None
    other = Result("turned", result.estimate, None, result.glance, covariance=turned)

    assert wald(other, ["x1", "x2 = 1"]) == wald(result, ["x1", "x2 = 1"])
