"""The wild bootstrap from groups' sums against one that refits every draw."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes
from clusterpanel.models.linearised import EffectRows, Linearised
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.from_rows import RowPlaces, from_rows
from clusterpanel.models.vcov.inversion import p_value
from clusterpanel.models.vcov.wild import drawn_tests, wild_bootstrap
from clusterpanel.models.vcov.wild_draws import wild_draws
from clusterpanel.spec.vcov import WildBootstrapVcov

Floats = NDArray[np.float64]
ROWS = 80


class Sample:
    """A simulated panel of firms in eight regions, with effects that are nested in these or cross them."""

    def __init__(self, effects: str, weighted: bool, groups: int = 8) -> None:
        generator = np.random.default_rng(11)
        self.region = np.sort(np.arange(ROWS) % groups)
        self.firm = np.arange(ROWS) // 4
        self.region = self.firm % groups if effects != "crossing" else generator.integers(0, groups, ROWS)
        self.year = np.arange(ROWS) % 4
        shock = generator.normal(size=groups)[self.region]
        self.x = np.column_stack([np.ones(ROWS), generator.normal(size=ROWS) + shock])
        self.x = self.x if effects == "none" else np.column_stack([self.x[:, 1], generator.normal(size=ROWS)])
        self.y = (
            self.x @ [0.4, 0.3] + generator.normal(size=groups)[self.region] + generator.normal(size=ROWS)
        )
        self.weights = generator.uniform(0.5, 2.0, ROWS) if weighted else np.ones(ROWS)
        firm_dummies, year_dummies = np.eye(ROWS // 4)[self.firm], np.eye(4)[self.year]
        self.dummies: Floats = np.zeros((ROWS, 0))
        has_years = effects == "crossing"
        if effects != "none":
            self.dummies = np.column_stack([firm_dummies, year_dummies]) if has_years else firm_dummies
        self.effects = None
        if effects != "none":
            levels = self.year[:, None] if has_years else np.empty((ROWS, 0))
            self.effects = EffectRows(
                self.firm.astype(np.int32),
                True,
                np.empty((ROWS, 0)),
                levels.astype(np.int32),
                None,
                4 * has_years,
            )
        self.groups = Codes("region_code", self.region.astype(np.int32), groups)

    def project(self, values: Floats) -> Floats:
        """Take the effects out, with weights."""
        if not self.dummies.shape[1]:
            return values
        roots = np.sqrt(self.weights)[:, None]
        return values - self.dummies @ np.linalg.lstsq(self.dummies * roots, values * roots, rcond=None)[0]

    def fit(self, y: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        x, left = self.project(self.x), self.project(y[:, None])[:, 0]
        bread = np.linalg.inv(x.T @ (x * self.weights[:, None]))
        coefficients = bread @ (x.T @ (self.weights * left))
        return coefficients, bread, x, left - x @ coefficients

    def statistic(self, y: Floats, place: int, hypothesis: float) -> float:
        coefficients, bread, x, residuals = self.fit(y)
        scores = x * (self.weights * residuals)[:, None]
        sums = np.array([scores[self.region == g].sum(axis=0) for g in range(self.groups.levels)])
        return float((coefficients[place] - hypothesis) / np.linalg.norm(sums @ bread[place]))

    def restricted(self, place: int, hypothesis: float) -> tuple[Floats, Floats]:
        """Fitted values and residuals with the coefficient held at the hypothesis."""
        other = np.delete(self.x, place, axis=1)
        whole = np.column_stack([other, self.dummies])
        roots = np.sqrt(self.weights)
        target = self.y - hypothesis * self.x[:, place]
        fitted = whole @ np.linalg.lstsq(whole * roots[:, None], target * roots, rcond=None)[0]
        return fitted + hypothesis * self.x[:, place], target - fitted

    @property
    def linearised(self) -> Linearised:
        coefficients, bread, x, residuals = self.fit(self.y)
        return Linearised(
            ("one", "two"), coefficients, bread, x, residuals, self.weights, effects=self.effects
        )


SAMPLES = [(kind, weighted) for kind in ("none", "nested", "crossing") for weighted in (False, True)]


@pytest.fixture(params=SAMPLES, ids=str)
def sample(request: pytest.FixtureRequest) -> Sample:
    return Sample(*request.param)


@pytest.mark.parametrize("hypothesis", [0.0, 0.55])
@pytest.mark.parametrize("place", [0, 1])
def test_every_draw_is_a_refit(sample: Sample, place: int, hypothesis: float) -> None:
    signs = next(wild_draws(8, "rademacher", 256, seed=1))
    assert len(np.unique(signs, axis=0)) == 256
    fitted, residuals = sample.restricted(place, hypothesis)
    refitted = [
        sample.statistic(fitted + residuals * sign[sample.region], place, hypothesis) for sign in signs
    ]
    test = drawn_tests(sample.linearised, sample.groups, "rademacher", 256, seed=1)[place]
    distance = test.estimate - hypothesis
    numerators = test.numerators[0] + test.numerators[1] * distance
    squares = test.squares[0] + distance * (test.squares[1] + distance * test.squares[2])
    np.testing.assert_allclose(numerators / np.sqrt(squares), refitted, rtol=1e-7, atol=1e-9)
    own = abs(sample.statistic(sample.y, place, hypothesis))
    assert p_value(test, hypothesis) == np.mean(np.abs(refitted) >= own * (1 - 1e-8))


@pytest.mark.parametrize("weights", ["rademacher", "webb"])
def test_the_interval_holds_what_is_not_rejected(sample: Sample, weights: Any) -> None:
    vcov = WildBootstrapVcov(wild_bootstrap="region_code", weights=weights, draws=999)
    found = from_rows(vcov, sample.linearised, SampleCounts(ROWS, 2), RowPlaces([sample.groups]))
    assert found.p_values is not None
    assert found.intervals is not None
    tests = drawn_tests(sample.linearised, sample.groups, weights, 999, seed=1)
    for test, (low, high) in zip(tests, found.intervals, strict=True):
        step = 1e-6 * (high - low)
        assert p_value(test, low - step) < 0.05 <= p_value(test, low + step)
        assert p_value(test, high + step) < 0.05 <= p_value(test, high - step)


def test_the_standard_error_stays_crv1() -> None:
    sample = Sample("nested", weighted=True)
    places, counts = RowPlaces([sample.groups]), SampleCounts(ROWS, 2)
    wild = from_rows(WildBootstrapVcov(wild_bootstrap="region_code"), sample.linearised, counts, places)
    grouped = from_rows("HC1", sample.linearised, counts, places)
    assert wild.influence is not None
    np.testing.assert_allclose(wild.influence.T @ wild.influence, wild.matrix)
    assert not np.allclose(wild.matrix, grouped.matrix)
    assert wild.facts["all_patterns"]
    assert "all 256 patterns of signs" in wild.rule


def test_few_groups_cannot_reject_and_say_so_by_an_unbounded_interval() -> None:
    """With four groups no p-value is below 2/16."""
    sample = Sample("nested", weighted=False, groups=4)
    found = wild_bootstrap(sample.linearised, sample.groups, SampleCounts(ROWS, 2))
    assert found.p_values is not None
    assert found.intervals is not None
    assert (found.p_values >= 2 / 16).all()
    assert np.isinf(found.intervals).all()


def test_a_seed_gives_the_same_draws_however_they_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    from clusterpanel.models.vcov import wild_draws as module

    for weights in ("rademacher", "webb"):
        whole = np.concatenate(list(wild_draws(20, weights, 500, seed=3)))  # type: ignore[arg-type]
        with monkeypatch.context() as patched:
            patched.setattr(module, "CHUNK", 20 * 7)
            cut = np.concatenate(list(wild_draws(20, weights, 500, seed=3)))  # type: ignore[arg-type]
        np.testing.assert_array_equal(whole, cut)
        assert not np.array_equal(whole, np.concatenate(list(wild_draws(20, weights, 500, seed=4))))  # type: ignore[arg-type]


def test_webbs_six_values_have_mean_0_and_variance_1() -> None:
    draws = np.concatenate(list(wild_draws(50, "webb", 4000, seed=1)))
    assert len(np.unique(draws)) == 6
    assert abs(draws.mean()) < 0.01
    assert abs(draws.var() - 1) < 0.01


@pytest.mark.parametrize("estimator", ["likelihood", "instruments"])
def test_only_least_squares_is_bootstrapped_this_way(estimator: Any) -> None:
    fit = replace(Sample("nested", weighted=False).linearised, estimator=estimator)
    with pytest.raises(SpecError, match="other than least squares"):
        wild_bootstrap(fit, Sample("nested", weighted=False).groups, SampleCounts(ROWS, 2))


def test_one_group_is_refused() -> None:
    sample = Sample("none", weighted=False)
    with pytest.raises(NotIdentifiedError, match="two groups"):
        wild_bootstrap(
            sample.linearised, Codes("g", np.zeros(ROWS, dtype=np.int32), 1), SampleCounts(ROWS, 2)
        )
