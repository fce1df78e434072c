"""Every way of solving the effects' normal equations against dummies by NumPy, on small simulated panels."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from clusterpanel.errors import NotConvergedError, SpecError
from clusterpanel.models.arrays import Codes, Floats, Integers, ModelArrays
from clusterpanel.models.moments import CrossMoments, add_moments
from clusterpanel.models.schur import iteration, solver
from clusterpanel.models.schur import sparse as sparse_path
from clusterpanel.models.schur.solver import EffectsSolver, effects_solver, redundant_by_effect
from clusterpanel.models.schur.spells import matrix_and_spells, taken_off

FIRMS = 60
# How each path is forced, and a word of the path it says it took.
PATHS = {"dense": "dense Schur complement", "few": "by a dense factor", "steps": "conjugate gradients"}


class System(NamedTuple):
    """A panel's normal equations by the package, and its dummies without firms by NumPy."""

    moments: CrossMoments
    offsets: Integers
    rest: Floats
    columns: Floats

    @property
    def matrix(self) -> Floats:
        return self.rest.T @ self.rest

    @property
    def right(self) -> Floats:
        return self.rest.T @ self.columns


@contextmanager
def forced(path: str) -> Iterator[None]:
    """Have a path taken whatever the size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solver, "DENSE_LEVELS", 10**6 if path == "dense" else 0)
        for module in ("split", "sparse"):
            patch.setattr(f"clusterpanel.models.schur.{module}.FEW_ITERATED", 10**6 if path == "few" else 0)
        if path == "steps":
            # Room for an industry's years, not for all levels in one block.
            patch.setattr("clusterpanel.models.schur.split.MOST_SQUARED", 200)
        yield


def codes(name: str, values: np.ndarray, loads: Floats | None = None) -> Codes:
    labels, numbers = np.unique(values, return_inverse=True)
    return Codes(name, numbers.astype(np.int32), len(labels), loads)


def simulated(
    seed: int, *, movers: float = 0.3, islands: int = 1, is_weighted: bool = False, has_loads: bool = False
) -> ModelArrays:
    """Simulate firms in regions and industries, with region-year and industry-year effects.

    Firms move within their island, a set of four regions, only.
    """
    rng = np.random.default_rng(seed)
    years = rng.integers(2, 7, FIRMS)
    firm = np.repeat(np.arange(FIRMS), years)
    year = np.concatenate([rng.integers(0, 7 - count) + np.arange(count) for count in years])
    home, goal = rng.integers(0, 4, (2, FIRMS))
    has_moved = (rng.random(FIRMS) < movers)[firm] & (rng.random(len(firm)) < 0.5)
    region = np.where(has_moved, goal[firm], home[firm]) + 4 * rng.integers(0, islands, FIRMS)[firm]
    industry = rng.integers(0, 3, FIRMS)[firm]
    effects = [codes("region^year", 10 * region + year), codes("industry^year", 10 * industry + year)]
    if has_loads:
        effects.append(codes("region[z]", region, rng.normal(size=len(firm))))
    weights = rng.uniform(0.5, 4.0, len(firm)) if is_weighted else None
    values = tuple(rng.normal(size=(3, len(firm))) + 4)
    return ModelArrays(values, ("x", "z"), codes("firm_id", firm), tuple(effects), True, weights=weights)


def system_of(arrays: ModelArrays) -> System:
    total = CrossMoments.zeros(len(arrays.columns), arrays.levels)
    for block in arrays.blocks():
        add_moments(block, block.values, block.weights, True, total)
    roots = np.ones(arrays.rows) if arrays.weights is None else np.sqrt(arrays.weights)
    dummies = [
        np.eye(effect.levels)[effect.codes] * (1.0 if effect.loads is None else effect.loads[:, None])
        for effect in (arrays.firms, *arrays.effects)
    ]
    own, others = roots[:, None] * dummies[0], roots[:, None] * np.hstack(dummies[1:])
    rest = others - own @ np.linalg.lstsq(own, others, rcond=None)[0]
    offsets = np.cumsum([0, *arrays.effect_levels])
    return System(total, offsets, rest, roots[:, None] * np.column_stack(arrays.columns))


def solver_of(system: System, path: str) -> EffectsSolver:
    matrix, spells = matrix_and_spells(system.moments.pairs, int(system.offsets[-1]))
    if path == "dense":
        return effects_solver(taken_off(matrix, spells).toarray(), system.offsets)
    return effects_solver(matrix, system.offsets, spells=spells)


panels = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10_000),
        "movers": st.sampled_from([0.0, 0.05, 0.5]),
        "islands": st.integers(1, 3),
        "is_weighted": st.booleans(),
        "has_loads": st.booleans(),
    }
)


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=15, deadline=None)
@given(panel=panels)
def test_every_path_solves_what_least_squares_on_dummies_does(path: str, panel: dict[str, object]) -> None:
    system = system_of(simulated(**panel))  # type: ignore[arg-type]
    with forced(path):
        found = solver_of(system, path)
        slopes = found.solve(system.moments.cross, np.linalg.norm(system.columns, axis=0))
        redundant, rank = found.redundant, found.rank
    fitted = system.rest @ np.linalg.lstsq(system.rest, system.columns, rcond=1e-9)[0]
    np.testing.assert_allclose(system.rest @ slopes, fitted, atol=1e-8)
    np.testing.assert_allclose(
        found.explained(system.moments.cross, slopes), fitted.T @ system.columns, rtol=1e-8, atol=1e-8
    )
    assert rank == np.linalg.matrix_rank(system.rest, tol=1e-6)
    assert not slopes[redundant].any()
    # What is called redundant says nothing of its own, and the others are independent.
    others = np.delete(system.rest, redundant, axis=1)
    assert others.shape[1] == rank == np.linalg.matrix_rank(others, tol=1e-6)


@pytest.mark.parametrize(("path", "words"), PATHS.items())
def test_the_path_is_told(path: str, words: str) -> None:
    system = system_of(simulated(3))
    with forced(path):
        found = solver_of(system, path)
        found.solve(system.moments.cross)
        assert words in found.path


@pytest.mark.parametrize("path", PATHS)
def test_each_island_of_regions_and_each_industry_loses_a_level_and_years_do_between_effects(
    path: str,
) -> None:
    """Without moves between islands each has a sum that firms absorb; the effects share their years."""
    arrays = simulated(8, movers=0.6, islands=2)
    system = system_of(arrays)
    with forced(path):
        found = solver_of(system, path)
        lost = redundant_by_effect(found, system.offsets)
    assert sum(map(len, lost)) == arrays.levels - np.linalg.matrix_rank(system.rest, tol=1e-6)
    # 2 islands, 3 industries, and 6 years whose sum is known already.
    assert sum(map(len, lost)) == 2 + 3 + 5


@pytest.mark.parametrize("path", PATHS)
def test_the_generalised_inverse_solves_and_leaves_redundant_levels_at_0(path: str) -> None:
    system = system_of(simulated(5, islands=2))
    with forced(path):
        found = solver_of(system, path)
        inverse = found.inverse()
    matrix = system.matrix
    np.testing.assert_allclose(matrix @ inverse @ matrix, matrix, atol=1e-9)
    assert (~inverse.any(axis=0)).sum() == len(matrix) - found.rank


@pytest.mark.parametrize("path", PATHS)
def test_a_right_hand_side_that_is_no_sum_of_effects_is_refused(path: str) -> None:
    system = system_of(simulated(5))
    # The levels' own matrix sums to 0 over all levels of an effect: this right-hand side does not.
    right = np.ones((len(system.matrix), 1))
    with forced(path), pytest.raises(NotConvergedError, match=r"residual of .* allowed: 1e-11"):
        solver_of(system, path).solve(right)


@pytest.mark.parametrize("path", PATHS)
def test_rounding_that_a_column_left_is_not_taken_for_a_right_hand_side(path: str) -> None:
    system = system_of(simulated(5))
    right = np.full((len(system.matrix), 1), 1e-14)
    with forced(path):
        slopes = solver_of(system, path).solve(right, np.array([1e3]))
    assert np.abs(system.rest @ slopes).max() < 1e-10


def test_levels_nobody_is_in_are_redundant_on_every_path() -> None:
    system = system_of(simulated(4))
    size = len(system.matrix)
    wider = np.zeros((size + 1, size + 1))
    kept = np.delete(np.arange(size + 1), 2)
    wider[np.ix_(kept, kept)] = system.matrix
    right = np.zeros((size + 1, 3))
    right[kept] = system.right
    offsets = system.offsets + np.array([0, 1, 1])
    for path in PATHS:
        with forced(path):
            upper = np.triu(wider)
            found = effects_solver(upper if path == "dense" else sparse.csr_array(upper), offsets)
            slopes = found.solve(right)
            assert 2 in found.redundant
        np.testing.assert_allclose(wider @ slopes, right, atol=1e-8)


def test_steps_that_do_not_arrive_are_followed_by_a_dense_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iteration, "MOST_STEPS_BEFORE_DENSE", 1)
    system = system_of(simulated(6))
    with forced("steps"):
        found = solver_of(system, "steps")
        slopes = found.solve(system.moments.cross)
        assert "by a dense factor" in found.path
    np.testing.assert_allclose(system.matrix @ slopes, system.right, atol=1e-8)


def test_steps_that_do_not_arrive_are_refused_where_a_dense_factor_has_no_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(iteration, "MOST_DENSE_LEVELS", 0)
    monkeypatch.setattr(iteration, "MOST_STEPS", 1)
    monkeypatch.setattr(iteration, "MOST_RESTARTS", 1)
    system = system_of(simulated(6))
    with forced("steps"), pytest.raises(NotConvergedError, match="conjugate gradients"):
        solver_of(system, "steps").solve(system.moments.cross)


def test_an_inverse_of_more_levels_than_have_room_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse_path, "MOST_DENSE_LEVELS", 5)
    with forced("steps"), pytest.raises(SpecError, match="dense inverse"):
        solver_of(system_of(simulated(6)), "steps").inverse()


def test_later_right_hand_sides_are_solved_by_the_same_solver() -> None:
    system = system_of(simulated(7, islands=2))
    for path in PATHS:
        with forced(path):
            found = solver_of(system, path)
            first, again = found.solve(system.right), found.solve(system.right[:, ::-1])
        np.testing.assert_allclose(again[:, ::-1], first, atol=1e-9)
