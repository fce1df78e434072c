"""Firms that count several times, as a bootstrap draws them, turned into so many firms of their own."""

from dataclasses import replace

import numpy as np

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Codes, ModelArrays


def repeated_firms(arrays: ModelArrays) -> ModelArrays:
    """Return a sample in which a firm with frequency weight f is f firms.

    Models of firm means and changes take no weights, but are defined for firms that count several times.

    Parameters
    ----------
    arrays : ModelArrays
        With frequency weights that are whole numbers, the same in all rows of a firm.

    Raises
    ------
    SpecError
        The weights are others.
    """
    weights = arrays.weights
    if weights is None or arrays.weight_kind != "frequency":
        raise SpecError("firms are repeated by frequency weights", hint="Draw firms, not other groups.")
    years = np.diff(arrays.starts)
    times = weights[arrays.starts[:-1]].astype(np.int64)
    if (np.repeat(times, years) != weights).any():
        raise SpecError(
            "a firm's rows came with different weights, so that it cannot be repeated as a whole",
            hint=f'Draw by firm: vcov = {{ block_bootstrap = "{arrays.firms.name}" }}.',
        )
    firms = np.repeat(np.arange(len(years)), times)
    years_of = years[firms]
    ends = np.cumsum(years_of)
    within = np.arange(int(ends[-1])) - np.repeat(ends - years_of, years_of)
    rows = np.repeat(arrays.starts[:-1][firms], years_of) + within
    codes = np.repeat(np.arange(len(firms), dtype=np.int32), years_of)
    return replace(
        arrays,
        columns=tuple(column[rows] for column in arrays.columns),
        firms=Codes(arrays.firms.name, codes, len(firms)),
        effects=tuple(_of_rows(effect, rows) for effect in arrays.effects),
        groups=tuple(_of_rows(group, rows) for group in arrays.groups),
        weights=None,
        weight_kind=None,
    )


def _of_rows(codes: Codes, rows: np.ndarray) -> Codes:
    loads = None if codes.loads is None else codes.loads[rows]
    return replace(codes, codes=codes.codes[rows], loads=loads)
