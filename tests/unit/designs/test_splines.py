"""Splines as regressors: the curve does not depend on how its basis is written."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.interpolate import BSpline

import clusterpanel as cp
from clusterpanel.designs.terms import plan_terms
from clusterpanel.errors import SpecError
from clusterpanel.spec.terms import canonical_term, read_terms
from clusterpanel.spec.words import GrammarError

AGES = list(range(21))


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    made = pd.DataFrame({"firm_id": np.repeat(np.arange(300), 4), "year": np.tile(np.arange(4), 300)})
    made["age"] = rng.integers(0, 21, 1200)
    made["in_cluster"] = rng.normal(size=1200)
    made["log_wage"] = np.sin(made["age"] / 4) + 0.3 * made["in_cluster"] + rng.normal(size=1200)
    made["is_exit"] = rng.random(1200) < 0.1 + 0.2 * (made["age"] < 5)
    return made


def curve(frame: pd.DataFrame, knots: tuple[float, ...], degree: int) -> np.ndarray:
    """Return the basis of R's bs(): all B-splines over the knots but the first."""
    ends = [float(frame["age"].min())] * (degree + 1), [float(frame["age"].max())] * (degree + 1)
    whole = BSpline.design_matrix(frame["age"].to_numpy(float), [*ends[0], *knots, *ends[1]], degree)
    return whole.toarray()[:, 1:]


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_a_spline_is_the_regression_on_its_basis(frame: pd.DataFrame, degree: int) -> None:
    spec = cp.design(f"log_wage ~ in_cluster + bs(age, knots=c(2, 5, 10), degree={degree})", vcov="iid")
    found = cp.estimate(spec, cp.Panel.from_frame(frame)).estimate.set_index("term")["estimate"]
    basis = curve(frame, (2.0, 5.0, 10.0), degree)
    columns = np.column_stack([frame["in_cluster"], basis, np.ones(len(frame))])
    expected = np.linalg.lstsq(columns, frame["log_wage"].to_numpy(), rcond=None)[0]
    assert found.to_numpy() == pytest.approx(expected, rel=1e-8)
    assert found.index[1] == "bs(age)::1"


def test_a_hazard_takes_a_spline_of_age(frame: pd.DataFrame) -> None:
    spec = cp.design("is_exit ~ in_cluster + bs(age, knots=5)", estimator="cloglog", vcov={"CRV1": "firm_id"})
    terms = cp.estimate(spec, cp.Panel.from_frame(frame)).estimate["term"].tolist()
    assert terms == ["in_cluster", *(f"bs(age)::{place}" for place in range(1, 5)), "constant"]


def test_blocks_of_rows_have_the_same_columns() -> None:
    plan = plan_terms(["bs(age, knots=c(5, 10))"], lambda _: AGES)
    whole = plan.columns(pa.table({"age": AGES}))
    parts = [plan.columns(pa.table({"age": AGES[first : first + 7]})) for first in (0, 7, 14)]
    for place, column in enumerate(whole):
        assert np.concatenate([part[place] for part in parts]) == pytest.approx(column)


def test_knots_outside_the_sample_are_refused(frame: pd.DataFrame) -> None:
    spec = cp.design("log_wage ~ in_cluster + bs(age, knots=30)", vcov="iid")
    with pytest.raises(SpecError, match="knots inside the sample's values, 0 to 20"):
        cp.estimate(spec, cp.Panel.from_frame(frame))


@pytest.mark.parametrize(
    ("text", "came"),
    [
        ("bs(age)", "no knots"),
        ("bs(age, knots=c(5, 2))", "do not ascend"),
        ("bs(age, knots=5, degree=9)", "degree=9"),
    ],
)
def test_a_spline_that_cannot_be_read_says_what_is_wanted(text: str, came: str) -> None:
    with pytest.raises(GrammarError, match=came):
        read_terms(text)


def test_a_spline_is_kept_as_the_package_writes_it() -> None:
    assert canonical_term("bs(age,knots=c(2,5),degree=2)") == "bs(age, knots=c(2, 5), degree=2)"
    assert canonical_term("bs(age, knots=5)") == "bs(age, knots=c(5))"
