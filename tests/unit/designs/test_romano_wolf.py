"""Adjusted p-values of a family, beside refits, statsmodels and the definition by hand."""

import runpy
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from clusterpanel.designs.romano_wolf import SIGNS_AT_ONCE, _signs, benjamini_hochberg, holm, romano_wolf
from clusterpanel.errors import SpecError
from clusterpanel.models.result import Result

SLOW: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("grouped_results.py")))
P_VALUES = np.array([0.004, 0.2, 0.011, 0.9, 0.03, 0.011])


def family(groups: int = 60, outcomes: int = 5, effect: float = 0.35, seed: int = 2) -> list[Result]:
    return list(
        SLOW["fitted_all"](*SLOW["simulated"](np.random.default_rng(seed), groups, outcomes, 4, effect))
    )


def adjusted(results: list[Result], **keywords: Any) -> np.ndarray:
    return romano_wolf(results, **keywords).table["p_romano_wolf"].to_numpy()


def by_definition(statistics: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return Romano and Wolf's p-values, hypothesis by hypothesis."""
    order = list(np.argsort(-np.abs(statistics)))
    p_values, least = np.empty(len(order)), 0.0
    for step, place in enumerate(order):
        largest = np.abs(drawn[:, order[step:]]).max(axis=1)
        as_large = (largest >= abs(statistics[place])).sum()
        least = max(least, (as_large + 1) / (len(drawn) + 1))
        p_values[place] = least
    return p_values


def test_refits_of_wild_bootstrap_samples_give_the_same() -> None:
    rng = np.random.default_rng(4)
    sample = SLOW["simulated"](rng, 60, 5, 4, 0.15)
    results = SLOW["fitted_all"](*sample)
    drawn = SLOW["refitted_statistics"](*sample, 400, rng)
    statistics = np.array([result.term("x")["statistic"] for result in results])

    assert adjusted(results) == pytest.approx(by_definition(statistics, drawn), abs=0.06)


def test_every_pattern_of_few_groups_is_used_once_and_gives_the_definition() -> None:
    results = family(groups=8, outcomes=3)
    influence = np.column_stack([result.influence["x"] for result in results if result.influence is not None])
    drawn = []
    for signs in product([-1.0, 1.0], repeat=8):
        signed = np.array(signs)[:, np.newaxis] * influence
        spread = ((signed - signed.mean(axis=0)) ** 2).sum(axis=0)
        drawn.append(signed.sum(axis=0) / np.sqrt(spread * 8 / 7))
    statistics = np.array([result.term("x")["statistic"] for result in results])
    tested = romano_wolf(results, draws=256)

    assert tested.draws == 256
    assert tested.table["p_romano_wolf"].to_numpy() == pytest.approx(
        by_definition(statistics, np.array(drawn)), abs=1e-12
    )


def test_one_result_is_adjusted_for_nothing() -> None:
    (result,) = family(groups=200, outcomes=1, effect=0.06)

    assert adjusted([result]) == pytest.approx([result.term("x")["p_value"]], abs=0.02)


def test_results_that_say_the_same_need_no_adjustment() -> None:
    result = family(groups=100, outcomes=1, effect=0.1)[0]
    copies = [replace(result, label=f"copy {number}") for number in range(10)]

    assert adjusted(copies) == pytest.approx(adjusted([result])[0])
    assert romano_wolf(copies).table["p_holm"].iloc[0] == pytest.approx(
        min(1.0, 10 * result.term("x")["p_value"])
    )


def test_same_seed_same_p_values_another_seed_others() -> None:
    results = family(effect=0.1)

    assert np.array_equal(adjusted(results, seed=7), adjusted(results, seed=7))
    assert not np.array_equal(adjusted(results, seed=7), adjusted(results, seed=8))


def test_draws_do_not_depend_on_how_many_are_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = np.concatenate(list(_signs(70, 500, seed=3)))
    monkeypatch.setitem(_signs.__globals__, "SIGNS_AT_ONCE", 70 * 13)
    in_parts = list(_signs(70, 500, seed=3))

    assert len(in_parts) > 30
    assert SIGNS_AT_ONCE > 70 * 500
    assert np.array_equal(np.concatenate(in_parts), at_once)


def test_groups_are_aligned_by_label_and_samples_may_differ() -> None:
    results = family()
    first = results[0]
    assert first.influence is not None
    shuffled = replace(first, influence=first.influence.sample(frac=1.0, random_state=1))
    elsewhere = replace(first, influence=first.influence.rename(index=lambda label: f"other {label}"))

    assert np.array_equal(adjusted([shuffled, *results[1:]]), adjusted(results))
    assert romano_wolf([elsewhere, *results[1:]]).groups == 120


def test_p_values_follow_the_statistics_and_are_never_below_the_single_ones() -> None:
    table = romano_wolf(family(outcomes=8, effect=0.3)).table.sort_values("statistic", key=np.abs)

    for name in ("p_romano_wolf", "p_holm", "p_bonferroni", "p_benjamini_hochberg"):
        assert table[name].is_monotonic_decreasing
        assert (table[name] >= table["p_value"] - 0.01).all()
    assert (table["p_holm"] <= table["p_bonferroni"]).all()


def test_holm_and_benjamini_hochberg_are_statsmodels() -> None:
    assert holm(P_VALUES) == pytest.approx(multipletests(P_VALUES, method="holm")[1])
    assert benjamini_hochberg(P_VALUES) == pytest.approx(multipletests(P_VALUES, method="fdr_bh")[1])


def test_other_terms_than_the_exposure_may_be_asked_for() -> None:
    results = family(outcomes=2)

    assert list(romano_wolf(results, ["x", "constant"]).table["term"]) == ["x", "constant"]


def test_what_cannot_be_a_family_is_refused_all_at_once() -> None:
    one, other, third, fourth = family(outcomes=4)
    still = third.estimate.assign(statistic=np.nan)
    broken = [
        replace(one, influence=None),
        replace(other, provenance={**other.provenance, "grouped_by": "region_code"}),
        replace(third, estimate=still),
    ]

    with pytest.raises(SpecError) as raised:
        romano_wolf([*broken, fourth], ["x", "age", "x", "x"])

    told = [(fault.where, fault.came) for fault in raised.value.faults]
    assert told == [
        ("y0", "a result without influence"),
        ("y1", '"age"'),
        ("y2", "x without a standard error"),
        ("groups of the errors", "firm_id and region_code"),
    ]


@pytest.mark.parametrize(("results", "terms"), [([], None), (None, ["x"])])
def test_family_has_results_and_a_term_for_each(results: Any, terms: Any) -> None:
    with pytest.raises(SpecError, match="at least one result"):
        romano_wolf(family(outcomes=3) if results is None else results, terms)


def test_table_is_one_row_per_result_in_their_order() -> None:
    tested = romano_wolf(family(outcomes=3))

    assert isinstance(tested.table, pd.DataFrame)
    assert list(tested.table["label"]) == ["y0", "y1", "y2"]
    assert (tested.grouped_by, tested.groups, tested.draws, tested.seed) == ("firm_id", 60, 9999, 1)
