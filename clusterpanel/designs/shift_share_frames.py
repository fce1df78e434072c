"""Join frames of shares and shocks to the rows of a panel."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from clusterpanel.errors import DataError, Fault, SpecError
from clusterpanel.models.arrays import Floats, Integers
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.faults import listed

# The place of a row in the panel, carried through the sample.
ROW = "row of the shares"
SECTOR, SHARE, SHOCK, GROUP = "sector", "share", "shock", "group"
SHOWN = 10


class Sectors(NamedTuple):
    """The sectors in which some row has a share."""

    sectors: tuple[str, ...]
    shocks: Floats
    groups: Integers | None


@dataclass(frozen=True)
class LongShares:
    """The shares of each row of a panel, and the sectors' shocks.

    Attributes
    ----------
    matrix : sparse array, shape (rows of the panel, sectors)
    is_told : bool array, shape (rows,)
        Whether a row has any share.
    sectors : Sectors
    """

    matrix: sparse.csr_array
    is_told: np.ndarray
    sectors: Sectors

    @property
    def variable(self) -> Floats:
        """Shares times shocks; missing for rows without shares."""
        made: Floats = np.where(self.is_told, self.matrix @ self.sectors.shocks, np.nan)
        return made

    def of_rows(self, rows: Integers) -> tuple[sparse.csr_array, Sectors]:
        """Return the shares of some rows, and the sectors in which these have any."""
        matrix = sparse.csr_array(self.matrix[rows])
        used = np.flatnonzero(np.asarray(matrix.sum(axis=0)) > 0)
        groups = self.sectors.groups
        kept = Sectors(
            tuple(self.sectors.sectors[place] for place in used),
            self.sectors.shocks[used],
            None if groups is None else np.unique(groups[used], return_inverse=True)[1].astype(np.int64),
        )
        return sparse.csr_array(matrix[:, used]), kept


def join_shares(panel: Panel, shares: pd.DataFrame, shocks: pd.DataFrame) -> LongShares:
    """Return each panel row's shares.

    Raises
    ------
    SpecError
        Columns are absent, or a shares' column is none of the panel's.
    DataError
        A sector has no shock, or a share or shock is told twice or missing.
    """
    keys = _keys(panel, shares, shocks)
    by_time = [panel.time] if panel.time in shocks.columns else []
    _refuse_faults("the shares", shares, [*keys, SECTOR], SHARE)
    _refuse_faults("the shocks", shocks, [*by_time, SECTOR], SHOCK)
    read = panel.read(list(dict.fromkeys((*keys, *by_time)))).to_pandas()
    rows = read.assign(**{ROW: np.arange(len(read))})
    long = rows.merge(shares, on=keys, how="inner", validate="m:m")
    sectors = shocks.sort_values([*by_time, SECTOR], ignore_index=True)
    sectors = sectors.assign(place=np.arange(len(sectors)))
    long = long.merge(sectors[[*by_time, SECTOR, "place"]], on=[*by_time, SECTOR], how="left")
    _refuse_without_shock(long, by_time)
    # A share of 0 in a sector without shock says nothing.
    long = long.dropna(subset="place")
    matrix = sparse.csr_array(
        (
            long[SHARE].to_numpy(dtype=np.float64),
            (long[ROW].to_numpy(), long["place"].to_numpy(dtype=np.int64)),
        ),
        shape=(len(rows), len(sectors)),
    )
    is_told = np.zeros(len(rows), dtype=np.bool_)
    is_told[long[ROW].to_numpy()] = True
    return LongShares(matrix, is_told, _sectors(sectors, by_time))


def _keys(panel: Panel, shares: pd.DataFrame, shocks: pd.DataFrame) -> list[str]:
    keys = [str(name) for name in shares.columns if name not in {SECTOR, SHARE}]
    faults = [*_absent("shares", shares, (SECTOR, SHARE)), *_absent("shocks", shocks, (SECTOR, SHOCK))]
    faults += [
        Fault("shares", "columns", name, f"{SECTOR}, {SHARE} and columns of the panel")
        for name in keys
        if name not in panel.columns
    ]
    if not keys:
        faults.append(Fault("shares", "columns", "no column that says whose", "such as region_code"))
    faults += [
        Fault("shocks", "columns", str(name), f"{SECTOR}, {SHOCK}, {GROUP} and {panel.time}")
        for name in shocks.columns
        if name not in {SECTOR, SHOCK, GROUP, panel.time}
    ]
    if faults:
        raise SpecError("shares and shocks cannot be joined to the panel", faults=faults)
    return keys


def _absent(file: str, frame: pd.DataFrame, columns: tuple[str, ...]) -> Iterator[Fault]:
    for name in columns:
        if name not in frame.columns:
            yield Fault(file, "columns", listed(map(str, frame.columns)), f"a column {name}")


def _refuse_faults(words: str, frame: pd.DataFrame, keys: list[str], value: str) -> None:
    missing = int(frame[[*keys, value]].isna().any(axis=1).sum())
    twice = int(frame.duplicated(keys).sum())
    if missing or twice:
        raise DataError(
            f"{words} have {missing} rows with something missing and {twice} that are told twice",
            hint=f"Give one row for each {' and '.join(keys)}, with a {value}.",
        )


def _refuse_without_shock(long: pd.DataFrame, by_time: list[str]) -> None:
    without = long.loc[long["place"].isna() & (long[SHARE] != 0), [*by_time, SECTOR]].drop_duplicates()
    if len(without):
        named = ", ".join(" ".join(map(str, row)) for row in without.head(SHOWN).itertuples(index=False))
        raise DataError(
            f"{len(without)} sectors with shares have no shock: {named}",
            hint="Give a shock of 0 to sectors that had none.",
        )


def _sectors(sectors: pd.DataFrame, by_time: list[str]) -> Sectors:
    texts = sectors[[SECTOR, *by_time]].astype(str)
    groups = pd.factorize(sectors[GROUP], sort=True)[0].astype(np.int64) if GROUP in sectors else None
    return Sectors(
        tuple("^".join(row) for row in texts.itertuples(index=False)),
        sectors[SHOCK].to_numpy(dtype=np.float64),
        groups,
    )
