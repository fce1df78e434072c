"""Worker and firm effects by iteration, against dummies by NumPy on small simulated panels."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.errors import NotConvergedError, NotIdentifiedError, SpecError
from clusterpanel.models import iterated, two_huge
from clusterpanel.models.arrays import Codes, Floats, ModelArrays
from clusterpanel.models.iterated import has_too_many_levels, project_by_iteration
from clusterpanel.models.ols import fit_ols
from clusterpanel.models.two_huge import connected_components, count_parameters, left_rows_iterative

ROWS, WORKERS, FIRMS = 240, 50, 20


def codes(name: str, values: np.ndarray, loads: Floats | None = None) -> Codes:
    labels, numbers = np.unique(values, return_inverse=True)
    return Codes(name, numbers.astype(np.int32), len(labels), loads)


def worker_panel(seed: int, moves: float = 0.3, islands: int = 1) -> ModelArrays:
    """Simulate workers who move between firms of their own island; sorted by firm."""
    rng = np.random.default_rng(seed)
    worker = rng.integers(0, WORKERS, ROWS)
    goal = np.where(rng.random(ROWS) < moves, rng.integers(0, FIRMS, ROWS), (7 * worker) % FIRMS)
    firm = np.sort(goal - goal % islands + worker % islands)
    worker = worker[np.argsort(goal - goal % islands + worker % islands, kind="stable")]
    columns = tuple(rng.normal(size=(3, ROWS)) + 3)
    return ModelArrays(
        columns, ("training", "age"), codes("firm_id", firm), (codes("worker_id", worker),), True
    )


def dummies(effects: list[Codes]) -> Floats:
    return np.hstack(
        [
            np.eye(effect.levels)[effect.codes] * (1.0 if effect.loads is None else effect.loads[:, None])
            for effect in effects
        ]
    )


def left_of_dummies(columns: Floats, effects: list[Codes], weights: Floats | None) -> Floats:
    roots = np.ones(ROWS) if weights is None else np.sqrt(weights)
    own, values = dummies(effects) * roots[:, None], columns.T * roots[:, None]
    left: Floats = (values - own @ np.linalg.lstsq(own, values, rcond=None)[0]) / roots[:, None]
    return left.T


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    moves=st.sampled_from([0.02, 0.5]),
    is_weighted=st.booleans(),
    has_slopes=st.booleans(),
)
def test_the_left_rows_are_those_of_dummies(
    seed: int, moves: float, is_weighted: bool, has_slopes: bool
) -> None:
    arrays = worker_panel(seed, moves)
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.5, 3, ROWS) if is_weighted else None
    effects = [arrays.firms, *arrays.effects]
    if has_slopes:
        effects.append(codes("sex[age]", rng.integers(0, 2, ROWS), rng.normal(size=ROWS)))
    before = [column.copy() for column in arrays.columns]
    found = left_rows_iterative(arrays.columns, effects, weights)
    expected = left_of_dummies(np.stack(arrays.columns), effects, weights)
    np.testing.assert_allclose(found.columns, expected, atol=1e-8)
    assert found.furthest <= two_huge.ALLOWED
    for column, old in zip(arrays.columns, before, strict=True):
        np.testing.assert_array_equal(column, old)


def test_the_path_names_the_library_its_steps_and_the_effects() -> None:
    arrays = worker_panel(1)
    path = left_rows_iterative(arrays.columns, [arrays.firms, *arrays.effects]).path
    assert path.startswith(
        f"{left_rows_iterative(arrays.columns, [arrays.firms, *arrays.effects]).steps} steps"
    )
    assert "within-py" in path
    assert f"firm_id {arrays.firms.levels}, worker_id {arrays.effects[0].levels} levels" in path


def test_two_runs_are_equal_to_the_last_bit() -> None:
    arrays = worker_panel(2)
    one, other = (left_rows_iterative(arrays.columns, [arrays.firms, *arrays.effects]) for _ in range(2))
    assert one.columns.tobytes() == other.columns.tobytes()


def test_an_iteration_that_stops_short_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two_huge, "MOST_STEPS", 1)
    arrays = worker_panel(3, moves=0.05)
    third = codes("year", np.random.default_rng(0).integers(0, 5, ROWS))
    with pytest.raises(NotConvergedError, match=r"left means by \w+ as far as .* allowed: 1e-11"):
        left_rows_iterative(arrays.columns, [arrays.firms, *arrays.effects, third])


@pytest.mark.parametrize("islands", [1, 2, 4])
def test_parameters_are_levels_less_connected_components(islands: int) -> None:
    arrays = worker_panel(4, islands=islands)
    effects = [arrays.firms, *arrays.effects]
    counted = count_parameters(effects)
    assert counted.is_exact
    assert counted.count == np.linalg.matrix_rank(dummies(effects))
    components = arrays.firms.levels + arrays.effects[0].levels - counted.count
    assert connected_components(*effects) == components >= islands


def test_the_parameters_of_three_effects_are_an_upper_bound_and_say_so() -> None:
    arrays = worker_panel(5)
    third = codes("year", np.random.default_rng(0).integers(0, 5, ROWS))
    counted = count_parameters([arrays.firms, *arrays.effects, third])
    assert counted.words == f"at most {counted.count:,} parameters"
    assert counted.count >= np.linalg.matrix_rank(dummies([arrays.firms, *arrays.effects, third]))
    sloped = replace(arrays.firms, loads=np.arange(ROWS) / ROWS)
    assert not count_parameters([arrays.firms, sloped]).is_exact


def test_many_levels_are_those_beyond_the_room_of_the_schur_complement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arrays = worker_panel(6)
    assert not has_too_many_levels(arrays)
    monkeypatch.setattr(iterated, "MOST_LEVELS", arrays.levels - 1)
    assert has_too_many_levels(arrays)


def test_the_projection_leaves_what_elimination_leaves() -> None:
    arrays = worker_panel(7, moves=0.5)
    found = project_by_iteration(arrays)
    exact = fit_ols(replace(arrays, groups=(arrays.firms,)))
    rest = found.projection.absorbed.rest
    np.testing.assert_allclose(np.linalg.solve(rest[1:, 1:], rest[1:, 0]), exact.coefficients, rtol=1e-8)
    assert found.counted is arrays
    assert found.projection.source.effect_names == ()
    assert "within-py" in found.projection.absorbed.path


def test_a_control_that_the_effects_explain_is_dropped_and_the_exposure_is_refused() -> None:
    arrays = worker_panel(8)
    worker = arrays.effects[0]
    own = np.random.default_rng(1).normal(size=worker.levels)[worker.codes] + 0.1 * arrays.firms.codes
    outcome, exposure, _ = arrays.columns
    found = project_by_iteration(replace(arrays, columns=(outcome, exposure, own)))
    assert [item.name for item in found.projection.collinear] == ["age"]
    assert found.projection.collinear[0].reason == "the effects explain it (firm_id, worker_id)"
    assert found.projection.source.names == ("training",)
    with pytest.raises(NotIdentifiedError, match="effect of training is not identified: the effects explain"):
        project_by_iteration(replace(arrays, columns=(outcome, own, exposure)))


def test_rows_that_are_not_in_memory_are_refused() -> None:
    class Streamed:
        effect_levels = (30_000,)

    with pytest.raises(SpecError, match="30,000 levels besides the firm's need all rows in memory"):
        project_by_iteration(Streamed())  # type: ignore[arg-type]
