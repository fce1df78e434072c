"""Firm means and changes over time, against the same written out in pandas."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import ArrayBlock, Codes, Floats, ModelArrays
from clusterpanel.models.ols import fit_ols
from clusterpanel.models.panel_models.between import fit_between
from clusterpanel.models.panel_models.changes import has_change
from clusterpanel.models.panel_models.first_difference import differences, fit_first_difference
from clusterpanel.spec.vcov import GroupedVcov

BY_FIRM = GroupedVcov(CRV1="firm_id")


@pytest.fixture
def frame() -> pd.DataFrame:
    """Simulate 60 firms of 1 to 7 years in three regions, one year in ten missing."""
    rng = np.random.default_rng(11)
    firms = np.repeat(np.arange(60), rng.integers(2, 8, 60))
    frame = pd.DataFrame({"firm_id": firms})
    frame["year"] = 2010 + frame.groupby("firm_id").cumcount()
    frame["x"] = rng.normal(size=len(frame)) + 20
    frame["z"] = rng.exponential(size=len(frame))
    frame["region_code"] = rng.integers(0, 3, len(frame))
    frame["y"] = frame["x"] - frame["z"] + rng.normal(size=60)[firms] + rng.normal(size=len(frame))
    return frame[rng.random(len(frame)) > 0.1].reset_index(drop=True)


def codes(values: Any, name: str) -> Codes:
    numbers, levels = pd.factorize(values, sort=True)
    return Codes(name, numbers.astype(np.int32), len(levels))


def arrays_of(
    frame: pd.DataFrame, names: list[str], effects: tuple[str, ...] = (), group: str = "firm_id"
) -> ModelArrays:
    values = [frame[name].to_numpy(np.float64) for name in ("y", *names)]
    return ModelArrays(
        columns=tuple(values) if effects else (*values, np.ones(len(frame))),
        names=tuple(names) if effects else (*names, "constant"),
        firms=codes(frame["firm_id"], "firm_id"),
        effects=tuple(codes(frame[name], name) for name in effects),
        absorbs_firm=False,
        groups=(codes(frame[group], group),),
        rows_per_block=50,
    )


def changes_of(frame: pd.DataFrame, *, spans_gaps: bool = False) -> pd.DataFrame:
    """Return each row less the firm's row before, with the later year."""
    step = frame.groupby("firm_id")[["y", "x", "z", "year"]].diff()
    keep = step["year"].notna() if spans_gaps else step["year"] == 1
    return step.assign(firm_id=frame["firm_id"], later=frame["year"], region=frame["region_code"])[keep]


def regress(x: Floats, y: Floats) -> Floats:
    solution: Floats = np.linalg.lstsq(x, y, rcond=None)[0]
    return solution


def test_between_is_least_squares_of_firm_means(frame: pd.DataFrame) -> None:
    means = frame.groupby("firm_id")[["y", "x", "z"]].mean()
    x = np.column_stack([means[["x", "z"]], np.ones(len(means))])
    wanted = regress(x, means["y"].to_numpy())
    left = means["y"].to_numpy() - x @ wanted
    bread = np.linalg.inv(x.T @ x)
    fit = fit_between(arrays_of(frame, ["x", "z"]))
    np.testing.assert_allclose(fit.coefficients, wanted, rtol=1e-8)
    np.testing.assert_allclose(fit.covariance, bread * (left @ left) / (len(x) - 3), rtol=1e-7)
    robust = fit_between(arrays_of(frame, ["x", "z"]), "HC1")
    meat = (x * left[:, None] ** 2).T @ x * len(x) / (len(x) - 3)
    np.testing.assert_allclose(robust.covariance, bread @ meat @ bread, rtol=1e-7)
    r2 = 1 - (left @ left) / np.square(means["y"] - means["y"].mean()).sum()
    np.testing.assert_allclose(fit.facts["r2_between"], r2, rtol=1e-9)


def test_between_takes_shares_of_years_of_effects(frame: pd.DataFrame) -> None:
    dummies = pd.get_dummies(frame["region_code"], dtype=float).groupby(frame["firm_id"]).mean()
    means = frame.groupby("firm_id")[["y", "x", "z"]].mean()
    wanted = regress(np.column_stack([means[["x", "z"]], dummies]), means["y"].to_numpy())
    fit = fit_between(arrays_of(frame, ["x", "z"], effects=("region_code",)))
    assert fit.names == ("x", "z")
    np.testing.assert_allclose(fit.coefficients, wanted[:2], rtol=1e-8)


def test_between_refuses_groups_that_firms_leave(frame: pd.DataFrame) -> None:
    with pytest.raises(SpecError, match="errors grouped by region_code, which changes within firms"):
        fit_between(arrays_of(frame, ["x", "z"], group="region_code"))


def test_between_refuses_fewer_firms_than_coefficients(frame: pd.DataFrame) -> None:
    with pytest.raises(NotIdentifiedError, match="2 firms are too few for 2 coefficients"):
        fit_between(arrays_of(frame[frame["firm_id"] < 2], ["x", "z"]))


@pytest.mark.parametrize("spans_gaps", [False, True])
def test_differences_respect_gaps_unless_asked(frame: pd.DataFrame, spans_gaps: bool) -> None:
    changes = changes_of(frame, spans_gaps=spans_gaps)
    wanted = regress(np.column_stack([changes[["x", "z"]], np.ones(len(changes))]), changes["y"].to_numpy())
    gaps = "spanned" if spans_gaps else "dropped"
    fit = fit_first_difference(arrays_of(frame, ["x", "z", "year"]), "year", gaps=gaps)  # type: ignore[arg-type]
    assert fit.names == ("x", "z", "constant")
    np.testing.assert_allclose(fit.coefficients, wanted, rtol=1e-9)
    assert fit.facts["first_rows"] == frame["firm_id"].nunique()
    rows = fit.facts["first_rows"] + fit.facts["gap_rows"] + len(changes)
    assert rows == len(frame)
    assert (fit.facts["gap_rows"] == 0) is spans_gaps


def test_year_effects_of_changes_are_year_effects_of_levels(frame: pd.DataFrame) -> None:
    """Differences of year dummies span dummies of the later year, if only adjacent years are differenced."""
    fit = fit_first_difference(arrays_of(frame, ["x", "z", "year"], effects=("year",)), "year")
    levels = pd.get_dummies(frame["year"], dtype=float)
    changes = changes_of(frame)
    dummies = levels.groupby(frame["firm_id"]).diff().loc[changes.index].to_numpy()
    wanted = regress(np.column_stack([changes[["x", "z"]], dummies]), changes["y"].to_numpy())
    np.testing.assert_allclose(fit.coefficients, wanted[:2], rtol=1e-8)


def test_differences_keep_later_levels_counted_without_gaps(frame: pd.DataFrame) -> None:
    arrays = arrays_of(frame, ["x", "z", "year"], effects=("year", "region_code"), group="year")
    sample = differences(arrays, "year").sample
    assert isinstance(sample, ModelArrays)
    changes = changes_of(frame)
    for effect, column in zip(sample.effects, ("later", "region"), strict=True):
        expected = codes(changes[column], column)
        np.testing.assert_array_equal(effect.codes, expected.codes)
        assert effect.levels == expected.levels
    np.testing.assert_array_equal(sample.groups[0].codes, codes(changes["later"], "year").codes)
    np.testing.assert_array_equal(sample.firms.codes, codes(changes["firm_id"], "firm_id").codes)
    keep = has_change(arrays.starts, arrays.columns[3])
    np.testing.assert_array_equal(np.flatnonzero(keep), changes.index)


@dataclass(frozen=True)
class Streamed:
    """Arrays that hide that they are in memory."""

    arrays: ModelArrays

    def __getattr__(self, name: str) -> Any:
        return getattr(self.arrays, name)

    def blocks(self) -> Iterator[ArrayBlock]:
        return self.arrays.blocks()


def test_a_stream_of_differences_gives_the_same(frame: pd.DataFrame) -> None:
    arrays = arrays_of(frame, ["x", "z", "year"], effects=("year",))
    in_memory = fit_first_difference(arrays, "year", BY_FIRM)
    streamed = fit_first_difference(Streamed(arrays), "year", BY_FIRM)  # type: ignore[arg-type]
    np.testing.assert_allclose(streamed.coefficients, in_memory.coefficients, rtol=1e-10)
    np.testing.assert_allclose(streamed.covariance, in_memory.covariance, rtol=1e-9)
    collinear = replace(arrays, columns=(*arrays.columns, 3 * arrays.columns[1]), names=(*arrays.names, "x3"))
    one, other = (
        fit_first_difference(source, "year", BY_FIRM)  # type: ignore[arg-type]
        for source in (collinear, Streamed(collinear))
    )
    assert [item.name for item in other.collinear] == ["x3"]
    np.testing.assert_allclose(other.covariance, one.covariance, rtol=1e-9)


def test_two_years_differences_are_within(frame: pd.DataFrame) -> None:
    two = frame[frame["year"] <= 2011]
    two = two[two.groupby("firm_id")["year"].transform("size") == 2]
    changes = fit_first_difference(arrays_of(two, ["x", "z", "year"], effects=("year",)), "year")
    within = fit_ols(replace(arrays_of(two, ["x", "z"], effects=("year",)), absorbs_firm=True))
    np.testing.assert_allclose(changes.coefficients, within.coefficients, rtol=1e-9)
    np.testing.assert_allclose(changes.covariance, within.covariance, rtol=1e-8)


def test_rows_out_of_order_and_single_years_are_refused(frame: pd.DataFrame) -> None:
    backwards = frame.sort_values(["firm_id", "year"], ascending=[True, False])
    with pytest.raises(SpecError, match="in the order of time"):
        fit_first_difference(arrays_of(backwards, ["x", "z", "year"]), "year")
    once = frame.drop_duplicates("firm_id")
    with pytest.raises(NotIdentifiedError, match="two adjacent years"):
        fit_first_difference(arrays_of(once, ["x", "z", "year"]), "year")
    with pytest.raises(SpecError, match="analytic weights"):
        arrays = arrays_of(frame, ["x", "z", "year"])
        weighted = replace(arrays, weights=np.ones(arrays.rows), weight_kind="analytic")
        fit_first_difference(weighted, "year")
