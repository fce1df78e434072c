"""No variance depends on the order of rows or the units of money, and none writes to what it is given."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from clusterpanel.models.arrays import Codes
from clusterpanel.models.linearised import EffectRows, Linearised
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.from_rows import RowPlaces, from_rows
from clusterpanel.spec.vcov import (
    BiasReducedVcov,
    ConleyVcov,
    DriscollKraayVcov,
    GroupedVcov,
    JackknifeVcov,
    NeweyWestVcov,
    WildBootstrapVcov,
)

Floats = NDArray[np.float64]
FIRMS, YEARS, REGIONS = 16, 5, 6
VARIANCES: list[Any] = [
    "iid",
    "HC1",
    "HC2",
    "HC3",
    GroupedVcov(CRV1="region_code"),
    BiasReducedVcov(CRV2="region_code"),
    JackknifeVcov(CRV3="region_code"),
    ConleyVcov(conley_km=60),
    ConleyVcov(conley_km=60, kernel="bartlett"),
    DriscollKraayVcov(driscoll_kraay_lags=2),
    NeweyWestVcov(newey_west_lags=2),
    WildBootstrapVcov(wild_bootstrap="region_code"),
]


class Panel:
    """A simulated panel of firms that move, its year effects and its regression on two columns."""

    def __init__(self, seed: int, order: NDArray[Any] | None = None, units: Floats | None = None) -> None:
        generator = np.random.default_rng(seed)
        rows = FIRMS * YEARS
        order = np.arange(rows) if order is None else order
        firm, year = np.repeat(np.arange(FIRMS), YEARS)[order], np.tile(np.arange(YEARS), FIRMS)[order]
        region = generator.permutation(np.arange(rows) % REGIONS)[order]
        x = generator.normal(size=(rows, 2))[order] * (1.0 if units is None else units)
        y, north, east = generator.normal(size=(3, rows))[:, order]
        weights = generator.uniform(0.5, 2.0, rows)[order]
        dummies = np.column_stack([np.eye(FIRMS)[firm], np.eye(YEARS)[year]])
        roots = np.sqrt(weights)[:, None]
        both = np.column_stack([x, y])
        left = both - dummies @ np.linalg.lstsq(dummies * roots, both * roots, rcond=None)[0]
        x, y = left[:, :2], left[:, 2]
        bread = np.linalg.inv(x.T @ (x * weights[:, None]))
        coefficients = bread @ (x.T @ (weights * y))
        effects = EffectRows(
            firm.astype(np.int32), True, np.empty((rows, 0)), year[:, None].astype(np.int32), None, YEARS
        )
        self.fit = Linearised(
            ("a", "b"), coefficients, bread, x, y - x @ coefficients, weights, effects=effects
        )
        self.places = RowPlaces(
            [Codes("region_code", region.astype(np.int32), REGIONS)],
            firm.astype(np.int32),
            2000 + year,
            50 + 0.2 * north,
            10 + 0.3 * east,
        )

    def covariance(self, vcov: Any) -> Covariance:
        return from_rows(vcov, self.fit, SampleCounts(FIRMS * YEARS, 2), self.places)


def assert_same(one: Covariance, other: Covariance, units: Floats | None = None) -> None:
    units = np.ones(2) if units is None else units
    np.testing.assert_allclose(one.matrix, other.matrix * np.outer(units, units), rtol=1e-6, atol=1e-12)
    if one.p_values is not None:
        assert other.p_values is not None
        assert one.intervals is not None
        assert other.intervals is not None
        np.testing.assert_allclose(one.p_values, other.p_values)
        np.testing.assert_allclose(one.intervals, other.intervals * units[:, None], rtol=1e-6)


@pytest.mark.parametrize("vcov", VARIANCES, ids=str)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_order_of_rows_does_not_matter(vcov: Any, seed: int) -> None:
    order = np.random.default_rng(seed + 1).permutation(FIRMS * YEARS)
    assert_same(Panel(seed).covariance(vcov), Panel(seed, order).covariance(vcov))


@pytest.mark.parametrize("vcov", VARIANCES, ids=str)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_units_of_money_do_not_matter(vcov: Any, seed: int) -> None:
    units = np.array([1e6, 1e-3])
    assert_same(Panel(seed).covariance(vcov), Panel(seed, units=units).covariance(vcov), units)


@pytest.mark.parametrize("vcov", VARIANCES, ids=str)
def test_what_comes_in_is_not_changed(vcov: Any) -> None:
    panel = Panel(0)
    arrays = [panel.fit.bread, panel.fit.regressors, panel.fit.residuals, panel.fit.weights]
    arrays += [panel.places.times, panel.places.latitude, panel.places.groups[0].codes]
    for array in arrays:
        assert array is not None
        array.flags.writeable = False
    before = [array.copy() for array in arrays if array is not None]
    panel.covariance(vcov)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)
