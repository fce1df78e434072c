"""Terms, formulas and Wald tests beside pyfixest 0.60, which follows R fixest's words (documented there)."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from clusterpanel.designs.design import design, designs
from clusterpanel.designs.estimate import estimate
from clusterpanel.designs.restrictions import wald
from clusterpanel.designs.terms import plan_terms
from clusterpanel.models.fit import coefficient_table
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel

RIGHT_HAND_SIDES = {
    "x + age": ("x + age", {}),
    "x:age": ("x + x:age", {}),
    "x*age": ("x*age", {}),
    "powers": ("x + I(x**2) + I(age**3)", {"I(x ** 2)": "I(x^2)", "I(age ** 3)": "I(age^3)"}),
    "event time": ("i(since, treated, ref=-1) + x", {}),
    "levels": ("x + i(year, ref=2003)", {}),
    "levels of a text": ("x + i(region, ref='B')", {}),
    "slopes of levels": ("i(region, x)", {}),
}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Simulate 40 firms of six years in four regions."""
    rng = np.random.default_rng(6)
    firm, year = np.repeat(np.arange(40), 6), np.tile(np.arange(2001, 2007), 40)
    x = rng.normal(size=240)
    return pd.DataFrame(
        {
            "firm_id": firm.astype(str),
            "year": year,
            "since": year - 2004,
            "treated": (firm % 3 == 0).astype(float),
            "region": np.array(list("ABCD"))[firm % 4],
            "age": rng.integers(1, 30, 240).astype(float),
            "x": x,
            "y": 0.3 * x + rng.normal(size=240) + rng.normal(size=40)[firm],
        }
    )


def fitted(formula: str, frame: pd.DataFrame, vcov: Any) -> Any:
    with warnings.catch_warnings():
        # The peer and what it imports warn of their own deprecations.
        warnings.simplefilter("ignore")
        import pyfixest

        return pyfixest.feols(formula, frame, vcov=vcov)


@pytest.mark.parametrize("case", RIGHT_HAND_SIDES)
def test_terms_have_pyfixests_names_and_values(case: str, frame: pd.DataFrame) -> None:
    text, renamed = RIGHT_HAND_SIDES[case]
    theirs = fitted(f"y ~ {text}", frame, "iid")
    (wanted,) = designs(f"y ~ {text}")
    table = pa.Table.from_pandas(frame)
    plan = plan_terms(wanted.regressors, lambda column: sorted(set(frame[column])))
    columns = np.column_stack([*plan.columns(table), np.ones(len(frame))])
    ours = np.linalg.lstsq(columns, frame["y"].to_numpy(), rcond=None)[0]
    named = dict(zip((*plan.names, "Intercept"), ours, strict=True))

    expected = {renamed.get(name, name): value for name, value in theirs.coef().items()}
    assert set(named) == set(expected)
    assert [named[name] for name in expected] == pytest.approx(list(expected.values()), rel=1e-8)


def test_wald_tests_are_pyfixests(frame: pd.DataFrame) -> None:
    fit = fitted("y ~ x + age + treated", frame, {"CRV1": "firm_id"})
    names = list(fit.coef().index)
    errors = np.sqrt(np.diag(fit._vcov))
    result = Result(
        "theirs",
        coefficient_table(tuple(names), fit.coef().to_numpy(), errors, 39),
        None,
        {"degrees_of_freedom": 39},
        covariance=pd.DataFrame(fit._vcov, names, names),
    )
    matrix, values = np.array([[0.0, 1, -2, 0], [0, 0, 1, 1]]), np.array([0.1, 0.0])
    with warnings.catch_warnings():
        # The peer takes F only where every coefficient is tested to be 0, and says so.
        warnings.simplefilter("ignore")
        some = fit.wald_test(R=matrix, q=values)
        every = fit.wald_test()

    ours = wald(result, ["x = 2*age + 0.1", "age + treated = 0"], distribution="chi2")
    assert (ours.statistic, ours.p_value) == pytest.approx((some["statistic"], some["pvalue"]), rel=1e-8)
    assert wald(result, matrix, values).statistic == pytest.approx(ours.statistic / 2, rel=1e-10)
    by_f = wald(result, names)
    assert (by_f.statistic, by_f.p_value) == pytest.approx((every["statistic"], every["pvalue"]), rel=1e-6)


def test_event_study_of_a_formula_is_pyfixests(frame: pd.DataFrame) -> None:
    formula = "y ~ i(since, treated, ref=-1) + I(x**2) | firm_id + year"
    theirs = fitted(formula, frame, {"CRV1": "firm_id"})
    ours = estimate(design(formula), Panel.from_frame(frame))

    assert isinstance(ours, Result)
    renamed = [name.replace(" ** ", "^") for name in theirs.coef().index]
    table = ours.tidy().set_index("term").loc[renamed]
    assert len(table) == len(ours.tidy())
    assert table["estimate"].to_numpy() == pytest.approx(theirs.coef().to_numpy(), rel=1e-6)
    assert table["std_error"].to_numpy() == pytest.approx(theirs.se().to_numpy(), rel=1e-6)
