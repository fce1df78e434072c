"""What simulated firm-years show, and the truth beside it."""

import numpy as np
import pandas as pd
import pytest

from clusterpanel.simulate.dials import Dials
from clusterpanel.simulate.firm_years import projected_gap, simulate_firm_years
from clusterpanel.simulate.outcomes import _region_tilt
from clusterpanel.simulate.world import draw_world


def frame_of(**given: float) -> pd.DataFrame:
    return simulate_firm_years(Dials(**{"firm_years": 30_000, **given})).to_pandas()  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return frame_of()


def test_keys_are_unique_and_sorted(frame: pd.DataFrame) -> None:
    keys = frame[["firm_id", "year"]]
    assert not keys.duplicated().any()
    assert keys.equals(keys.sort_values(["firm_id", "year"], ignore_index=True))


def test_growth_is_the_growth_of_employment_and_missing_at_first_sight(frame: pd.DataFrame) -> None:
    before = frame.groupby("firm_id")["employment"].shift()
    rate = 2 * (frame["employment"] - before) / (frame["employment"] + before)
    np.testing.assert_allclose(frame["growth_dhs"], rate, atol=1e-12)


@pytest.mark.parametrize(
    ("dial", "predictor", "size"),
    [
        ("effect_wage", "log_wage_true", 0.2),
        ("effect_revenue", "log_revenue_true", 0.3),
        ("effect_growth", "growth_true", 0.05),
    ],
)
def test_an_effect_moves_its_predictor_by_itself_inside_clusters_alone(
    dial: str, predictor: str, size: float
) -> None:
    without, with_effect = frame_of(**{dial: 0.0}), frame_of(**{dial: size})
    np.testing.assert_allclose(
        with_effect[predictor] - without[predictor], size * with_effect["in_cluster"], atol=1e-12
    )


def test_what_is_left_out_is_the_predictor_less_effect_and_industry_year(frame: pd.DataFrame) -> None:
    rest = frame["log_wage_true"] - frame["log_wage_left_out"] - 0.03 * frame["in_cluster"]
    spread = rest.groupby([frame["industry_code"], frame["year"]]).agg(np.ptp)
    np.testing.assert_allclose(spread, 0, atol=1e-12)


def test_the_noise_is_as_persistent_as_stated(frame: pd.DataFrame) -> None:
    noise = frame["log_wage_crowns"] - frame["log_wage_true"]
    before = noise.groupby(frame["firm_id"]).shift()
    assert noise.std() == pytest.approx(0.08, rel=0.03)
    assert noise.corr(before) == pytest.approx(0.5, abs=0.03)


def test_the_gap_is_what_a_pooled_regression_with_dummies_adds(frame: pd.DataFrame) -> None:
    small = frame.iloc[:2_000]
    group = pd.factorize(small["industry_code"] + small["year"].astype(str))[0]
    design = np.column_stack([small["in_cluster"], pd.get_dummies(group)]).astype(float)
    slope = np.linalg.lstsq(design, small["log_wage_true"], rcond=None)[0][0]
    gap = projected_gap(small["log_wage_left_out"].to_numpy(), small["in_cluster"].to_numpy(float), group)
    assert slope == pytest.approx(0.03 + gap, abs=1e-10)


def test_region_effects_say_nothing_about_where_clusters_are() -> None:
    world = draw_world(Dials(firm_years=60_000))
    lives, country, dials = world.lives, world.country, world.dials
    age = np.maximum(np.arange(dials.years) - lives.birth[:, None], 0)
    of_firm = world.outcomes.log_wage.left_out - 0.06 * lives.ability[:, None] - 0.002 * age
    region = country.region[lives.postcode]
    effect = np.array([of_firm[region == number].mean() for number in range(dials.regions)])
    tilt = np.mean([_region_tilt(country, industry, dials.regions) for industry in range(12)], axis=0)
    assert effect.std() > 0.01
    assert effect @ tilt == pytest.approx(0, abs=1e-12)


def test_location_error_is_a_fault_of_files_and_not_of_the_truth(frame: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(frame, frame_of(location_error=0.5))


def test_another_seed_is_another_register(frame: pd.DataFrame) -> None:
    assert not frame["ability"].equals(frame_of(seed=2)["ability"])
