"""Standardised survival: averages of foretold survival, and errors by refitting."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.survival.baseline import survival_at
from clusterpanel.models.survival.cox import fit_cox
from clusterpanel.models.survival.cox_ties import Ties
from clusterpanel.models.survival.standardised import standardised_survival
from clusterpanel.models.survival.time_varying import split_at

from .simulated_episodes import FIRMS, simulated_episodes, slow_fit

few = settings(max_examples=10, deadline=None)
seeds = st.integers(0, 10_000)
ARMS = {"in": {"in_cluster": 1.0}, "out": {"in_cluster": 0.0}}
TIMES = [0.2, 1.0, 2.5, 4.0]


@few
@given(seed=seeds, ties=st.sampled_from(["efron", "breslow"]), over=st.sampled_from(["firms", "rows"]))
def test_survival_is_averaged_over_firms_first_rows_or_all(seed: int, ties: Ties, over: str) -> None:
    source = simulated_episodes(seed)
    slow = slow_fit(source, ties)
    assert source.weights is not None
    assert source.offset is not None
    rows = np.arange(source.rows)
    if over == "firms":
        of_firm = [np.flatnonzero(source.firms.codes == firm) for firm in range(FIRMS)]
        rows = np.array([own[np.argmin(source.columns[1][own])] for own in of_firm])
    found = standardised_survival(fit_cox(source, ties), ARMS, TIMES, over)  # type: ignore[arg-type]
    for (_, row), (exposure, time) in zip(
        found.curves.iterrows(), [(x, time) for x in (1.0, 0.0) for time in TIMES], strict=True
    ):
        survival = [
            slow.survival(time, np.array([exposure, source.columns[4][one]]), source.effects[0].codes[one])[0]
            ** np.exp(source.offset[one])
            for one in rows
        ]
        assert row["survival"] == pytest.approx(np.average(survival, weights=source.weights[rows]), rel=1e-6)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("over", ["firms", "rows"])
@pytest.mark.parametrize("is_yearly", [False, True])
def test_influence_is_the_change_with_a_groups_weight(ties: Ties, over: str, is_yearly: bool) -> None:
    source, step = simulated_episodes(9, is_yearly=is_yearly), 1e-4
    assert source.weights is not None
    found = standardised_survival(fit_cox(source, ties), ARMS, TIMES, over, way=0)  # type: ignore[arg-type]
    assert found.influence is not None
    for group in (0, 3):
        more = 1 + step * (source.groups[0].codes == group)
        curves = []
        for weights in (source.weights * more, source.weights / more):
            fit = fit_cox(replace(source, weights=weights), ties)
            curves.append(standardised_survival(fit, ARMS, TIMES, over).curves["survival"])  # type: ignore[arg-type]
        moved = (curves[0] - curves[1]) / (2 * step)
        np.testing.assert_allclose(found.influence[group], moved, rtol=1e-4, atol=1e-7)


def test_errors_and_differences_follow_from_the_influence() -> None:
    found = standardised_survival(fit_cox(simulated_episodes(3)), ARMS, TIMES, way=1)
    assert found.influence is not None
    assert len(found.influence) == FIRMS
    np.testing.assert_allclose(found.curves["std_error"] ** 2, (found.influence**2).sum(axis=0))
    moves = found.influence[:, : len(TIMES)] - found.influence[:, len(TIMES) :]
    np.testing.assert_allclose(found.differences["std_error"] ** 2, (moves**2).sum(axis=0))
    survival = found.curves["survival"].to_numpy().reshape(2, -1)
    np.testing.assert_allclose(found.differences["estimate"], survival[0] - survival[1])
    assert found.rule == "grouped by firm_id (influence), 40 groups"


def test_over_equal_firms_it_is_the_survival_of_one_with_its_error() -> None:
    source = simulated_episodes(5)
    ones = replace(source, effects=(), offset=None)
    fit = fit_cox(ones)
    arm = {"size": 2.0, "in_cluster": 1.0}
    one = survival_at(fit, {"one": arm}, TIMES)
    all_the_same = standardised_survival(fit, {"one": arm}, TIMES)
    for column in ("survival", "std_error"):
        np.testing.assert_allclose(all_the_same.curves[column], one[column], rtol=1e-9)
    grouped = standardised_survival(fit, {"one": arm}, TIMES, way=0)
    np.testing.assert_allclose(
        grouped.curves["std_error"], survival_at(fit, {"one": arm}, TIMES, way=0)["std_error"], rtol=1e-9
    )
    assert len(all_the_same.differences) == 0


def test_blocks_do_not_matter() -> None:
    one, other = (
        standardised_survival(fit_cox(simulated_episodes(7, rows_per_block=size)), ARMS, TIMES, way=0)
        for size in (1, 10_000)
    )
    np.testing.assert_allclose(other.curves["survival"], one.curves["survival"], rtol=1e-11)
    np.testing.assert_allclose(other.covariance, one.covariance, rtol=1e-8, atol=1e-15)


@few
@given(seed=seeds, cuts=st.lists(st.integers(0, 20), max_size=6))
def test_cutting_episodes_and_threads_do_not_matter(seed: int, cuts: list[int]) -> None:
    source = simulated_episodes(seed)
    whole = standardised_survival(fit_cox(source), ARMS, TIMES, way=1)
    split = fit_cox(split_at(source, np.array(cuts) / 2), threads=2)
    pieces = standardised_survival(split, ARMS, TIMES, way=1, threads=2)
    assert whole.influence is not None
    assert pieces.influence is not None
    np.testing.assert_allclose(pieces.curves["survival"], whole.curves["survival"], rtol=1e-9)
    np.testing.assert_allclose(pieces.influence, whole.influence, atol=1e-9)


def test_the_true_difference_is_covered_as_often_as_said() -> None:
    """Simulated firms whose size raises the hazard and the odds of being in a cluster."""
    rng, covered, naive = np.random.default_rng(1), 0, []
    sizes = np.random.default_rng(2).normal(size=200_000)
    truth = float(np.mean(np.exp(-0.3 * np.exp(-0.5 + sizes)) - np.exp(-0.3 * np.exp(sizes))))
    for _ in range(150):
        size = rng.normal(size=400)
        exposure = (rng.random(400) < 1 / (1 + np.exp(-size))).astype(float)
        life = rng.exponential(1 / (0.3 * np.exp(-0.5 * exposure + size)))
        event, stop = (life < 2).astype(float), np.minimum(life, 2)
        codes = Codes("firm_id", np.arange(400, dtype=np.int32), 400)
        source = ModelArrays(
            (event, np.zeros(400), stop, exposure, size),
            ("in_cluster", "size"),
            codes,
            (),
            absorbs_firm=False,
            groups=(codes,),
            outcomes=3,
        )
        row = standardised_survival(fit_cox(source), ARMS, [1.0], way=0).differences.iloc[0]
        covered += row["conf_low"] <= truth <= row["conf_high"]
        naive.append((stop >= 1)[exposure > 0].mean() - (stop >= 1)[exposure == 0].mean())
    assert 0.89 <= covered / 150 <= 0.99
    assert np.mean(naive) < truth - 0.05


def test_products_with_the_exposure_are_set_with_it() -> None:
    source = simulated_episodes(6)
    event, start, stop, exposure, size = source.columns
    product = replace(
        source,
        columns=(event, start, stop, exposure, size, exposure * size),
        names=("in_cluster", "size", "in_cluster x size"),
    )
    fit = fit_cox(product)
    arms = {
        "in": {"in_cluster": 1.0, "in_cluster x size": lambda regressors: regressors[1]},
        "out": {"in_cluster": 0.0, "in_cluster x size": 0.0},
    }
    found = standardised_survival(fit, arms, [2.0], "rows").curves["survival"]
    for place, inside in enumerate((1.0, 0.0)):
        patterns = {
            str(row): {"in_cluster": inside, "size": size[row], "in_cluster x size": inside * size[row]}
            for row in range(source.rows)
        }
        told = survival_at(fit, patterns, [2.0])["survival"].to_numpy().reshape(source.rows, 2)
        own = told[np.arange(source.rows), source.effects[0].codes] ** np.exp(source.offset)
        assert found[place] == pytest.approx(np.average(own, weights=source.weights))


def test_unknown_regressors_and_no_times_are_refused() -> None:
    fit = fit_cox(simulated_episodes(1))
    with pytest.raises(SpecError, match="the regressors age are not among in_cluster, size"):
        standardised_survival(fit, {"old": {"age": 9.0}}, TIMES)
    with pytest.raises(SpecError, match="at least one arm and one time"):
        standardised_survival(fit, ARMS, [])
    with pytest.raises(SpecError, match="errors grouped by way 2 came; the sample has 2 ways"):
        standardised_survival(fit, ARMS, TIMES, way=2)
