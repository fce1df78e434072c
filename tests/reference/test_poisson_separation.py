"""The rows that any right Poisson estimator must drop, of all data sets made to find those that do not.

Correia, Guimaraes and Zylkin, github.com/sergiocorreia/ppmlhdfe, test/separation_datasets (column `separated`
as there), and the examples of its guides. The guides say of example 1 that row 5 is separated, of fe1 that
four rows are, and of example 2 that R's glm fits nine zeros perfectly. Of fe3 the text says eight, but the
sum z it gives as proof lifts seven; ours are those seven.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.poisson_separation import Separation, find_separated

DATA_SETS = [f"{number:02d}" for number in range(1, 19)]
GUIDES = {"example1": 1, "example2": 9, "fe1": 4, "fe2": 5, "fe3": 7}
# Which of the effects is absorbed as the firm's is.
firms = pytest.mark.parametrize("firm", [None, 0, 1], ids=["no firm", "first effect", "second effect"])


def codes_of(name: str, column: pd.Series) -> Codes:
    codes, labels = pd.factorize(column)
    return Codes(name, codes.astype(np.int32), len(labels))


def read(path: Path, firm: int | None) -> tuple[pd.DataFrame, ModelArrays]:
    """Return a data set sorted by the effect that is absorbed as the firm's, and its arrays."""
    frame = pd.read_csv(path)
    regressors = [name for name in frame if name.startswith("x")]
    effects = [name for name in frame if name.startswith(("i", "j"))]
    if firm is not None and effects:
        frame = frame.sort_values(effects[firm], kind="stable").reset_index(drop=True)
    columns = [frame[name].to_numpy(dtype=np.float64) for name in ("y", *regressors)]
    if not effects:
        columns, regressors = [*columns, np.ones(len(frame))], [*regressors, "constant"]
    absorbs = firm is not None and bool(effects)
    rows = Codes("row", np.arange(len(frame), dtype=np.int32), len(frame))
    arrays = ModelArrays(
        tuple(columns),
        tuple(regressors),
        codes_of(effects[firm], frame[effects[firm]]) if absorbs else rows,
        tuple(codes_of(name, frame[name]) for place, name in enumerate(effects) if place != firm),
        absorbs,
        rows_per_block=7,
    )
    return frame, arrays


def check_certificate(frame: pd.DataFrame, arrays: ModelArrays, found: Separation) -> None:
    """The sum z separates the rows it says, and it is a sum of regressors and effects."""
    z, positive = found.certificate, frame["y"].to_numpy() > 0
    assert (z[positive] == 0).all()
    assert ((z > 0) == found.rows).all()
    kept = np.isfinite(z)
    effects = [*((arrays.firms,) if arrays.absorbs_firm else ()), *arrays.effects]
    dummies = [np.eye(effect.levels)[effect.codes] for effect in effects]
    regressors = [column[:, None] for column in arrays.columns[1:]]
    matrix = np.hstack([*regressors, *dummies])[kept]
    left = z[kept] - matrix @ np.linalg.lstsq(matrix, z[kept], rcond=None)[0]
    np.testing.assert_allclose(left, 0, atol=1e-6 * max(z[kept].max(), 1))


@firms
@pytest.mark.parametrize("name", DATA_SETS)
def test_exactly_the_separated_rows_are_found(shared_data: Path, name: str, firm: int | None) -> None:
    frame, arrays = read(shared_data / "cases" / f"sep_{name}.csv", firm)
    found = find_separated(arrays)
    np.testing.assert_array_equal(found.rows, frame["separated"].astype(bool))
    by_level = sum(rows for rows, _ in found.by_level.values())
    assert by_level + found.by_combination == found.rows.sum()
    check_certificate(frame, arrays, found)


@firms
@pytest.mark.parametrize("name", GUIDES)
def test_the_examples_of_the_guides(shared_data: Path, name: str, firm: int | None) -> None:
    frame, arrays = read(shared_data / "cases" / f"sepguide_{name}.csv", firm)
    found = find_separated(arrays)
    assert found.rows.sum() == GUIDES[name]
    check_certificate(frame, arrays, found)
