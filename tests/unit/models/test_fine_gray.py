import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from clusterpanel.errors import DataError, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes, Floats, ModelArrays
from clusterpanel.models.survival.cox import fit_cox
from clusterpanel.models.survival.cox_ties import Ties
from clusterpanel.models.survival.cox_variance import survival_variance
from clusterpanel.models.survival.fine_gray import fit_fine_gray


def simulated(  # noqa: PLR0917
    seed: int = 0,
    firms: int = 80,
    is_late: bool = True,
    is_annual: bool = True,
    strata: int = 1,
    rows_per_block: int = 30,
) -> ModelArrays:
    """A simulated register with two causes of exit, censoring, late entry, yearly or exact times."""
    rng = np.random.default_rng(seed)
    rows: list[list[float]] = []
    for firm in range(firms):
        exposure, size = float(rng.random() < 0.5), rng.normal()
        life, end = rng.exponential(5 * np.exp(-0.5 * exposure)), 1 + rng.exponential(6)
        entry = rng.integers(0, 3) * float(is_late and rng.random() < 0.4)
        cause = 1 + (rng.random() < 0.45)
        if is_annual:
            life, end = np.ceil(life), np.ceil(end)
        else:
            entry *= rng.random()
        stop = min(life, end)
        if stop <= entry:
            stop = entry + (1.0 if is_annual else 0.3)
        edges = np.unique([entry, *np.arange(np.floor(entry) + 1, stop), stop])
        for start, until in pairwise(edges):
            event = cause if until == stop and life <= end else 0
            rows.append([firm, event, start, until, exposure, size])
            size += 0.3 * rng.normal()
    table = np.array(rows, dtype=float)
    firm_codes = Codes("firm_id", table[:, 0].astype(np.int32), firms)
    region = Codes("region_code", firm_codes.codes % np.int32(7), 7)
    stratum = Codes("industry", firm_codes.codes % np.int32(strata), strata)
    return ModelArrays(
        tuple(np.ascontiguousarray(column) for column in table[:, 1:].T),
        ("in_cluster", "size"),
        firm_codes,
        (stratum,) if strata > 1 else (),
        False,
        groups=(firm_codes, region),
        outcomes=3,
        rows_per_block=rows_per_block,
    )


def strata_of(sample: ModelArrays) -> Any:
    return sample.effects[0].codes if sample.effects else np.zeros(sample.rows, dtype=int)


def weights_of(sample: ModelArrays) -> Floats:
    return np.ones(sample.rows) if sample.weights is None else sample.weights


def observed_before(sample: ModelArrays, stratum: int, time: float) -> float:
    """G(t-) H(t-) by counting, time by time; H falls to 0 before the first entry, which no ratio needs."""
    event, start, stop = sample.columns[:3]
    mine, weights = strata_of(sample) == stratum, weights_of(sample)
    last = np.array(
        [stop[row] == stop[sample.firms.codes == firm].max() for row, firm in enumerate(sample.firms.codes)]
    )
    first = np.array(
        [start[row] == start[sample.firms.codes == firm].min() for row, firm in enumerate(sample.firms.codes)]
    )
    value = 1.0
    for u in np.unique(stop[mine & last & (event == 0)]):
        if u < time:
            could = mine & (start < u) & (u <= stop) & ~((event > 0) & (stop == u))
            value *= 1 - weights[mine & last & (event == 0) & (stop == u)].sum() / weights[could].sum()
    for e in np.unique(start[mine & first]):
        if e >= time:
            could = mine & (start <= e) & (e < stop)
            value *= 1 - weights[mine & first & (start == e)].sum() / weights[could].sum()
    return value


def expanded(sample: ModelArrays, cause: int) -> dict[str, Floats]:
    """The rows that R's finegray makes: one for each later event time of everybody who failed otherwise."""
    event, start, stop = sample.columns[:3]
    strata, case = strata_of(sample), weights_of(sample)
    table = []
    for row in range(sample.rows):
        regressors = [column[row] for column in sample.columns[3:]]
        table.append(
            [strata[row], float(event[row] == cause), start[row], stop[row], case[row], row, *regressors]
        )
        if event[row] in {0, cause}:
            continue
        times = np.unique(stop[(event == cause) & (strata == strata[row])])
        at_failing = observed_before(sample, strata[row], stop[row])
        for before, time in zip(
            [stop[row], *times[times > stop[row]]], times[times > stop[row]], strict=False
        ):
            weight = case[row] * observed_before(sample, strata[row], time) / at_failing
            table.append([strata[row], 0.0, before, time, weight, row, *regressors])
    names = ["stratum", "event", "start", "stop", "weight", "row"]
    values = np.array(table).T
    return dict(zip(names, values, strict=False)) | {"x": values[6:].T}


def loss_of(rows: dict[str, Floats], ties: Ties, coefficients: Floats) -> float:
    """Minus the weighted log partial likelihood, event by event, as coxph has it."""
    eta, total = rows["x"] @ coefficients, 0.0
    risk = rows["weight"] * np.exp(eta)
    for stratum in np.unique(rows["stratum"]):
        mine = rows["stratum"] == stratum
        for time in np.unique(rows["stop"][mine & (rows["event"] > 0)]):
            fails = mine & (rows["event"] > 0) & (rows["stop"] == time)
            at_risk = mine & (rows["start"] < time) & (time <= rows["stop"])
            total -= rows["weight"][fails] @ eta[fails]
            for place in range(fails.sum()):
                share = place / fails.sum() if ties == "efron" else 0.0
                denominator = risk[at_risk].sum() - share * risk[fails].sum()
                total += rows["weight"][fails].mean() * np.log(denominator)
    return total


def curvature(rows: dict[str, Floats], ties: Ties, point: Floats, step: float = 1e-4) -> Floats:
    units = np.eye(len(point)) * step
    signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
    sums = [
        [sum(s * t * loss_of(rows, ties, point + s * one + t * two) for s, t in signs) for two in units]
        for one in units
    ]
    return np.array(sums) / (4 * step**2)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize(
    ("is_late", "is_annual", "strata"), [(True, True, 1), (True, False, 2), (False, True, 2)]
)
def test_equals_a_weighted_cox_regression_of_expanded_rows(
    ties: Ties, is_late: bool, is_annual: bool, strata: int
) -> None:
    sample = simulated(1, 60, is_late, is_annual, strata)
    rows = expanded(sample, 1)
    best = minimize(
        lambda point: loss_of(rows, ties, point), np.zeros(2), method="BFGS", options={"gtol": 1e-7}
    )
    fit = fit_fine_gray(sample, 1, ties)
    np.testing.assert_allclose(fit.coefficients, best.x, atol=1e-6)
    assert -fit.facts["loglik"] == pytest.approx(loss_of(rows, ties, fit.coefficients), rel=1e-10)
    np.testing.assert_allclose(
        np.linalg.inv(fit.sums.bread), curvature(rows, ties, best.x), rtol=1e-4, atol=1e-4
    )


def test_known_weights_give_the_robust_errors_of_coxph_on_expanded_rows() -> None:
    """Lin and Wei's score residuals of the expanded rows, summed by firm, Breslow's ties."""
    sample = simulated(2)
    rows = expanded(sample, 1)
    fit = fit_fine_gray(sample, 1, "breslow", weight_scores="known")
    risk = rows["weight"] * np.exp(rows["x"] @ fit.coefficients)
    scores = np.zeros_like(rows["x"])
    for time in np.unique(rows["stop"][rows["event"] > 0]):
        fails = (rows["event"] > 0) & (rows["stop"] == time)
        at_risk = (rows["start"] < time) & (time <= rows["stop"])
        mean = risk[at_risk] @ rows["x"][at_risk] / risk[at_risk].sum()
        hazard = rows["weight"][fails].sum() / risk[at_risk].sum()
        scores[fails] += rows["x"][fails] - mean
        scores[at_risk] -= (risk[at_risk] * hazard)[:, None] * (rows["x"][at_risk] - mean)
    by_firm = np.zeros((sample.firms.levels, 2))
    np.add.at(by_firm, sample.firms.codes[rows["row"].astype(int)], scores)
    np.testing.assert_allclose(fit.sums.groups[0], by_firm, atol=1e-8)
    np.testing.assert_allclose(fit.sums.meat, by_firm.T @ by_firm, atol=1e-8)


@pytest.mark.parametrize(("is_annual", "strata"), [(True, 1), (False, 2)])
def test_scores_are_how_far_a_firm_moves_the_estimate_the_weights_it_changes_among_it(
    is_annual: bool, strata: int
) -> None:
    """A firm's weight is changed a little, all is fitted again, censoring and entry weights too."""
    sample = simulated(3, 60, True, is_annual, strata)
    fit = fit_fine_gray(sample, 1, "breslow")
    influence = fit.sums.groups[0] @ fit.sums.bread
    known = fit_fine_gray(sample, 1, "breslow", weight_scores="known")
    for firm in range(0, 60, 7):
        moved = []
        for step in (1e-4, -1e-4):
            weights = 1 + step * (sample.firms.codes == firm)
            moved.append(fit_fine_gray(replace(sample, weights=weights), 1, "breslow").coefficients)
        np.testing.assert_allclose((moved[0] - moved[1]) / 2e-4, influence[firm], rtol=1e-5, atol=1e-7)
    assert np.abs(fit.sums.groups[0] - known.sums.groups[0]).max() > 1e-3
    np.testing.assert_allclose(fit.sums.groups[0].sum(axis=0), 0, atol=1e-9)


def test_without_another_cause_it_is_cox_regression() -> None:
    sample = simulated(4, strata=2)
    one = replace(sample, columns=(np.minimum(sample.columns[0], 1.0), *sample.columns[1:]))
    fine_gray, cox = fit_fine_gray(one, 1), fit_cox(one).likelihood
    np.testing.assert_allclose(fine_gray.coefficients, cox.coefficients, rtol=1e-9)
    np.testing.assert_allclose(fine_gray.sums.bread, cox.sums.bread, rtol=1e-8)
    np.testing.assert_allclose(fine_gray.sums.groups[1], cox.sums.groups[1], atol=1e-9)


def test_without_censoring_those_who_fail_otherwise_stay_at_risk_for_ever() -> None:
    """Gray's remark: with nobody censored the subdistribution's times are infinite for other causes."""
    sample = simulated(5, 100, is_late=False)
    last = sample.columns[2] == np.repeat(
        np.maximum.reduceat(sample.columns[2], sample.starts[:-1]), np.diff(sample.starts)
    )
    event = np.where(last & (sample.columns[0] == 0), 2.0, sample.columns[0])
    event[~last] = 0.0
    all_fail = replace(sample, columns=(event, *sample.columns[1:]))
    stop = np.where(event == 2, 1e6, sample.columns[2])
    cox = fit_cox(
        replace(all_fail, columns=((event == 1) * 1.0, sample.columns[1], stop, *sample.columns[3:]))
    )
    np.testing.assert_allclose(
        fit_fine_gray(all_fail, 1).coefficients, cox.likelihood.coefficients, rtol=1e-9
    )


class OldRandom:
    """R's random numbers before 1.7: Marsaglia's multicarry, exponentials of Ahrens and Dieter (1972)."""

    def __init__(self, seed: int) -> None:
        for _ in range(50):
            seed = (69069 * seed + 1) % 2**32
        first = (69069 * seed + 1) % 2**32
        self.state = (first, (69069 * first + 1) % 2**32)
        self.log_two = np.cumsum([np.log(2) ** k / math.factorial(k) for k in range(1, 17)])

    def uniform(self) -> float:
        one, two = self.state
        one, two = 36969 * (one % 2**16) + (one >> 16), 18000 * (two % 2**16) + (two >> 16)
        self.state = (one % 2**32, two % 2**32)
        one, two = self.state
        return (((one << 16) % 2**32) ^ (two % 2**16)) * 2.328306437080797e-10

    def exponential(self) -> float:
        whole, part = 0.0, 2 * self.uniform()
        while part <= 1:
            whole, part = whole + self.log_two[0], 2 * part
        part -= 1
        if part <= self.log_two[0]:
            return float(whole + part)
        least, place = self.uniform(), 0
        while True:
            least, place = min(least, self.uniform()), place + 1
            if part <= self.log_two[place]:
                return float(whole + least * self.log_two[0])

    def pick(self, choices: int, size: int) -> Floats:
        return np.array([float(int(choices * self.uniform())) for _ in range(size)])


def test_equals_crr_on_the_data_of_its_own_test() -> None:
    """cmprsk 2.2: tests/test.Rout.save, crr(ss, cc, cv) and crr(ss, cc, cv[, 1]), four digits printed.

    Its data follow from set.seed(2) by the generators of R 1.6.2; between the causes and the covariates its
    script draws 317 more numbers, 217 of them for normal variates.
    """
    random = OldRandom(2)
    times = np.array([random.exponential() for _ in range(100)])
    random.pick(3, 100)
    causes = random.pick(3, 100)
    random.pick(2, 317)
    covariates = random.pick(2, 300).reshape(3, 100)
    keep = np.ones(100, dtype=bool)
    keep[[0, 9, 19]] = False  # made missing there
    firm = Codes("id", np.arange(97, dtype=np.int32), 97)
    sample = ModelArrays(
        (causes[keep], np.zeros(97), times[keep], *covariates[:, keep]),
        ("a", "b", "c"),
        firm,
        (),
        False,
        outcomes=3,
    )
    fit = fit_fine_gray(sample, 1, weight_scores="published")
    np.testing.assert_allclose(fit.coefficients, [-0.29130, -0.06346, -0.47510], atol=5.1e-5)
    errors = np.sqrt(np.diag(survival_variance("HC1", fit.sums, fit.counts).matrix))
    np.testing.assert_allclose(errors, [0.3698, 0.3566, 0.3544], atol=5.1e-5)
    exact = fit_fine_gray(sample, 1)
    variance = survival_variance("HC1", exact.sums, exact.counts)
    np.testing.assert_allclose(np.sqrt(np.diag(variance.matrix)), errors, rtol=2e-3)
    single = fit_fine_gray(sample.only([0, 1, 2, 3]), 1, weight_scores="published")
    assert single.coefficients[0] == pytest.approx(-0.1753, abs=5.1e-5)
    error = survival_variance("HC1", single.sums, single.counts).matrix[0, 0] ** 0.5
    assert error == pytest.approx(0.354, abs=5.1e-5)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 500), is_annual=st.booleans(), strata=st.integers(1, 3))
def test_block_borders_units_and_cut_rows_change_nothing(seed: int, is_annual: bool, strata: int) -> None:
    sample = simulated(seed, 90, True, is_annual, strata, rows_per_block=10_000)
    whole = fit_fine_gray(sample, 1)
    event, start, stop = sample.columns[:3]
    halves, middle = np.repeat(np.arange(sample.rows), 2), (start + stop) / 2
    times = [np.repeat(one, 2) for one in (event, start, stop)]
    times[0][::2], times[2][::2], times[1][1::2] = 0.0, middle, middle
    firm = Codes("firm_id", sample.firms.codes[halves], sample.firms.levels)
    cut = replace(
        sample,
        columns=(times[0], times[1] * 12, times[2] * 12, *(column[halves] for column in sample.columns[3:])),
        firms=firm,
        effects=tuple(replace(effect, codes=effect.codes[halves]) for effect in sample.effects),
        groups=(firm,),
        rows_per_block=17,
    )
    parts = fit_fine_gray(cut, 1, threads=2)
    np.testing.assert_allclose(whole.coefficients, parts.coefficients, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(whole.sums.groups[0], parts.sums.groups[0], rtol=1e-7, atol=1e-9)


def test_frequency_weights_are_firms_repeated() -> None:
    sample = simulated(6)
    weights = 1.0 + sample.firms.codes % 3
    weighted = fit_fine_gray(replace(sample, weights=weights, weight_kind="frequency"), 1, "breslow")
    rows = np.concatenate([np.flatnonzero(weights > copy) for copy in range(3)])
    copies = np.concatenate([np.full((weights > copy).sum(), copy) for copy in range(3)])
    order = np.lexsort((rows, copies, sample.firms.codes[rows]))
    rows, copies = rows[order], copies[order]
    firm = np.unique(sample.firms.codes[rows] * 3 + copies, return_inverse=True)[1].astype(np.int32)
    repeated = replace(
        sample,
        columns=tuple(column[rows] for column in sample.columns),
        firms=Codes("copy", firm, int(firm.max()) + 1),
        groups=(Codes("firm_id", sample.firms.codes[rows], sample.firms.levels),),
    )
    plain = fit_fine_gray(repeated, 1, "breslow")
    np.testing.assert_allclose(weighted.coefficients, plain.coefficients, rtol=1e-9)
    np.testing.assert_allclose(weighted.sums.bread, plain.sums.bread, rtol=1e-9)
    np.testing.assert_allclose(weighted.sums.groups[0], plain.sums.groups[0], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(weighted.sums.meat, plain.sums.meat, rtol=1e-7)


def test_grouped_errors_sum_scores_by_group() -> None:
    fit = fit_fine_gray(simulated(7), 1)
    from clusterpanel.spec.vcov import GroupedVcov

    variance = survival_variance(
        GroupedVcov.model_validate({"CRV1": "region_code"}),
        replace(fit.sums, groups=fit.sums.groups[1:]),
        fit.counts,
    )
    with pytest.raises(SpecError, match="iid came with probability weights"):
        survival_variance("iid", fit.sums, fit.counts)
    scores = fit.sums.groups[1]
    assert scores.shape == (7, 2)
    np.testing.assert_allclose(variance.matrix, fit.sums.bread @ scores.T @ scores @ fit.sums.bread)


def test_firms_that_break_a_rule_are_counted() -> None:
    sample = simulated(8)
    event, start, stop, *rest = sample.columns
    inner = np.flatnonzero(np.diff(sample.firms.codes) == 0)
    gap = start.copy()
    gap[inner[0] + 1] += 0.5
    with pytest.raises(DataError, match="1 firms with a gap or an overlap"):
        fit_fine_gray(replace(sample, columns=(event, gap, stop, *rest)), 1)
    early = event.copy()
    early[inner[0]] = 2.0
    with pytest.raises(DataError, match="1 firms that fail before their last row"):
        fit_fine_gray(replace(sample, columns=(early, start, stop, *rest)), 1)
    moving = (np.arange(sample.rows) % 2).astype(np.int32)
    with pytest.raises(DataError, match="firms in several strata"):
        fit_fine_gray(replace(sample, effects=(Codes("industry", moving, 2),)), 1)
    with pytest.raises(SpecError, match="cause 0"):
        fit_fine_gray(sample, 0)
    with pytest.raises(NotIdentifiedError, match="no event of cause 3"):
        fit_fine_gray(sample, 3)
    with pytest.raises(NotIdentifiedError, match="in_cluster is not identified"):
        fit_fine_gray(replace(sample, columns=(event, start, stop, np.ones(sample.rows), rest[1])), 1)


def test_an_entry_that_nobody_bridges_is_refused() -> None:
    rows = 40
    firm = Codes("firm_id", np.arange(rows, dtype=np.int32), rows)
    late = np.arange(rows) >= rows // 2
    start = np.where(late, 10.0, 0.0)
    stop = start + 1 + np.arange(rows) % 5
    event = 1.0 + np.arange(rows) % 2
    sample = ModelArrays((event, start, stop, np.sin(np.arange(rows))), ("x",), firm, (), False, outcomes=3)
    with pytest.raises(NotIdentifiedError, match="nobody is under observation between"):
        fit_fine_gray(sample, 1)
    # Who is censored before anybody is weighed says nothing, though all are at once.
    nobody = replace(sample, columns=(np.where(late, event, 0.0), *sample.columns[1:]))
    fit, alone = fit_fine_gray(nobody, 1), fit_fine_gray(nobody.where(late), 1)
    np.testing.assert_allclose(fit.coefficients, alone.coefficients, rtol=1e-9)
    np.testing.assert_allclose(fit.sums.meat, alone.sums.meat, rtol=1e-8)


def test_a_simulated_truth_is_covered_by_95_percent_intervals() -> None:
    """Fine and Gray's own simulation: F1(t) = 1 - (1 - p (1 - exp(-t)))^exp(x'b), censoring by lot."""
    truth, shares, estimates = 0.6, [], []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        rows, p = 300, 0.6
        x = rng.normal(size=rows)
        incidence = 1 - (1 - p) ** np.exp(truth * x)
        is_first = rng.random(rows) < incidence
        u = rng.random(rows) * incidence
        first = -np.log(1 - (1 - (1 - u) ** np.exp(-truth * x)) / p)
        life = np.where(is_first, first, rng.exponential(size=rows) * np.exp(-0.3 * x))
        end = rng.exponential(size=rows) * 2.0
        event = np.where(life <= end, np.where(is_first, 1.0, 2.0), 0.0)
        firm = Codes("firm_id", np.arange(rows, dtype=np.int32), rows)
        sample = ModelArrays(
            (event, np.zeros(rows), np.minimum(life, end), x),
            ("x",),
            firm,
            (),
            False,
            groups=(firm,),
            outcomes=3,
        )
        fit = fit_fine_gray(sample, 1)
        error = survival_variance("HC1", fit.sums, fit.counts).matrix[0, 0] ** 0.5
        estimates.append(fit.coefficients[0])
        shares.append(abs(fit.coefficients[0] - truth) < 1.96 * error)
    assert abs(np.mean(estimates) - truth) < 3 * np.std(estimates) / np.sqrt(120) + 0.01
    assert 0.89 <= np.mean(shares) <= 0.99  # 95 % less or more three of its errors


def test_the_order_of_firms_and_of_their_rows_does_not_matter() -> None:
    sample = simulated(9)
    rng = np.random.default_rng(0)
    rank = rng.permutation(sample.firms.levels)
    order = np.lexsort((rng.random(sample.rows), rank[sample.firms.codes]))
    firm = np.sort(rank[sample.firms.codes]).astype(np.int32)
    turned = replace(
        sample,
        columns=tuple(column[order] for column in sample.columns),
        firms=Codes("firm_id", firm, sample.firms.levels),
        groups=tuple(replace(group, codes=group.codes[order]) for group in sample.groups),
        weights=None if sample.weights is None else sample.weights[order],
        offset=None if sample.offset is None else sample.offset[order],
        rows_per_block=11,
    )
    one, two = fit_fine_gray(sample, 1), fit_fine_gray(turned, 1)
    np.testing.assert_allclose(one.coefficients, two.coefficients, rtol=1e-9)
    np.testing.assert_allclose(one.sums.groups[1], two.sums.groups[1], rtol=1e-7, atol=1e-9)
