"""Coverage of 95 % intervals in simulated panels: each variance in the design it is meant for.

The share of intervals that hold the truth lies in 93 to 97 %; 2,000 draws leave it a standard error of half a
point, 1,000 one of 0.7. What should fail, fails: variances that ignore what relates the errors cover
too little.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.stats import norm, t

from clusterpanel.models.arrays import Codes
from clusterpanel.models.linearised import Linearised
from clusterpanel.models.vcov.block_bootstrap import block_bootstrap
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
    Vcov,
    WildBootstrapVcov,
)

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator], tuple[Floats, Floats]]
TRUTH = 1.0
DRAWS = 2000


def regression(x: Floats, y: Floats) -> Linearised:
    columns = np.column_stack([x, np.ones(len(x))])
    bread = np.linalg.inv(columns.T @ columns)
    coefficients = bread @ (columns.T @ y)
    return Linearised(("x", "constant"), coefficients, bread, columns, y - columns @ coefficients)


def covers(estimate: float, covariance: Covariance) -> bool:
    if covariance.intervals is not None:
        low, high = covariance.intervals[0]
        return bool(low <= TRUTH <= high)
    degrees = covariance.degrees_of_freedom
    width = norm.ppf(0.975) if np.isinf(degrees) else t.ppf(0.975, degrees)
    return bool(abs(estimate - TRUTH) <= width * np.sqrt(covariance.matrix[0, 0]))


def coverage(draw: Draw, vcovs: dict[str, tuple[Vcov, RowPlaces]], draws: int = DRAWS) -> dict[str, float]:
    generator = np.random.default_rng(20_260)
    hits = dict.fromkeys(vcovs, 0)
    for _ in range(draws):
        x, errors = draw(generator)
        fit = regression(x, TRUTH * x + errors)
        counts = SampleCounts(len(x), 2)
        for name, (vcov, places) in vcovs.items():
            hits[name] += covers(fit.coefficients[0], from_rows(vcov, fit, counts, places))
    return {name: hit / draws for name, hit in hits.items()}


def codes(name: str, values: NDArray[Any]) -> Codes:
    return Codes(name, values.astype(np.int32), int(values.max()) + 1)


def assert_nominal(share: float) -> None:
    assert 0.93 <= share <= 0.97, f"coverage {share:.4f}"


def test_grouped_shocks() -> None:
    """60 regions, each with a shock and an exposure of its own."""
    region = np.repeat(np.arange(60), 8)

    def draw(generator: np.random.Generator) -> tuple[Floats, Floats]:
        x = generator.normal(size=60)[region] + generator.normal(size=480)
        return x, generator.normal(size=60)[region] + generator.normal(size=480)

    places = RowPlaces([codes("region_code", region)])
    found = coverage(
        draw,
        {"CRV1": (GroupedVcov(CRV1="region_code"), places), "HC1": ("HC1", places), "iid": ("iid", places)},
    )
    assert_nominal(found["CRV1"])
    assert found["HC1"] < 0.8
    assert found["iid"] < 0.8


def test_two_way_shocks() -> None:
    """50 firms and 50 years, each with a shock and an exposure of its own."""
    firm, year = np.repeat(np.arange(50), 50), np.tile(np.arange(50), 50)

    def draw(generator: np.random.Generator) -> tuple[Floats, Floats]:
        shocks = [generator.normal(size=50)[code] for code in (firm, year, firm, year)]
        return shocks[0] + shocks[1] + generator.normal(size=2500), shocks[2] + shocks[3] + generator.normal(
            size=2500
        )

    one, both = codes("firm_id", firm), [codes("firm_id", firm), codes("year", year)]
    ways = ("firm_id", "year")
    found = coverage(
        draw,
        {
            "min": (GroupedVcov(CRV1=ways), RowPlaces(both)),
            "each": (GroupedVcov(CRV1=ways, small_sample="each"), RowPlaces(both)),
            "one way": (GroupedVcov(CRV1="firm_id"), RowPlaces([one])),
        },
        draws=1000,
    )
    assert_nominal(found["min"])
    assert_nominal(found["each"])
    assert found["one way"] < 0.9


def test_firms_own_persistent_shocks() -> None:
    """Errors of a firm follow a moving average of two years."""
    firms, years = 50, 25
    places = RowPlaces(
        firms=np.repeat(np.arange(firms, dtype=np.int32), years), times=np.tile(np.arange(years), firms)
    )

    def moving(generator: np.random.Generator) -> Floats:
        shocks = generator.normal(size=(firms, years + 1))
        return (shocks[:, 1:] + 0.9 * shocks[:, :-1]).ravel()

    def draw(generator: np.random.Generator) -> tuple[Floats, Floats]:
        return moving(generator), moving(generator)

    found = coverage(draw, {"NW": (NeweyWestVcov(newey_west_lags=4), places), "HC1": ("HC1", places)})
    assert_nominal(found["NW"])
    assert found["HC1"] < 0.91


def test_spatial_shocks() -> None:
    """600 places in a square of 1,800 km; shocks of 40-km cells reach all within 40 km of their middle."""
    generator = np.random.default_rng(1)
    north, east = generator.uniform(0, 1800, (2, 600))
    cells = np.arange(-1, 47) * 40.0
    cell_north, cell_east = np.repeat(cells, len(cells)), np.tile(cells, len(cells))
    apart = np.hypot(north[:, None] - cell_north, east[:, None] - cell_east)
    spread = csr_array((apart < 40.0).astype(float))

    def draw(generator: np.random.Generator) -> tuple[Floats, Floats]:
        fields = spread @ generator.normal(size=(len(cell_north), 2))
        return fields[:, 0], fields[:, 1]

    places = RowPlaces(latitude=north / 111.2, longitude=east / 111.2)
    found = coverage(
        draw,
        {
            "uniform": (ConleyVcov(conley_km=80), places),
            "bartlett": (ConleyVcov(conley_km=200, kernel="bartlett"), places),
            "HC1": ("HC1", places),
        },
        draws=1000,
    )
    assert_nominal(found["uniform"])
    assert_nominal(found["bartlett"])
    assert found["HC1"] < 0.92


def test_common_time_shocks() -> None:
    """5 firms over 400 periods, shocks and exposures common to all firms of one and fading over two."""
    firms, years = 5, 400
    time = np.tile(np.arange(years), firms)

    def common(generator: np.random.Generator) -> Floats:
        shocks = generator.normal(size=years + 1)
        return (shocks[1:] + 0.5 * shocks[:-1])[time] + generator.normal(size=len(time))

    def draw(generator: np.random.Generator) -> tuple[Floats, Floats]:
        return common(generator), common(generator)

    firm = codes("firm_id", np.repeat(np.arange(firms), years))
    found = coverage(
        draw,
        {
            "DK": (DriscollKraayVcov(driscoll_kraay_lags=7), RowPlaces(times=time)),
            "CRV1": (GroupedVcov(CRV1="firm_id"), RowPlaces([firm])),
        },
        draws=1000,
    )
    assert_nominal(found["DK"])
    assert found["CRV1"] < 0.8


def test_few_unequal_groups() -> None:
    """Ten regions from 5 to 50 rows: CRV1 covers too little, CRV3 and the wild bootstrap do not."""
    sizes = np.array([5, 6, 8, 10, 12, 15, 20, 25, 35, 50])
    region = np.repeat(np.arange(10), sizes)

    def draw(generator: np.random.Generator) -> tuple[Floats, Floats]:
        x = generator.normal(size=10)[region] + 0.5 * generator.normal(size=len(region))
        return x, generator.normal(size=10)[region] + 0.5 * generator.normal(size=len(region))

    places = RowPlaces([codes("region_code", region)])
    found = coverage(
        draw,
        {
            "CRV1": (GroupedVcov(CRV1="region_code"), places),
            "CRV2": (BiasReducedVcov(CRV2="region_code"), places),
            "CRV3": (JackknifeVcov(CRV3="region_code"), places),
            "wild": (WildBootstrapVcov(wild_bootstrap="region_code", draws=1024), places),
        },
        draws=1000,
    )
    assert found["CRV1"] < 0.91
    assert found["CRV1"] < found["CRV2"] < found["CRV3"]
    assert_nominal(found["CRV3"])
    assert_nominal(found["wild"])


def test_unequal_variances() -> None:
    """100 rows whose errors grow with the exposure: HC2 and HC3 mend what HC1 leaves."""

    def draw(generator: np.random.Generator) -> tuple[Floats, Floats]:
        x = np.exp(0.4 * generator.normal(size=100))
        return x, (0.2 + x) * generator.normal(size=100)

    found = coverage(draw, {kind: (kind, RowPlaces()) for kind in ("iid", "HC1", "HC2", "HC3")})
    assert found["iid"] < 0.85
    assert found["iid"] < found["HC1"] < found["HC2"] < found["HC3"]
    assert_nominal(found["HC3"])


def test_the_block_bootstrap_by_firm() -> None:
    """150 firms of four years with shocks of their own, drawn anew 199 times in each of 600 panels."""
    firms, years, panels = 150, 4, 600
    generator = np.random.default_rng(3)
    hits = 0
    for _ in range(panels):
        x, errors = generator.normal(size=(2, firms, 1)) + generator.normal(size=(2, firms, years))
        columns = np.stack([x, np.ones_like(x)], axis=2)
        grams = np.einsum("fty,ftz->fyz", columns, columns)
        crosses = np.einsum("fty,ft->fy", columns, TRUTH * x + errors)

        def refit(counts: Floats, grams: Floats = grams, crosses: Floats = crosses) -> Floats:
            return np.linalg.solve(np.tensordot(counts, grams, 1), counts @ crosses)

        found = block_bootstrap(refit, firms, draws=199, seed=1)
        hits += covers(float(refit(np.ones(firms))[0]), found)
    assert_nominal(hits / panels)
