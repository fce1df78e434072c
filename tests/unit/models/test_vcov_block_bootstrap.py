"""The block bootstrap by firm."""

import numpy as np
import pytest
from numpy.typing import NDArray

from clusterpanel.errors import NotConvergedError, NotIdentifiedError
from clusterpanel.models.vcov.block_bootstrap import block_bootstrap

Floats = NDArray[np.float64]
FIRMS, YEARS = 60, 5


def panel() -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return regressors, outcome and firms of a simulated panel."""
    generator = np.random.default_rng(7)
    firms = np.repeat(np.arange(FIRMS), YEARS)
    x = np.column_stack([generator.normal(size=FIRMS)[firms], np.ones(len(firms))])
    y = x @ [1.0, 0.0] + generator.normal(size=FIRMS)[firms] + generator.normal(size=len(firms))
    return x, y, firms


def weighted(x: Floats, y: Floats, weights: Floats) -> Floats:
    return np.asarray(np.linalg.solve(x.T @ (x * weights[:, None]), x.T @ (weights * y)))


def test_weights_are_firms_written_that_often() -> None:
    x, y, firms = panel()
    seen: list[Floats] = []

    def refit(counts: Floats) -> Floats:
        seen.append(counts)
        copies = np.repeat(np.arange(len(y)), counts[firms].astype(int))
        return weighted(x[copies], y[copies], np.ones(len(copies)))

    copied = block_bootstrap(refit, FIRMS, draws=50, seed=5)
    by_weight = block_bootstrap(lambda counts: weighted(x, y, counts[firms]), FIRMS, draws=50, seed=5)
    assert copied.draws is not None
    assert by_weight.draws is not None
    np.testing.assert_allclose(copied.draws, by_weight.draws, rtol=1e-9)
    assert all(counts.sum() == FIRMS for counts in seen)
    np.testing.assert_allclose(copied.matrix, np.cov(copied.draws, rowvar=False))


def test_a_seed_decides_and_another_decides_otherwise() -> None:
    x, y, firms = panel()

    def drawn(seed: int) -> Floats:
        found = block_bootstrap(lambda counts: weighted(x, y, counts[firms]), FIRMS, draws=20, seed=seed)
        return found.matrix

    np.testing.assert_array_equal(drawn(3), drawn(3))
    assert not np.array_equal(drawn(3), drawn(4))


def test_it_comes_near_the_grouped_error() -> None:
    x, y, firms = panel()
    found = block_bootstrap(lambda counts: weighted(x, y, counts[firms]), FIRMS, draws=999, seed=1)
    bread = np.linalg.inv(x.T @ x)
    scores = x * (y - x @ (bread @ (x.T @ y)))[:, None]
    sums = np.array([scores[firms == firm].sum(axis=0) for firm in range(FIRMS)])
    grouped = np.sqrt(np.diag(bread @ sums.T @ sums @ bread))
    np.testing.assert_allclose(np.sqrt(np.diag(found.matrix)), grouped, rtol=0.1)
    assert found.influence is None
    assert "bootstrap draws" in found.no_influence
    assert found.rule == "block bootstrap by firm, 999 draws of 60 firms, seed 1, normal"


def test_draws_without_an_estimate_are_counted() -> None:
    numbers = iter(range(100))

    def refit(counts: Floats) -> Floats:
        number = next(numbers)
        if number in {3, 50}:
            raise NotIdentifiedError("no movers") if number == 3 else NotConvergedError("stopped short")
        return np.array([float(number)])

    found = block_bootstrap(refit, FIRMS, draws=100)
    assert found.facts["failed_draws"] == 2
    assert "2 without an estimate left out" in found.rule
    assert found.draws is not None
    assert len(found.draws) == 98


def test_too_many_draws_without_an_estimate_are_refused() -> None:
    def refit(counts: Floats) -> Floats:
        if counts[0] == 0:
            raise NotIdentifiedError("the exposure does not vary")
        return np.ones(1)

    with pytest.raises(NotIdentifiedError, match=r"no estimate in \d+ of 200 draws"):
        block_bootstrap(refit, FIRMS, draws=200)
