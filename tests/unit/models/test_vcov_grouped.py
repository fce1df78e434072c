"""Grouped errors, errors in time, counts and the repair, each against the definition written out."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.linearised import EffectRows, Linearised
from clusterpanel.models.vcov.counts import EffectCount, SampleCounts, count_sample
from clusterpanel.models.vcov.from_rows import RowPlaces, from_rows
from clusterpanel.models.vcov.from_sums import from_sums
from clusterpanel.models.vcov.positive import nearest_positive
from clusterpanel.models.vcov.sums import ScoreSums, intersected, subsets_of_ways, sums_of_rows
from clusterpanel.spec.vcov import (
    BlockBootstrapVcov,
    ConleyVcov,
    DriscollKraayVcov,
    GroupedVcov,
    JackknifeVcov,
    NeweyWestVcov,
)

Floats = NDArray[np.float64]
ROWS = 200
COUNTS = SampleCounts(ROWS, 2)


def regression(seed: int = 3, weighted: bool = False) -> Linearised:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(ROWS, 2))
    weights = generator.uniform(0.5, 2, ROWS) if weighted else None
    given = np.ones(ROWS) if weights is None else weights
    y = x @ [1.0, 2.0] + generator.normal(size=ROWS)
    bread = np.linalg.inv(x.T @ (x * given[:, None]))
    coefficients = bread @ (x.T @ (given * y))
    return Linearised(("one", "two"), coefficients, bread, x, y - x @ coefficients, weights)


def way(name: str, levels: int, seed: int) -> Codes:
    codes = np.random.default_rng(seed).integers(0, levels, ROWS)
    codes[:levels] = np.arange(levels)
    return Codes(name, codes.astype(np.int32), levels)


WAYS = (way("firm_id", 40, 1), way("year", 8, 2), way("region_code", 12, 3))


def meat(fit: Linearised, keys: Any) -> tuple[Floats, int]:
    _, codes = np.unique(keys, axis=0, return_inverse=True)
    sums = np.array([fit.scores[codes.ravel() == g].sum(axis=0) for g in range(codes.max() + 1)])
    return sums.T @ sums, len(sums)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("small_sample", ["min", "each"])
@pytest.mark.parametrize("ways", [1, 2, 3])
def test_ways_are_added_and_intersections_taken_off(ways: int, small_sample: Any, weighted: bool) -> None:
    fit, used = regression(weighted=weighted), WAYS[:ways]
    expected = np.zeros((2, 2))
    fewest = min(one.levels for one in used)
    for size in range(1, ways + 1):
        for chosen in combinations(used, size):
            middle, groups = meat(fit, np.column_stack([one.codes for one in chosen]))
            factor = fewest / (fewest - 1) if small_sample == "min" else groups / (groups - 1)
            expected += (-1) ** (size + 1) * factor * fit.bread @ middle @ fit.bread
    expected *= (ROWS - 1) / (ROWS - 2)
    vcov = GroupedVcov(CRV1=tuple(one.name for one in used), small_sample=small_sample)
    found = from_rows(vcov, fit, COUNTS, RowPlaces(used))
    np.testing.assert_allclose(found.matrix, expected, rtol=1e-9)
    assert found.degrees_of_freedom == fewest - 1
    assert found.facts["groups"] == {one.name: one.levels for one in used}


def test_one_way_has_an_influence_and_several_say_why_they_have_none() -> None:
    one = from_rows(GroupedVcov(CRV1="firm_id"), regression(), COUNTS, RowPlaces(WAYS[:1]))
    assert one.influence is not None
    assert one.influence.shape == (40, 2)
    np.testing.assert_allclose(one.influence.T @ one.influence, one.matrix)
    assert one.no_influence == ""
    two = from_rows(GroupedVcov(CRV1=("firm_id", "year")), regression(), COUNTS, RowPlaces(WAYS[:2]))
    assert two.influence is None
    assert "grouped 2 ways" in two.no_influence


def test_subsets_are_in_the_documented_order() -> None:
    assert subsets_of_ways(1) == [(0,)]
    assert subsets_of_ways(2) == [(0,), (1,), (0, 1)]
    assert subsets_of_ways(3) == [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]
    names = [codes.name for codes in intersected(WAYS)]
    assert names[3:] == [
        "firm_id^year",
        "firm_id^region_code",
        "year^region_code",
        "firm_id^year^region_code",
    ]


def test_missing_intersections_are_refused() -> None:
    sums = sums_of_rows(regression(), WAYS[:2])
    with pytest.raises(SpecError, match="need 3 sums of scores"):
        from_sums(GroupedVcov(CRV1=("firm_id", "year")), sums, COUNTS)


def test_the_repair_keeps_the_positive_part_whatever_the_units() -> None:
    matrix = np.array([[1.0, 2.0], [2.0, 1.0]])
    repaired, negative = nearest_positive(matrix, np.eye(2))
    assert negative == 1
    np.testing.assert_allclose(repaired, [[1.5, 1.5], [1.5, 1.5]])
    units = np.diag([1000.0, 0.01])
    other, _ = nearest_positive(units @ matrix @ units, units @ units)
    np.testing.assert_allclose(other, units @ repaired @ units)


def test_a_positive_matrix_is_left_to_the_last_bit() -> None:
    matrix = np.array([[2.0, 0.3], [0.3, 1.0]])
    same, negative = nearest_positive(matrix, np.eye(2))
    assert same is matrix
    assert negative == 0


def test_a_repaired_two_way_matrix_says_so() -> None:
    bread = np.eye(2)
    one, two, both = np.array([[0.1, 0.0], [0.0, 1.0]]), np.array([[0.1, 0.0], [0.0, 1.0]]), np.eye(2)
    sums = ScoreSums(bread, 1.0, np.eye(2), (one, two, both))
    found = from_sums(GroupedVcov(CRV1=("a", "b")), sums, SampleCounts(10, 2))
    assert found.facts["negative_eigenvalues"] == 1
    assert "1 negative eigenvalue set to 0" in found.rule
    assert np.linalg.eigvalsh(found.matrix).min() >= 0


@pytest.mark.parametrize("lags", [0, 1, 3, 50])
def test_driscoll_kraay_weighs_years_by_their_distance(lags: int) -> None:
    """Years 2004 and 2007 are three years apart though no row lies between them."""
    fit = regression(weighted=True)
    years = np.array([2001, 2002, 2004, 2007, 2008])
    times = years[np.random.default_rng(8).integers(0, 5, ROWS)]
    expected = np.zeros((2, 2))
    for one in years:
        for other in years:
            weight = max(1 - abs(one - other) / (lags + 1), 0)
            sums = [fit.scores[times == year].sum(axis=0) for year in (one, other)]
            expected += weight * np.outer(*sums)
    expected = 5 / 4 * (ROWS - 1) / (ROWS - 2) * fit.bread @ expected @ fit.bread
    found = from_rows(DriscollKraayVcov(driscoll_kraay_lags=lags), fit, COUNTS, RowPlaces(times=times))
    np.testing.assert_allclose(found.matrix, expected, rtol=1e-9)
    assert found.degrees_of_freedom == 4


@pytest.mark.parametrize("lags", [0, 1, 2, 40])
def test_newey_west_is_within_firms_by_years_between_rows(lags: int) -> None:
    fit = regression(weighted=True)
    generator = np.random.default_rng(4)
    cells = generator.choice(30 * 12, ROWS, replace=False)
    firms, times = cells // 12, 2000 + cells % 12
    near = np.maximum(1 - np.abs(times[:, None] - times) / (lags + 1), 0) * (firms[:, None] == firms)
    periods = len(np.unique(times))
    expected = fit.bread @ fit.scores.T @ near @ fit.scores @ fit.bread
    expected *= periods / (periods - 1) * (ROWS - 1) / (ROWS - 2)
    places = RowPlaces(firms=firms, times=times)
    found = from_rows(NeweyWestVcov(newey_west_lags=lags), fit, COUNTS, places)
    np.testing.assert_allclose(found.matrix, expected, rtol=1e-9)


def test_newey_west_refuses_two_rows_of_a_firm_in_a_year() -> None:
    places = RowPlaces(firms=np.zeros(ROWS, dtype=np.int64), times=np.arange(ROWS) // 2)
    with pytest.raises(SpecError, match="one row of a firm each year"):
        from_rows(NeweyWestVcov(newey_west_lags=1), regression(), COUNTS, places)


def test_frequency_weights_are_rows_written_that_often() -> None:
    generator = np.random.default_rng(9)
    often = generator.integers(1, 4, ROWS)
    x, y = generator.normal(size=(ROWS, 2)), generator.normal(size=ROWS)
    long = np.repeat(np.arange(ROWS), often)
    bread = np.linalg.inv(x[long].T @ x[long])
    coefficients = bread @ (x[long].T @ y[long])
    counts, residuals = often.astype(float), y - x @ coefficients
    short = Linearised(("a", "b"), coefficients, bread, x, residuals, counts, counts)
    copied = Linearised(("a", "b"), coefficients, bread, x[long], residuals[long])
    sample = SampleCounts(len(long), 2)
    at = generator.uniform(0, 1, (2, ROWS))
    for vcov in ("iid", "HC1", GroupedVcov(CRV1=("firm_id", "year")), ConleyVcov(conley_km=20)):
        places, copies = (
            RowPlaces(
                [Codes(one.name, one.codes[rows], one.levels) for one in WAYS[:2]],
                latitude=at[0][rows],
                longitude=at[1][rows],
            )
            for rows in (np.arange(ROWS), long)
        )
        np.testing.assert_allclose(
            from_rows(vcov, short, sample, places).matrix,  # type: ignore[arg-type]
            from_rows(vcov, copied, sample, copies).matrix,  # type: ignore[arg-type]
            rtol=1e-9,
        )


def test_probability_weights_have_no_homoskedastic_variance() -> None:
    sums = ScoreSums(np.eye(1), 1.0, np.eye(1), is_probability=True)
    with pytest.raises(SpecError, match="probability weights"):
        from_sums("iid", sums, SampleCounts(10, 1))
    assert from_sums("HC1", sums, SampleCounts(10, 1)).matrix.shape == (1, 1)


def test_a_known_dispersion_gives_the_inverse_information() -> None:
    counts = SampleCounts(10, 2, is_normal=True)
    found = from_sums("iid", ScoreSums(np.eye(2), None, np.eye(2)), counts)
    np.testing.assert_allclose(found.matrix, np.eye(2) * 9 / 8, rtol=1e-15)
    assert found.rule.startswith("inverse of the expected information, times (n - 1)/(n - K)")
    assert found.degrees_of_freedom == np.inf
    plain = from_sums("iid", ScoreSums(np.eye(2), None, np.eye(2), is_adjusted=False), counts)
    np.testing.assert_array_equal(plain.matrix, np.eye(2))
    assert plain.rule == "inverse of the expected information, normal"


def test_parameters_count_nested_effects_once_and_slopes_in_full() -> None:
    """fixest: K = regressors + levels, less 1 for each plain effect after the first; nested ones count 1."""
    effects = (
        EffectCount("firm_id", 50, is_nested=True),
        EffectCount("year", 7),
        EffectCount("firm_id[year]", 50, is_slope=True),
    )
    counts = SampleCounts(1000, 3, effects)
    assert counts.parameters(is_grouped=False) == 3 + 50 + 7 - 1 + 50
    assert counts.parameters(is_grouped=True) == 3 + 1 + 7 - 1 + 50
    assert SampleCounts(10, 2).parameters(is_grouped=True) == 2


@pytest.mark.parametrize("vcov", ["iid", "HC1", GroupedVcov(CRV1="firm_id")])
def test_no_more_rows_than_parameters_is_refused(vcov: Any) -> None:
    with pytest.raises(NotIdentifiedError, match="200 rows for 200 parameters"):
        from_rows(vcov, regression(), SampleCounts(ROWS, 200), RowPlaces(WAYS[:1]))


def arrays(**fields: Any) -> ModelArrays:
    rows = 12
    firms = Codes("firm_id", np.repeat(np.arange(4, dtype=np.int32), 3), 4)
    region = Codes("region_code", np.repeat(np.arange(2, dtype=np.int32), 6), 2)
    year = Codes("year", np.tile(np.arange(3, dtype=np.int32), 4), 3)
    values = np.random.default_rng(0).normal(size=(3, rows))
    given = {
        "columns": tuple(values),
        "names": ("x", "z"),
        "firms": firms,
        "effects": (year,),
        "absorbs_firm": True,
        "groups": (region,),
    }
    return ModelArrays(**(given | fields))


def test_a_sample_is_counted_with_what_is_nested_in_its_groups() -> None:
    counts = count_sample(arrays(), 2)
    assert counts.rows == 12
    assert [(one.name, one.levels, one.is_nested) for one in counts.effects] == [
        ("firm_id", 4, True),
        ("year", 3, False),
    ]
    sloped = count_sample(arrays(firm_slopes=(np.arange(12.0),)), 2)
    assert [one.is_slope for one in sloped.effects] == [False, True, False]
    weights = np.full(12, 3.0)
    assert count_sample(arrays(weights=weights, weight_kind="frequency"), 2).rows == 36
    assert count_sample(arrays(weights=weights, weight_kind="analytic"), 2).rows == 12


def test_effects_are_taken_row_by_row_from_a_sample() -> None:
    loads = np.arange(12.0)
    region = Codes("region_code[age]", np.repeat(np.arange(2, dtype=np.int32), 6), 2, loads)
    effects = EffectRows.of(arrays(effects=(arrays().effects[0], region), firm_slopes=(loads,)))
    assert effects is not None
    assert effects.levels == 5
    assert effects.loads is not None
    np.testing.assert_array_equal(effects.effects[:, 1], np.repeat([3, 4], 6))
    np.testing.assert_array_equal(effects.loads, np.column_stack([np.ones(12), loads]))
    np.testing.assert_array_equal(effects.basis[:, 0], loads)
    assert EffectRows.of(arrays(effects=(), absorbs_firm=False)) is None


def test_one_group_is_refused() -> None:
    alone = Codes("country_code", np.zeros(ROWS, dtype=np.int32), 1)
    with pytest.raises(NotIdentifiedError, match="country_code need two groups; the sample has 1"):
        from_rows(GroupedVcov(CRV1="country_code"), regression(), COUNTS, RowPlaces([alone]))


@pytest.mark.parametrize(
    ("vcov", "words"),
    [
        (ConleyVcov(conley_km=10), "latitudes"),
        (NeweyWestVcov(newey_west_lags=1), "firms"),
        (DriscollKraayVcov(driscoll_kraay_lags=1), "times"),
        (JackknifeVcov(CRV3="region_code"), "one column of groups; 0 came"),
        (BlockBootstrapVcov(block_bootstrap="firm_id"), "refits"),
    ],
)
def test_what_is_not_told_is_asked_for(vcov: Any, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        from_rows(vcov, regression(), COUNTS, RowPlaces())


@pytest.mark.parametrize(
    ("vcov", "name"),
    [
        ("HC2", "HC2"),
        ("HC3", "HC3"),
        (JackknifeVcov(CRV3="g"), "CRV3"),
        (ConleyVcov(conley_km=1), "conley_km"),
    ],
)
def test_sums_do_not_suffice_for_every_variance(vcov: Any, name: str) -> None:
    with pytest.raises(SpecError, match=f"variance {name} came where only sums of scores"):
        from_sums(vcov, sums_of_rows(regression()), COUNTS)


def test_combinations_of_coefficients_carry_matrix_and_influence() -> None:
    found = from_rows(GroupedVcov(CRV1="firm_id"), regression(), COUNTS, RowPlaces(WAYS[:1]))
    back = np.array([[1.0, 0.0], [-2.0, 1.0]])
    moved = found.of_combinations(back)
    np.testing.assert_allclose(moved.matrix, back @ found.matrix @ back.T)
    assert moved.influence is not None
    np.testing.assert_allclose(moved.influence.T @ moved.influence, moved.matrix)
