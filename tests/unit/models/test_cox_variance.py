"""The errors of survival models: sums of scores between the inverse information, no factor of any kind."""

import numpy as np
import pytest

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.survival.cox_variance import survival_variance, wald_test
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.sums import ScoreSums
from clusterpanel.spec.vcov import ConleyVcov, DriscollKraayVcov, GroupedVcov, Vcov

RNG = np.random.default_rng(8)
BREAD = np.linalg.inv(np.array([[30.0, 4.0], [4.0, 20.0]]))
SCORES = [RNG.normal(size=(size, 2)) for size in (12, 7, 40)]
COUNTS = SampleCounts(100, 2, is_normal=True)


def sums(ways: int) -> ScoreSums:
    groups = tuple(SCORES[:1]) if ways == 1 else tuple(SCORES)
    return ScoreSums(BREAD, None, SCORES[0].T @ SCORES[0], groups)


def sandwich(scores: Floats) -> Floats:
    return np.asarray(BREAD @ scores.T @ scores @ BREAD)


def test_iid_is_the_inverse_information() -> None:
    np.testing.assert_array_equal(survival_variance("iid", sums(1), COUNTS).matrix, BREAD)


def test_robust_errors_are_by_firm() -> None:
    variance = survival_variance("HC1", sums(1), COUNTS)
    np.testing.assert_allclose(variance.matrix, sandwich(SCORES[0]))
    assert "without small-sample factor" in variance.rule


def test_one_way_has_the_influence_of_each_group() -> None:
    variance = survival_variance(GroupedVcov(CRV1="region"), sums(1), COUNTS)
    np.testing.assert_allclose(variance.matrix, sandwich(SCORES[0]))
    assert variance.influence is not None
    np.testing.assert_allclose(variance.influence.T @ variance.influence, variance.matrix)
    assert variance.facts["groups"] == {"region": 12}


def test_two_ways_take_off_their_pairs() -> None:
    variance = survival_variance(GroupedVcov(CRV1=("region", "industry")), sums(2), COUNTS)
    wanted = sandwich(SCORES[0]) + sandwich(SCORES[1]) - sandwich(SCORES[2])
    if variance.facts["negative_eigenvalues"]:
        assert np.linalg.eigvalsh(wanted)[0] < 0
        assert np.linalg.eigvalsh(variance.matrix)[0] >= -1e-12
    else:
        np.testing.assert_allclose(variance.matrix, wanted)
    assert variance.influence is None


def test_two_ways_need_their_intersection() -> None:
    with pytest.raises(SpecError, match="need 3 sums of scores; 1 came"):
        survival_variance(GroupedVcov(CRV1=("region", "industry")), sums(1), COUNTS)


def test_one_group_is_refused() -> None:
    alone = ScoreSums(BREAD, None, BREAD, (np.zeros((1, 2)),))
    with pytest.raises(NotIdentifiedError, match="two groups"):
        survival_variance(GroupedVcov(CRV1="region"), alone, COUNTS)


@pytest.mark.parametrize("vcov", ["HC3", ConleyVcov(conley_km=5), DriscollKraayVcov(driscoll_kraay_lags=1)])
def test_other_variances_are_refused(vcov: Vcov) -> None:
    with pytest.raises(SpecError, match="no function of its scores' sums"):
        survival_variance(vcov, sums(1), COUNTS)


def test_walds_test_is_the_coefficients_length_in_errors() -> None:
    coefficients = np.array([0.3, -0.2])
    assert wald_test(coefficients, BREAD) == pytest.approx(coefficients @ np.linalg.inv(BREAD) @ coefficients)
