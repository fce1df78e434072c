from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from scipy.stats import logistic, norm

from clusterpanel.errors import DataError, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes, Floats, ModelArrays
from clusterpanel.models.fit import Fit
from clusterpanel.models.survival.cox_variance import survival_variance
from clusterpanel.models.survival.parametric import fit_parametric
from clusterpanel.models.survival.parametric_families import PARAMETRIC, ParametricName
from clusterpanel.models.survival.parametric_kernels import growth, normal_tail
from clusterpanel.models.survival.parametric_ratios import as_hazard_ratios
from clusterpanel.models.survival.piecewise_exponential import fit_piecewise_exponential
from clusterpanel.models.vcov.from_sums import from_sums
from clusterpanel.spec.vcov import GroupedVcov, Vcov

NAMES: list[ParametricName] = ["exponential", "weibull", "log_logistic", "log_normal", "gompertz"]
CUTS = [1.0, 2.5, 4.0]


def simulated(seed: int = 0, firms: int = 200, *, rows_per_block: int = 50) -> ModelArrays:
    """A simulated register: Weibull lives, entry up to 2 years late, yearly rows."""
    rng = np.random.default_rng(seed)
    exposure = (rng.random(firms) < 0.4).astype(float)
    size = rng.normal(size=firms)
    life = 4 * np.exp(0.4 * exposure - 0.3 * size) * rng.exponential(size=firms) ** 0.7
    entry = np.where(rng.random(firms) < 0.5, 0.0, rng.random(firms) * 2)
    end = entry + 1 + rng.random(firms) * 5
    rows = []
    for firm in np.flatnonzero(life > entry):
        stop = min(life[firm], end[firm])
        edges = [entry[firm], *np.arange(np.floor(entry[firm]) + 1, stop), stop]
        for start, until in pairwise(edges):
            rows.append(
                (firm, life[firm] <= end[firm] and until == stop, start, until, exposure[firm], size[firm])
            )
    table = np.array(rows, dtype=float)
    codes = np.unique(table[:, 0], return_inverse=True)[1].astype(np.int32)
    firm = Codes("firm_id", codes, int(codes.max()) + 1)
    region = Codes("region_code", (codes % 20).astype(np.int32), 20)
    weights = rng.integers(1, 4, len(table)).astype(float)
    return ModelArrays(
        tuple(np.ascontiguousarray(column) for column in table[:, 1:].T),
        ("in_cluster", "size"),
        firm,
        (),
        False,
        groups=(firm, region),
        weights=weights,
        weight_kind="frequency",
        offset=rng.normal(size=len(table)) * 0.2,
        outcomes=3,
        rows_per_block=rows_per_block,
    )


def plain_loss(sample: ModelArrays, name: str, point: Floats, is_single: bool = True) -> float | Floats:
    """Minus the log-likelihood as a textbook has it: log hazard of events, less the hazard cumulated."""
    event, start, stop = sample.columns[:3]
    offset = np.zeros(sample.rows) if sample.offset is None else sample.offset
    eta = np.stack([*sample.columns[3:], np.ones(sample.rows)]).T @ point[:3] + offset
    scale = 1.0 if name == "exponential" else np.exp(point[-1])

    def cumulated(time: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            z = (np.log(time) - eta) / scale
        if name == "gompertz":
            return np.exp(eta) * (np.exp(point[-1] * time) - 1) / point[-1]
        if name == "log_logistic":
            return -np.asarray(logistic.logsf(z))
        if name == "log_normal":
            return -np.asarray(norm.logsf(z))
        return np.exp(z)

    z = (np.log(stop) - eta) / scale
    density = {"log_logistic": logistic.logpdf, "log_normal": norm.logpdf}
    if name == "gompertz":
        log_hazard = eta + point[-1] * stop
    elif name in density:
        log_hazard = density[name](z) + cumulated(stop) - np.log(scale) - np.log(stop)
    else:
        log_hazard = z - np.log(scale) - np.log(stop)
    losses = cumulated(stop) - cumulated(start) - event * log_hazard
    weights = np.ones(sample.rows) if sample.weights is None else sample.weights
    return float(weights @ losses) if is_single else losses


def curvature(loss: Callable[[Floats], float], point: Floats, step: float = 1e-4) -> Floats:
    units = np.eye(len(point)) * step
    signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
    sums = [
        [sum(s * t * loss(point + s * one + t * two) for s, t in signs) for two in units] for one in units
    ]
    return np.array(sums) / (4 * step**2)


@pytest.mark.parametrize("name", NAMES)
def test_late_entry_weights_and_offset_as_in_the_likelihood_written_out(name: ParametricName) -> None:
    sample = simulated()
    fit = fit_parametric(sample, name)
    start = fit.coefficients + 0.05
    best = minimize(
        lambda point: plain_loss(sample, name, point), start, method="BFGS", options={"gtol": 1e-6}
    )
    np.testing.assert_allclose(fit.coefficients, best.x, atol=2e-6)
    assert -fit.facts["loglik"] == pytest.approx(plain_loss(sample, name, fit.coefficients), rel=1e-12)
    assert fit.facts["loglik_null"] < fit.facts["loglik"]


@pytest.mark.parametrize("name", NAMES)
def test_errors_are_the_curvature_and_the_groups_slopes_of_that_likelihood(name: ParametricName) -> None:
    sample = simulated(1)
    fit = fit_parametric(sample, name)
    hessian = curvature(lambda point: plain_loss(sample, name, point), fit.coefficients)
    np.testing.assert_allclose(np.linalg.inv(fit.sums.bread), hessian, rtol=1e-4, atol=1e-4)
    slopes = np.array(
        [
            approx_fprime(fit.coefficients, lambda p, r=row: plain_loss(sample, name, p, False)[r])
            for row in range(40)
        ]
    )
    assert sample.weights is not None
    by_hand = -slopes * sample.weights[:40, None]
    firms = sample.firms.codes[:40]
    for firm in range(int(firms.max())):  # the last firm's rows may not all be among the first 40
        np.testing.assert_allclose(fit.sums.groups[0][firm], by_hand[firms == firm].sum(axis=0), atol=2e-5)
    np.testing.assert_allclose(fit.sums.groups[1].sum(axis=0), 0, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_frequency_weights_are_rows_repeated(name: ParametricName) -> None:
    sample = simulated(2)
    assert sample.weights is not None
    repeated = sample.where(np.ones(sample.rows, dtype=bool))
    rows = np.repeat(np.arange(sample.rows), sample.weights.astype(int))
    firm = Codes("firm_id", sample.firms.codes[rows], sample.firms.levels)
    repeated = replace(
        sample,
        columns=tuple(column[rows] for column in sample.columns),
        firms=firm,
        groups=(firm,),
        offset=None if sample.offset is None else sample.offset[rows],
        weights=None,
        weight_kind=None,
    )
    weighted, plain = fit_parametric(sample, name), fit_parametric(repeated, name)
    np.testing.assert_allclose(weighted.coefficients, plain.coefficients, rtol=1e-9)
    np.testing.assert_allclose(weighted.sums.bread, plain.sums.bread, rtol=1e-9)
    by_firm = plain.sums.groups[0]
    np.testing.assert_allclose(plain.sums.meat, by_firm.T @ by_firm, rtol=1e-9)
    np.testing.assert_allclose(weighted.sums.groups[0], plain.sums.groups[0], rtol=1e-7, atol=1e-9)
    assert weighted.counts == plain.counts


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), name=st.sampled_from(NAMES))
def test_splitting_an_interval_changes_nothing(seed: int, name: ParametricName) -> None:
    sample = simulated(seed % 7)
    rng = np.random.default_rng(seed)
    halves = np.repeat(np.arange(sample.rows), 2)
    event, start, stop = (column[halves].copy() for column in sample.columns[:3])
    cut = sample.columns[1] + (0.05 + 0.9 * rng.random(sample.rows)) * (sample.columns[2] - sample.columns[1])
    event[::2], stop[::2], start[1::2] = 0.0, cut, cut
    firm = Codes("firm_id", sample.firms.codes[halves], sample.firms.levels)
    assert sample.weights is not None
    assert sample.offset is not None
    split = replace(
        sample,
        columns=(event, start, stop, *(column[halves] for column in sample.columns[3:])),
        firms=firm,
        groups=(firm,),
        weights=sample.weights[halves],
        weight_kind="analytic",
        offset=sample.offset[halves],
    )
    whole, parts = fit_parametric(sample, name), fit_parametric(split, name)
    np.testing.assert_allclose(whole.coefficients, parts.coefficients, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(whole.sums.bread, parts.sums.bread, rtol=1e-7)
    np.testing.assert_allclose(whole.sums.groups[0], parts.sums.groups[0], rtol=1e-6, atol=1e-8)
    pieces, cut_pieces = (fit_piecewise_exponential(one, CUTS) for one in (sample, split))
    np.testing.assert_allclose(pieces.coefficients, cut_pieces.coefficients, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(pieces.sums.groups[0], cut_pieces.sums.groups[0], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_block_borders_and_threads_change_nothing(name: ParametricName) -> None:
    one, many = simulated(3, rows_per_block=100_000), simulated(3, rows_per_block=7)
    whole, cut = fit_parametric(one, name), fit_parametric(many, name, threads=2)
    np.testing.assert_allclose(whole.coefficients, cut.coefficients, rtol=1e-11)
    np.testing.assert_allclose(whole.sums.groups[1], cut.sums.groups[1], rtol=1e-9, atol=1e-11)


def test_piecewise_exponential_is_a_poisson_regression_of_split_rows() -> None:
    """statsmodels' GLM of the split rows with the log of the time in each piece as offset."""
    import statsmodels.api as sm

    sample = replace(simulated(4), weight_kind="analytic")
    edges = np.array([-np.inf, *CUTS, np.inf])
    pieces, rows, widths, events = [], [], [], []
    assert sample.weights is not None
    assert sample.offset is not None
    for row in range(sample.rows):
        event, start, stop = (column[row] for column in sample.columns[:3])
        for piece in range(len(edges) - 1):
            width = min(stop, edges[piece + 1]) - max(start, edges[piece])
            if width > 0:
                pieces.append(piece)
                rows.append(row)
                widths.append(width)
                events.append(event * (stop <= edges[piece + 1]))
    dummies = (np.array(pieces)[:, None] == np.arange(4)).astype(float)
    regressors = np.column_stack([*(column[rows] for column in sample.columns[3:]), dummies])
    weights = sample.weights[rows]
    model = sm.GLM(
        events,
        regressors,
        sm.families.Poisson(),
        offset=np.log(widths) + sample.offset[rows],
        freq_weights=weights,
    ).fit(tol=1e-14)
    fit = fit_piecewise_exponential(sample, CUTS)
    np.testing.assert_allclose(fit.coefficients, model.params, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.sums.bread)), model.bse, rtol=1e-7)
    scores = (weights * (np.array(events) - model.mu))[:, None] * regressors
    by_firm = np.zeros((sample.firms.levels, 6))
    np.add.at(by_firm, sample.firms.codes[rows], scores)
    np.testing.assert_allclose(fit.sums.groups[0], by_firm, atol=1e-7)
    assert fit.names[2:] == (
        "log_hazard_to_1",
        "log_hazard_1_to_2.5",
        "log_hazard_2.5_to_4",
        "log_hazard_from_4",
    )


def test_one_piece_is_the_exponential_model() -> None:
    sample = simulated(5)
    sample = replace(sample, offset=None)
    piece, whole = fit_piecewise_exponential(sample, []), fit_parametric(sample, "exponential")
    np.testing.assert_allclose(piece.coefficients, -whole.coefficients, rtol=1e-9)
    assert piece.facts["hazard_ratio"] == pytest.approx(whole.facts["hazard_ratio"])
    assert whole.facts["time_ratio"] * whole.facts["hazard_ratio"] == pytest.approx(1)


def test_weibull_hazard_ratios_are_those_of_the_hazard_form() -> None:
    """The likelihood climbed in the other form: h(t) = k t^(k - 1) exp(constant + x'b)."""
    sample = replace(simulated(6), offset=None)
    fit = fit_parametric(sample, "weibull")
    variance = from_sums("iid", fit.sums, fit.counts)
    ratios = as_hazard_ratios(Fit(fit.names, fit.coefficients, variance), "weibull")
    event, start, stop = sample.columns[:3]
    regressors = np.stack([*sample.columns[3:], np.ones(sample.rows)]).T

    def loss(point: Floats) -> float:
        shape, eta = np.exp(point[-1]), regressors @ point[:3]
        cumulated = np.exp(eta) * (stop**shape - start**shape)
        assert sample.weights is not None
        return float(sample.weights @ (cumulated - event * (point[-1] + (shape - 1) * np.log(stop) + eta)))

    best = minimize(loss, ratios.coefficients + 0.05, method="BFGS", options={"gtol": 1e-5})
    np.testing.assert_allclose(ratios.coefficients, best.x, atol=2e-6)
    np.testing.assert_allclose(
        np.linalg.inv(ratios.covariance), curvature(loss, best.x), rtol=1e-4, atol=1e-3
    )
    assert np.exp(ratios.coefficients[0]) == pytest.approx(fit.facts["hazard_ratio"])
    assert ratios.names == ("in_cluster", "size", "constant", "log_shape")
    with pytest.raises(SpecError, match="log-normal"):
        as_hazard_ratios(ratios, "log_normal")


def test_a_falling_gompertz_hazard_and_a_flat_one() -> None:
    rng = np.random.default_rng(0)
    rows = 4000
    firm = Codes("firm_id", np.arange(rows, dtype=np.int32), rows)
    stop, exposure = rng.exponential(size=rows), rng.normal(size=rows)
    flat = ModelArrays((np.ones(rows), np.zeros(rows), stop, exposure), ("x",), firm, (), False, outcomes=3)
    fit = fit_parametric(flat, "gompertz")
    assert abs(fit.coefficients[-1]) < 4 * np.sqrt(fit.sums.bread[-1, -1])
    survives = -np.log(rng.random(rows)) < 2.0  # of a hazard exp(-t/2) a share exp(-2) never ends
    life = -2 * np.log1p(-np.where(survives, rng.random(rows) * (1 - np.exp(-2.0)), 0.0) / 2)
    falling = replace(flat, columns=(np.ones(rows), np.zeros(rows), np.maximum(life, 1e-9), exposure))
    assert np.isfinite(fit_parametric(falling, "gompertz").coefficients).all()


@pytest.mark.parametrize("x", [-30.0, -1.5, -0.9, -1e-7, 0.0, 0.3, 0.99, 1.01, 8.0])
def test_integrals_of_growth(x: float) -> None:
    from scipy.integrate import quad

    for power, value in enumerate(growth(x)):
        assert value == pytest.approx(quad(lambda s, k=power: s**k * np.exp(x * s), 0, 1)[0], rel=1e-9)


@pytest.mark.parametrize("z", [-40.0, -5.0, 0.0, 3.0, 5.99, 6.01, 12.0, 50.0])
def test_normal_tail_and_hazard(z: float) -> None:
    log, hazard = normal_tail(z)
    assert log == pytest.approx(norm.logsf(z), rel=1e-12)
    assert hazard == pytest.approx(np.exp(norm.logpdf(z) - norm.logsf(z)), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("name", NAMES)
def test_an_exposure_without_events_runs_off_and_is_refused(name: ParametricName) -> None:
    sample = simulated(1)
    event = np.where(sample.columns[3] > 0, 0.0, sample.columns[0])
    without = replace(sample, columns=(event, *sample.columns[1:]))
    with pytest.raises(NotIdentifiedError, match="in_cluster is not identified"):
        fit_parametric(without, name)
    with pytest.raises(NotIdentifiedError, match="in_cluster is not identified"):
        fit_piecewise_exponential(without, [1.0])


def test_collinear_regressors_are_dropped_and_a_fixed_exposure_is_refused() -> None:
    sample = simulated(1)
    sample = replace(
        sample,
        columns=(*sample.columns, 3 * sample.columns[3] - 2, np.full(sample.rows, 7.0)),
        names=("in_cluster", "size", "again", "same"),
    )
    fit, small = fit_parametric(sample, "weibull"), fit_parametric(simulated(1), "weibull")
    assert [item.name for item in fit.collinear] == ["again", "same"]
    np.testing.assert_allclose(fit.coefficients, small.coefficients, rtol=1e-9)
    turned = replace(sample, columns=(*sample.columns[:3], *sample.columns[:2:-1]), names=sample.names[::-1])
    with pytest.raises(NotIdentifiedError, match="effect of same is not identified"):
        fit_parametric(turned, "weibull")


def test_rows_that_break_a_rule_are_counted() -> None:
    sample = simulated(1)
    event, start, stop, *rest = sample.columns
    with pytest.raises(DataError, match="2 rows start before time 0"):
        early = start.copy()
        early[:2] = -1.0
        fit_parametric(replace(sample, columns=(event, early, stop, *rest)), "weibull")
    with pytest.raises(DataError, match="3 rows with start equal to stop"):
        same = start.copy()
        same[:3] = stop[:3]
        fit_parametric(replace(sample, columns=(event, same, stop, *rest)), "gompertz")
    with pytest.raises(DataError, match="neither 0 nor 1"):
        fit_parametric(replace(sample, columns=(event * 2, start, stop, *rest)), "weibull")
    with pytest.raises(NotIdentifiedError, match="no event"):
        fit_parametric(replace(sample, columns=(event * 0, start, stop, *rest)), "weibull")


def test_what_the_models_have_no_place_for_is_refused() -> None:
    sample = simulated(1)
    with pytest.raises(SpecError, match="region_code"):
        fit_parametric(replace(sample, effects=(sample.groups[1],)), "weibull")
    with pytest.raises(SpecError, match="do not ascend"):
        fit_piecewise_exponential(sample, [2.0, 1.0])
    with pytest.raises(NotIdentifiedError, match="log_hazard_100_to_200, log_hazard_from_200"):
        fit_piecewise_exponential(sample, [1.0, 100.0, 200.0])
    assert set(PARAMETRIC) == set(NAMES)


def test_robust_errors_are_by_firm_and_without_small_sample_factor() -> None:
    sample = replace(simulated(2), weights=None, weight_kind=None)
    fit = fit_parametric(sample, "weibull")
    influence = fit.sums.groups[0] @ fit.sums.bread
    robust: list[Vcov] = ["HC1", GroupedVcov(CRV1="firm_id")]
    for vcov in robust:
        sums = replace(fit.sums, groups=fit.sums.groups[:1])
        variance = survival_variance(vcov, sums, fit.counts)
        np.testing.assert_allclose(variance.matrix, influence.T @ influence, rtol=1e-9)
    np.testing.assert_allclose(survival_variance("iid", fit.sums, fit.counts).matrix, fit.sums.bread)


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
    one, two = fit_parametric(sample, "weibull"), fit_parametric(turned, "weibull")
    np.testing.assert_allclose(one.coefficients, two.coefficients, rtol=1e-9)
    np.testing.assert_allclose(one.sums.groups[1], two.sums.groups[1], rtol=1e-7, atol=1e-9)
