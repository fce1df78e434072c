"""What must not matter to a Cox regression does not."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.models.arrays import ArrayBlock, Codes, Floats, Integers, ModelArrays
from clusterpanel.models.likelihood_fit import LikelihoodFit
from clusterpanel.models.survival.cox import fit_cox
from clusterpanel.models.survival.cox_ties import Ties

few = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 10_000)
rules = st.sampled_from(["efron", "breslow"])
flags = st.booleans()
TIGHT = 1e-10


def simulated(seed: int, *, is_exact: bool = False, has_weights: bool = True) -> ModelArrays:
    """Simulate 120 firms of up to five years, with late entry, in three strata and six regions."""
    rng = np.random.default_rng(seed)
    years = rng.integers(1, 6, 120)
    firm = np.repeat(np.arange(120, dtype=np.int32), years)
    entry = rng.integers(0, 7, 120).astype(float)
    start = np.repeat(entry, years) + np.arange(len(firm)) - np.repeat(np.cumsum(years) - years, years)
    stop = start + 1
    event = np.zeros(len(firm))
    last = np.cumsum(years) - 1
    event[last] = rng.random(120) < 0.6
    if is_exact:
        stop[last] -= rng.random(120) * 0.9
    exposure = np.repeat((rng.random(120) < 0.4).astype(float), years)
    strata, region = (np.repeat(rng.integers(0, size, 120).astype(np.int32), years) for size in (3, 6))
    return ModelArrays(
        columns=(event, start, stop, exposure, rng.normal(size=len(firm)), rng.normal(3, 2, len(firm))),
        names=("exposure", "size", "capital"),
        firms=Codes("firm_id", firm, 120),
        effects=(Codes("stratum", strata, 3),),
        absorbs_firm=False,
        groups=(Codes("firm_id", firm, 120), Codes("region", region, 6)),
        weights=np.repeat(rng.uniform(0.5, 2, 120), years) if has_weights else None,
        outcomes=3,
    )


def rows_of(arrays: ModelArrays, rows: Integers) -> ModelArrays:
    """Return rows, some maybe several times, as they come."""

    def chosen(codes: Codes) -> Codes:
        return replace(codes, codes=codes.codes[rows])

    return replace(
        arrays,
        columns=tuple(column[rows] for column in arrays.columns),
        firms=chosen(arrays.firms),
        effects=tuple(map(chosen, arrays.effects)),
        groups=tuple(map(chosen, arrays.groups)),
        weights=None if arrays.weights is None else arrays.weights[rows],
    )


def with_columns(arrays: ModelArrays, **places: Any) -> ModelArrays:
    columns = list(arrays.columns)
    for name, column in places.items():
        columns[{"event": 0, "start": 1, "stop": 2}[name]] = column
    return replace(arrays, columns=tuple(columns))


def fitted(arrays: ModelArrays, ties: Ties = "efron") -> LikelihoodFit:
    return fit_cox(arrays, ties).likelihood


def alike(one: LikelihoodFit, two: LikelihoodFit, tolerance: float = TIGHT) -> None:
    """Compare coefficients, information, likelihoods, and grouped scores."""
    scale = np.sqrt(np.diag(one.sums.bread))
    np.testing.assert_allclose(two.coefficients / scale, one.coefficients / scale, atol=tolerance)
    units = np.outer(scale, scale)
    np.testing.assert_allclose(two.sums.bread / units, one.sums.bread / units, atol=tolerance)
    for key in ("loglik", "loglik_null"):
        np.testing.assert_allclose(two.facts[key], one.facts[key], rtol=tolerance)
    for mine, other in zip(one.sums.groups, two.sums.groups, strict=True):
        np.testing.assert_allclose(other * scale, mine * scale, atol=tolerance)
    np.testing.assert_allclose(two.sums.meat * units, one.sums.meat * units, atol=tolerance)


@few
@given(seeds, rules, flags, flags)
def test_splitting_intervals_changes_nothing(
    seed: int, ties: Ties, is_exact: bool, has_weights: bool
) -> None:
    whole = simulated(seed, is_exact=is_exact, has_weights=has_weights)
    rng = np.random.default_rng(seed)
    pieces = rng.integers(1, 4, whole.rows)
    rows = np.repeat(np.arange(whole.rows), pieces)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    event, start, stop = whole.columns[:3]
    step = (stop - start)[rows] / pieces[rows]
    is_last = place == pieces[rows] - 1
    cut = with_columns(
        rows_of(whole, rows),
        event=np.where(is_last, event[rows], 0.0),
        start=np.where(place == 0, start[rows], start[rows] + place * step),
        stop=np.where(is_last, stop[rows], start[rows] + (place + 1) * step),
    )
    alike(fitted(whole, ties), fitted(cut, ties))


@few
@given(seeds, rules)
def test_joining_years_without_change_changes_nothing(seed: int, ties: Ties) -> None:
    """Annual rows of a firm whose regressors stay as they are and the one interval they make up."""
    annual = simulated(seed)
    first = annual.starts[:-1]
    steady = tuple(column[first][annual.firms.codes] for column in annual.columns[3:])
    annual = replace(annual, columns=(*annual.columns[:3], *steady))
    last = annual.starts[1:] - 1
    joined = with_columns(rows_of(annual, last), start=annual.columns[1][first])
    alike(fitted(annual, ties), fitted(joined, ties))


@few
@given(seeds, rules, flags)
def test_firms_never_at_risk_at_an_event_time_change_nothing(seed: int, ties: Ties, is_exact: bool) -> None:
    arrays = simulated(seed, is_exact=is_exact)
    stop = arrays.columns[2]
    more = rows_of(arrays, np.concatenate([np.arange(arrays.rows), np.arange(30)]))
    idle = np.arange(more.rows) >= arrays.rows
    event, start, late = (column.copy() for column in more.columns[:3])
    # Half come after the last event, half between two event times.
    after, between = stop.max() + 1, np.sort(np.unique(stop))[:2]
    low = between[0] + 0.25 * (between[1] - between[0])
    start[idle] = np.where(np.arange(30) % 2, after, low)
    late[idle] = np.where(np.arange(30) % 2, after + 5, (low + between[1]) / 2)
    event[idle] = 0
    codes = np.where(idle, arrays.firms.levels + np.arange(more.rows) - arrays.rows, more.firms.codes)
    firms = Codes("firm_id", codes.astype(np.int32), arrays.firms.levels + 30)
    more = replace(with_columns(more, event=event, start=start, stop=late), firms=firms)
    one, two = (
        fitted(replace(arrays, groups=arrays.groups[1:]), ties),
        fitted(replace(more, groups=more.groups[1:]), ties),
    )
    alike(one, two)


@few
@given(seeds, rules, st.sampled_from([12.0, 365.25, 1 / 7]), st.sampled_from([0.0, 1990.0, -3.0]))
def test_the_unit_and_origin_of_time_change_nothing(
    seed: int, ties: Ties, unit: float, origin: float
) -> None:
    years = simulated(seed)
    _, start, stop = years.columns[:3]
    other = with_columns(years, start=(start + origin) * unit, stop=(stop + origin) * unit)
    alike(fitted(years, ties), fitted(other, ties))


@few
@given(seeds, rules, flags, st.integers(1, 60))
def test_block_borders_change_nothing(seed: int, ties: Ties, is_exact: bool, rows_per_block: int) -> None:
    whole = simulated(seed, is_exact=is_exact)
    alike(fitted(whole, ties), fitted(replace(whole, rows_per_block=rows_per_block), ties), 1e-12)


@dataclass(frozen=True)
class Shuffled(ModelArrays):
    """The same rows whose blocks come in another order each time they are asked for."""

    seed: int = 0

    def blocks(self) -> Iterator[ArrayBlock]:
        """Yield the blocks in random order."""
        blocks = list(super().blocks())
        yield from (blocks[place] for place in np.random.default_rng(self.seed).permutation(len(blocks)))


@few
@given(seeds, rules)
def test_the_blocks_order_changes_nothing(seed: int, ties: Ties) -> None:
    arrays = replace(simulated(seed), rows_per_block=30)
    fields = {name: getattr(arrays, name) for name in arrays.__dataclass_fields__}
    alike(fitted(arrays, ties), fitted(Shuffled(**fields, seed=seed), ties), 1e-12)


@few
@given(seeds, flags)
def test_doubled_weights_are_doubled_rows_with_breslows_ties(seed: int, is_exact: bool) -> None:
    arrays = simulated(seed, is_exact=is_exact, has_weights=False)
    twice = fitted(rows_of(arrays, np.repeat(np.arange(arrays.rows), 2)), "breslow")
    alike(twice, fitted(replace(arrays, weights=np.full(arrays.rows, 2.0)), "breslow"))


@few
@given(seeds, st.floats(0.01, 50.0))
def test_weights_scale_nothing_but_the_information_with_efrons_ties(seed: int, scale: float) -> None:
    """Efron's ties take the mean weight, so that doubled weights are not doubled rows; nor are they in R."""
    arrays = simulated(seed)
    assert arrays.weights is not None
    one, two = fitted(arrays), fitted(replace(arrays, weights=arrays.weights * scale))
    np.testing.assert_allclose(two.coefficients, one.coefficients, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(two.sums.bread * scale, one.sums.bread, rtol=1e-8, atol=1e-12)


@few
@given(seeds, rules, st.floats(-5, 5))
def test_a_constant_in_the_offset_changes_no_ratio(seed: int, ties: Ties, constant: float) -> None:
    arrays = simulated(seed)
    offset: Floats = 0.3 * arrays.columns[4]
    one = fitted(replace(arrays, offset=offset), ties)
    two = fitted(replace(arrays, offset=offset + constant), ties)
    alike(one, two, 1e-9)


@few
@given(seeds, rules)
def test_an_offset_takes_its_part_off_the_coefficient(seed: int, ties: Ties) -> None:
    arrays = simulated(seed)
    plain, moved = fitted(arrays, ties), fitted(replace(arrays, offset=0.7 * arrays.columns[4]), ties)
    np.testing.assert_allclose(moved.coefficients + np.array([0, 0.7, 0]), plain.coefficients, atol=1e-9)


@few
@given(seeds, rules)
def test_strata_without_variation_in_the_exposure_change_nothing(seed: int, ties: Ties) -> None:
    """A stratum of firms that are all alike tells nothing of hazard ratios."""
    arrays = simulated(seed)
    more = rows_of(arrays, np.concatenate([np.arange(arrays.rows), np.arange(40)]))
    new = np.arange(more.rows) >= arrays.rows
    columns = [
        np.where(new, 1.5, column) if place > 2 else column for place, column in enumerate(more.columns)
    ]
    strata = Codes("stratum", np.where(new, 3, more.effects[0].codes).astype(np.int32), 4)
    alone = replace(more, columns=tuple(columns), effects=(strata,), groups=())
    one, two = fitted(replace(arrays, groups=()), ties), fitted(alone, ties)
    np.testing.assert_allclose(two.coefficients, one.coefficients, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(two.sums.bread, one.sums.bread, rtol=1e-9, atol=1e-12)


@few
@given(seeds)
def test_rules_agree_where_no_events_tie(seed: int) -> None:
    arrays = simulated(seed, is_exact=True)
    _, last = arrays.columns[1], arrays.starts[1:] - 1
    stop = arrays.columns[2].copy()
    stop[last] -= np.linspace(0, 0.01, len(last))
    untied = with_columns(arrays, stop=stop)
    alike(fitted(untied, "efron"), fitted(untied, "breslow"))
