"""The test of proportional hazards: the score test written out, its size, and what must not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, rankdata

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.survival.cox import fit_cox
from clusterpanel.models.survival.cox_ties import Ties
from clusterpanel.models.survival.proportional_hazards import proportional_hazards_test
from clusterpanel.models.survival.time_transforms import Transform, transformed_times

from .simulated_episodes import simulated_episodes, slow_fit

few = settings(max_examples=12, deadline=None)
seeds = st.integers(0, 10_000)


def slow_transform(source: ModelArrays, transform: Transform) -> np.ndarray:
    """Return each row's transformed stop, risk set by risk set."""
    event, start, stop = source.columns[:3]
    if transform == "km":
        survival = np.ones(source.rows)
        for time in np.unique(stop[event > 0]):
            at_risk = (start < time) & (stop >= time)
            survival[stop > time] *= 1 - (event[stop == time] > 0).sum() / at_risk.sum()
        return 1 - survival
    return {"identity": stop, "log": np.log(stop), "rank": rankdata(stop)}[transform]


@few
@given(
    seed=seeds,
    ties=st.sampled_from(["efron", "breslow"]),
    transform=st.sampled_from(["km", "rank", "identity", "log"]),
    is_yearly=st.booleans(),
)
def test_the_statistics_are_those_of_the_score_test_written_out(
    seed: int, ties: Ties, transform: Transform, is_yearly: bool
) -> None:
    source = simulated_episodes(seed, is_yearly=is_yearly)
    found = proportional_hazards_test(fit_cox(source, ties), transform)
    single, together = slow_fit(source, ties).zph(slow_transform(source, transform))
    np.testing.assert_allclose(found["statistic"], [*single, together], rtol=1e-5, atol=1e-9)
    assert found["term"].tolist() == ["in_cluster", "size", "GLOBAL"]
    assert found["degrees_of_freedom"].tolist() == [1, 1, 2]
    np.testing.assert_allclose(found["p_value"], chi2.sf(found["statistic"], found["degrees_of_freedom"]))


def test_a_term_of_all_regressors_is_the_global_test() -> None:
    fit = fit_cox(simulated_episodes(1))
    found = proportional_hazards_test(fit, terms={"both": ["size", "in_cluster"]})
    assert found["statistic"][0] == pytest.approx(found["statistic"][1])
    assert found["degrees_of_freedom"].tolist() == [2, 2]


def test_units_of_time_and_of_regressors_do_not_matter() -> None:
    source = simulated_episodes(3)
    event, start, stop, exposure, size = source.columns
    months = ModelArrays(
        (event, 12 * start, 12 * stop, exposure, 1e6 * size),
        source.names,
        source.firms,
        source.effects,
        absorbs_firm=False,
        weights=source.weights,
        offset=source.offset,
        outcomes=3,
    )
    for transform in ("km", "identity", "rank"):
        one, other = (proportional_hazards_test(fit_cox(sample), transform) for sample in (source, months))
        np.testing.assert_allclose(other["statistic"], one["statistic"], rtol=1e-6)


def test_yearly_times_and_blocks_and_threads_do_not_matter() -> None:
    one = proportional_hazards_test(fit_cox(simulated_episodes(6)))
    cut = proportional_hazards_test(fit_cox(simulated_episodes(6, rows_per_block=1)), threads=2)
    np.testing.assert_allclose(cut["statistic"], one["statistic"], rtol=1e-9)


def test_a_true_null_is_refused_as_often_as_said_and_a_fading_effect_nearly_always() -> None:
    """Simulated firms, exponential lives, an effect that is constant or ends at time 1."""
    rng, refused = np.random.default_rng(0), {"constant": 0, "fading": 0}
    for _ in range(200):
        exposure, size = (rng.random(300) < 0.5).astype(float), rng.normal(size=300)
        early = rng.exponential(1 / (0.5 * np.exp(exposure + 0.3 * size)))
        late = 1 + rng.exponential(1 / (0.5 * np.exp(0.3 * size)))
        for name, life in (("constant", early), ("fading", np.where(early < 1, early, late))):
            event, stop = (life < 3).astype(float), np.minimum(life, 3)
            codes = Codes("firm_id", np.arange(300, dtype=np.int32), 300)
            columns = (event, np.zeros(300), stop, exposure, size)
            source = ModelArrays(columns, ("in_cluster", "size"), codes, (), absorbs_firm=False, outcomes=3)
            refused[name] += proportional_hazards_test(fit_cox(source))["p_value"][0] < 0.05
    assert 2 <= refused["constant"] <= 20
    assert refused["fading"] > 150


def test_what_cannot_be_tested_is_refused() -> None:
    fit = fit_cox(simulated_episodes(1))
    with pytest.raises(SpecError, match="the regressors age are not among in_cluster, size"):
        proportional_hazards_test(fit, terms={"age": ["age"]})
    with pytest.raises(SpecError, match="'square' came; allowed: km, rank, identity, log"):
        transformed_times(fit, "square")  # type: ignore[arg-type]
    codes = Codes("firm_id", np.arange(4, dtype=np.int32), 4)
    columns = (np.array([1.0, 1, 0, 0]), np.zeros(4), np.ones(4), np.array([1.0, 0, 1, 0]))
    same = ModelArrays(columns, ("in_cluster",), codes, (), absorbs_firm=False, outcomes=3)
    with pytest.raises(NotIdentifiedError, match="all events are at one time"):
        proportional_hazards_test(fit_cox(same))


def test_logarithms_of_times_before_birth_are_refused() -> None:
    codes = Codes("firm_id", np.arange(4, dtype=np.int32), 4)
    columns = (np.ones(4), np.full(4, -1.0), np.array([0.0, 1, 2, 3]), np.array([1.0, 0, 1, 0]))
    source = ModelArrays(columns, ("in_cluster",), codes, (), absorbs_firm=False, outcomes=3)
    with pytest.raises(SpecError, match="an event is at time 0, which has no logarithm"):
        proportional_hazards_test(fit_cox(source), "log")
