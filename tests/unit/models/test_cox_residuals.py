"""Residuals of a Cox regression: those of the risk sets written out, and the sums they must have."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.models.arrays import ModelArrays
from clusterpanel.models.survival.cox import fit_cox
from clusterpanel.models.survival.cox_ties import Ties
from clusterpanel.models.survival.residuals import (
    deviance_residuals,
    dfbeta_residuals,
    martingale_residuals,
    scaled_schoenfeld_residuals,
    schoenfeld_residuals,
    score_residuals,
)
from clusterpanel.models.survival.time_varying import split_at

from .simulated_episodes import simulated_episodes, slow_fit

few = settings(max_examples=12, deadline=None)
seeds = st.integers(0, 10_000)
all_ties = st.sampled_from(["efron", "breslow"])

# The fit's sums are those of its last pass, from which the coefficients are 1e-8 standard errors away.
TOLERANCE = 1e-6


@few
@given(seed=seeds, ties=all_ties, is_yearly=st.booleans())
def test_residuals_by_row_are_those_of_the_risk_sets_written_out(
    seed: int, ties: Ties, is_yearly: bool
) -> None:
    source = simulated_episodes(seed, is_yearly=is_yearly)
    fit, slow = fit_cox(source, ties), slow_fit(source, ties)
    np.testing.assert_allclose(martingale_residuals(fit), slow.martingale, atol=TOLERANCE)
    np.testing.assert_allclose(deviance_residuals(fit), slow.deviance, atol=TOLERANCE)
    np.testing.assert_allclose(score_residuals(fit), slow.score_residuals, atol=TOLERANCE)
    np.testing.assert_allclose(dfbeta_residuals(fit), slow.dfbeta, atol=TOLERANCE)


@few
@given(seed=seeds, ties=all_ties, is_yearly=st.booleans())
def test_residuals_by_event_are_those_of_the_risk_sets_written_out(
    seed: int, ties: Ties, is_yearly: bool
) -> None:
    source = simulated_episodes(seed, is_yearly=is_yearly)
    fit, slow = fit_cox(source, ties), slow_fit(source, ties)
    plain, scaled = schoenfeld_residuals(fit), scaled_schoenfeld_residuals(fit)
    np.testing.assert_allclose(plain.values, slow.schoenfeld[plain.rows], atol=TOLERANCE)
    np.testing.assert_allclose(scaled.values, slow.scaled_schoenfeld[scaled.rows], rtol=1e-5, atol=1e-5)
    assert sorted(plain.rows.tolist()) == np.flatnonzero(source.columns[0] > 0).tolist()
    np.testing.assert_array_equal(plain.times, source.columns[2][plain.rows])
    np.testing.assert_array_equal(plain.strata, source.effects[0].codes[plain.rows])
    order = np.lexsort((plain.rows, plain.times, plain.strata))
    np.testing.assert_array_equal(order, np.arange(len(order)))


@few
@given(seed=seeds, ties=all_ties)
def test_weighted_residuals_sum_to_nothing(seed: int, ties: Ties) -> None:
    source = simulated_episodes(seed)
    fit = fit_cox(source, ties)
    weights = np.concatenate([block.weights for block in source.blocks()])
    assert weights @ martingale_residuals(fit) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(score_residuals(fit, is_weighted=True).sum(axis=0), 0, atol=1e-6)


@few
@given(seed=seeds, ties=all_ties)
def test_dfbetas_outer_product_by_group_is_the_robust_covariance(seed: int, ties: Ties) -> None:
    source = simulated_episodes(seed)
    fit = fit_cox(source, ties)
    sums, moves = fit.likelihood.sums, dfbeta_residuals(fit)
    grouped = np.zeros((7, 2))
    np.add.at(grouped, source.groups[0].codes, moves)
    influence = sums.groups[0] @ sums.bread
    np.testing.assert_allclose(grouped.T @ grouped, influence.T @ influence, rtol=1e-9)


def test_dfbeta_is_the_change_of_the_coefficients_with_a_rows_weight() -> None:
    source, step = simulated_episodes(5), 1e-4
    moves = dfbeta_residuals(fit_cox(source))
    assert source.weights is not None
    for row in (0, 17):
        chosen = np.arange(source.rows) == row
        moved = [
            fit_cox(
                replace(source, weights=source.weights * (1 + sign * step * chosen))
            ).likelihood.coefficients
            for sign in (1, -1)
        ]
        np.testing.assert_allclose(moves[row], (moved[0] - moved[1]) / (2 * step), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("rows_per_block", [1, 25, 10_000])
def test_residuals_stand_in_the_samples_order_whatever_the_blocks(rows_per_block: int) -> None:
    whole = fit_cox(simulated_episodes(2))
    cut = fit_cox(simulated_episodes(2, rows_per_block=rows_per_block))
    for residuals in (martingale_residuals, deviance_residuals, score_residuals, dfbeta_residuals):
        np.testing.assert_allclose(residuals(cut), residuals(whole), rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(schoenfeld_residuals(cut).rows, schoenfeld_residuals(whole).rows)


def test_only_the_explained_cause_counts_as_an_event() -> None:
    source = simulated_episodes(4)
    event = source.columns[0] * (1 + (np.arange(source.rows) % 3 == 0))
    coded = replace(source, columns=(event, *source.columns[1:]))
    censored = replace(source, columns=((event == 1).astype(float), *source.columns[1:]))
    np.testing.assert_allclose(
        martingale_residuals(fit_cox(coded, cause=1)), martingale_residuals(fit_cox(censored)), atol=1e-12
    )
    assert len(schoenfeld_residuals(fit_cox(coded, cause=1)).rows) == int((event == 1).sum())


def pieces_of(source: ModelArrays, halves: list[int]) -> list[int]:
    """Return into how many pieces each row falls that is cut at some half years."""
    cuts = sorted({half / 2 for half in halves})
    return [
        1 + sum(start < cut < stop for cut in cuts) for start, stop in zip(*source.columns[1:3], strict=True)
    ]


@few
@given(seed=seeds, ties=all_ties, cuts=st.lists(st.integers(0, 20), max_size=6))
def test_cutting_episodes_shares_out_their_residuals(seed: int, ties: Ties, cuts: list[int]) -> None:
    source = simulated_episodes(seed)
    whole, pieces = fit_cox(source, ties), fit_cox(split_at(source, np.array(cuts) / 2), ties)
    row = np.repeat(np.arange(source.rows), pieces_of(source, cuts))
    martingale = np.bincount(row, weights=martingale_residuals(pieces))
    np.testing.assert_allclose(martingale, martingale_residuals(whole), atol=1e-9)
    for place in (0, 1):
        moved = np.bincount(row, weights=dfbeta_residuals(pieces)[:, place])
        np.testing.assert_allclose(moved, dfbeta_residuals(whole)[:, place], atol=1e-9)
