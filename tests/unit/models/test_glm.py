from dataclasses import replace

import numpy as np
import pytest

from clusterpanel.errors import NotConvergedError, NotIdentifiedError, SpecError
from clusterpanel.models import climb
from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.families import CLOGLOG
from clusterpanel.models.glm import fit_glm, linearise_glm
from clusterpanel.models.separation import Ranges, check_regressors, rows_of_mixed_levels
from clusterpanel.models.vcov.sums import sums_of_rows


def arrays(outcome: np.ndarray, exposure: np.ndarray, region: np.ndarray) -> ModelArrays:
    rows = len(outcome)
    firms = Codes("firm_id", (np.arange(rows) // 2).astype(np.int32), (rows + 1) // 2)
    effects = (Codes("region_code", region.astype(np.int32), int(region.max()) + 1),)
    return ModelArrays((outcome, exposure), ("in_cluster",), firms, effects, False, groups=(firms,))


def simulated(seed: int = 0, rows: int = 400) -> ModelArrays:
    rng = np.random.default_rng(seed)
    exposure, region = (rng.random(rows) < 0.5).astype(float), rng.integers(0, 2, rows)
    events = (rng.random(rows) < 0.1 + 0.1 * exposure).astype(float)
    return arrays(events, exposure, region)


def test_two_cells_have_the_closed_form() -> None:
    """With one yes/no regressor and one effect level the hazards are the shares."""
    sample = simulated()
    events, exposure = sample.columns
    sample = arrays(events, exposure, np.zeros(sample.rows, dtype=np.int64))
    shares = np.array([events[exposure == side].mean() for side in (1, 0)])
    for family, link in (
        ("cloglog", lambda share: np.log(-np.log1p(-share))),
        ("logit", lambda share: np.log(share / (1 - share))),
        ("poisson", np.log),
    ):
        eta = link(shares)
        assert fit_glm(sample, family).coefficients[0] == pytest.approx(eta[0] - eta[1], rel=1e-10)


def test_no_event_among_the_exposed_is_refused() -> None:
    sample = simulated()
    events, exposure = sample.columns
    with pytest.raises(NotIdentifiedError, match="all events have in_cluster = 0"):
        fit_glm(arrays(events * (exposure == 0), exposure, sample.effects[0].codes), "cloglog")


def test_a_regressor_that_foretells_events_is_refused() -> None:
    ranges = Ranges(lowest=np.array([[0.0], [3.0]]), highest=np.array([[2.0], [5.0]]))
    with pytest.raises(NotIdentifiedError, match="separates events"):
        check_regressors(ranges, ["size"], CLOGLOG)


def test_separation_given_the_effects_is_refused() -> None:
    """Overall both exposures see events; within each region only one does."""
    region = np.repeat([0, 1], 40)
    exposure = np.tile([0.0, 1.0], 40)
    events = np.zeros(80)
    events[np.flatnonzero((region == 0) & (exposure == 1))[:5]] = 1
    events[np.flatnonzero((region == 1) & (exposure == 1))] = 1
    events[np.flatnonzero((region == 1) & (exposure == 0))[:5]] = 1
    with pytest.raises(NotIdentifiedError, match="with the effects it separates events"):
        fit_glm(arrays(events, exposure, region), "cloglog")


@pytest.mark.parametrize("family", ["logit", "cloglog"])
@pytest.mark.parametrize("is_event", [True, False])
def test_regressors_that_separate_events_together_are_refused(is_event: bool, family: str) -> None:
    """Each value of each sees both outcomes; only the rows with one and not the other all end alike.

    The steps run off and the promise of a further one dies out, so that stopping there would look like a top.
    """
    rng = np.random.default_rng(0)
    kind = rng.choice(3, 3_000, p=[0.45, 0.45, 0.1])
    exposed, large = (kind > 0).astype(float), (kind == 1).astype(float)
    events = np.where(kind == 2, float(is_event), rng.random(3_000) < 0.1)
    one = arrays(events, exposed, rng.integers(0, 3, 3_000))
    both = replace(one, columns=(events, exposed, large), names=("in_cluster", "is_large"))
    with pytest.raises(NotIdentifiedError, match="of in_cluster, is_large is not identified"):
        fit_glm(both, family)


def test_a_regressor_that_separates_counts_is_refused_where_its_rows_were_left_in() -> None:
    rng = np.random.default_rng(1)
    exposure = (rng.random(400) < 0.3).astype(float)
    counts = rng.poisson(2.0, 400) * (exposure == 0)
    with pytest.raises(NotIdentifiedError, match="rate ratio of in_cluster is not identified"):
        fit_glm(arrays(counts.astype(float), exposure, rng.integers(0, 2, 400)), "poisson")


def uneven_levels() -> ModelArrays:
    """Twenty levels of very different sizes and hazards: a whole first step would take small ones too far."""
    rng = np.random.default_rng(9)
    sizes = rng.dirichlet(np.full(20, 0.3))
    region, shift = rng.choice(20, 8_000, p=sizes), rng.normal(size=20)
    exposure = (rng.random(8_000) < 0.5).astype(float)
    events = (rng.random(8_000) < -np.expm1(-np.exp(shift[region] - 4))).astype(float)
    sample = arrays(events, exposure, region)
    return sample.where(rows_of_mixed_levels(events, sample.effects)[0])


def test_a_level_that_lost_its_weight_does_not_pass_for_a_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(climb, "MOST_CHANGE_OF_LEVEL", 1e300)
    with pytest.raises(NotConvergedError, match="a level of the effects has lost its weight"):
        fit_glm(uneven_levels(), "cloglog")


def test_the_length_of_the_steps_does_not_move_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = fit_glm(uneven_levels(), "cloglog")
    monkeypatch.setattr(climb, "MOST_CHANGE_OF_LEVEL", 0.3)
    slower = fit_glm(uneven_levels(), "cloglog")
    assert slower.facts["iterations"] > fit.facts["iterations"]
    np.testing.assert_allclose(slower.coefficients, fit.coefficients, rtol=1e-8)
    np.testing.assert_allclose(slower.sums.bread, fit.sums.bread, rtol=1e-7)


def test_reusing_the_curvature_does_not_move_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    exposure, region = rng.normal(size=600), rng.integers(0, 9, 600)
    counts = rng.poisson(np.exp(0.5 * exposure + 0.2 * region)).astype(float)
    fit = fit_glm(arrays(counts, exposure, region), "poisson")
    monkeypatch.setattr(climb, "SHORT_STEP", 0.0)
    newton = fit_glm(arrays(counts, exposure, region), "poisson")
    np.testing.assert_allclose(newton.coefficients, fit.coefficients, rtol=1e-11)
    np.testing.assert_allclose(newton.sums.bread, fit.sums.bread, rtol=1e-7)


def test_a_climb_cut_short_says_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(climb, "MOST_STEPS", 1)
    with pytest.raises(
        NotConvergedError, match=r"not converged in 1 steps: a further one promises .* deviance"
    ):
        fit_glm(simulated(), "cloglog")


@pytest.mark.parametrize(
    ("family", "outcome", "allowed"),
    [("poisson", [-1.0, 2.0], "numbers from 0 on"), ("logit", [0.0, 0.5], "0 and 1")],
)
def test_outcomes_of_another_kind_are_refused(family: str, outcome: list[float], allowed: str) -> None:
    sample = arrays(np.tile(outcome, 10), np.arange(20.0), np.zeros(20, dtype=np.int64))
    with pytest.raises(SpecError, match=allowed):
        fit_glm(sample, family)


def test_firms_of_one_outcome_are_refused_where_they_have_effects() -> None:
    sample = replace(simulated(), absorbs_firm=True)
    with pytest.raises(NotIdentifiedError, match="firm_id have an outcome that never changes"):
        fit_glm(sample, "logit")


def test_slopes_of_each_firm_are_refused() -> None:
    sample = replace(simulated(), absorbs_firm=True, firm_slopes=(np.arange(400.0),))
    with pytest.raises(SpecError, match="slopes of each firm_id's own"):
        fit_glm(sample, "poisson")


def test_firm_effects_of_a_logit_come_with_a_warning() -> None:
    rng = np.random.default_rng(2)
    sample = replace(simulated(), absorbs_firm=True, effects=())
    events = (rng.random(400) < 0.5).astype(float).reshape(-1, 2)
    events[:, 1] = 1 - events[:, 0]
    sample = replace(sample, columns=(events.ravel(), sample.columns[1]))
    assert "incidental parameters" in fit_glm(sample, "logit").notes[0]
    assert fit_glm(replace(sample, effects=(), absorbs_firm=True), "poisson").notes == ()


def test_two_rows_a_firm_double_the_logit() -> None:
    """The known size of the bias (Andersen 1970; Hsiao 2003, section 7.3)."""
    from clusterpanel.models.conditional_logit import fit_conditional_logit

    rng = np.random.default_rng(7)
    firms = Codes("firm_id", np.repeat(np.arange(500, dtype=np.int32), 2), 500)
    exposure = rng.normal(size=1000)
    events = (rng.random(1000) < 1 / (1 + np.exp(-exposure))).astype(float).reshape(-1, 2)
    keep = np.repeat(events[:, 0] != events[:, 1], 2)
    sample = ModelArrays((events.ravel(), exposure), ("exposure",), firms, (), True).where(keep)
    naive, exact = fit_glm(sample, "logit"), fit_conditional_logit(sample)
    assert naive.coefficients[0] == pytest.approx(2 * exact.coefficients[0], rel=1e-9)


@pytest.mark.parametrize("family", ["poisson", "logit", "cloglog"])
def test_rows_in_memory_give_the_sums_of_the_fold(family: str) -> None:
    sample = simulated(3)
    fit, linearised = fit_glm(sample, family), linearise_glm(sample, family)
    sums = sums_of_rows(linearised, sample.groups)
    np.testing.assert_allclose(linearised.coefficients, fit.coefficients, rtol=1e-9)
    np.testing.assert_allclose(sums.bread, fit.sums.bread, rtol=1e-8)
    np.testing.assert_allclose(sums.meat, fit.sums.meat, rtol=1e-8)
    np.testing.assert_allclose(sums.groups[0], fit.sums.groups[0], rtol=1e-6, atol=1e-10)
    weighted = linearised.weights[:, None] * linearised.regressors
    np.testing.assert_allclose(np.linalg.inv(weighted.T @ linearised.regressors), fit.sums.bread, rtol=1e-8)


def test_dropping_levels_repeats_until_every_level_is_mixed() -> None:
    events = np.array([0.0, 0, 0, 1, 1, 0])
    region = Codes("region_code", np.array([0, 0, 1, 1, 2, 2], dtype=np.int32), 3)
    year = Codes("year", np.array([0, 1, 0, 0, 1, 2], dtype=np.int32), 3)
    # Region 0 has no event; year 2 none; then region 2 only an event, and year 1 only that event.
    keep, dropped = rows_of_mixed_levels(events, [region, year])
    assert keep.tolist() == [False, False, True, True, False, False]
    assert dropped == {"region_code": (2, 1), "year": (2, 2)}


@pytest.mark.parametrize("family", [1, 2], ids=["logit", "cloglog"])
def test_a_firms_own_effect_is_where_its_score_is_0(family: int) -> None:
    """Firms of three years, where scoring with the expected information would go back and forth."""
    from clusterpanel.models.glm_kernels import binary_effect, row_terms

    rng = np.random.default_rng(0)
    for _ in range(500):
        eta, outcome = rng.normal(size=3) * 3 - 20 * rng.random(), np.array([0.0, 1.0, rng.integers(0, 2)])
        effect = binary_effect(family, 0, 3, outcome, np.empty(0), eta)
        terms = [row_terms(family, eta[k] + effect, outcome[k]) for k in range(3)]
        assert sum(term[1] for term in terms) == pytest.approx(
            0, abs=1e-9 * sum(term[0] for term in terms) + 1e-11
        )
