"""The regression at the level of shocks that is the same as a shift-share one.

Outcome and exposure, controls taken out, are averaged over the rows with the shares in a sector as weights;
two-stage least squares of these averages, with the shocks as the instrument and the sectors' importance as
weights, has the same coefficient (Borusyak, Hull and Jaravel 2022, Review of Economic Studies 89). Its
errors, robust or grouped by related shocks, are valid for shocks that are as good as random, and
sector-level controls may be added.
"""

import numpy as np
import pandas as pd

from clusterpanel.errors import SpecError
from clusterpanel.models.absorb import CONSTANT
from clusterpanel.models.arrays import Codes, Floats, ModelArrays
from clusterpanel.models.instruments.fit import fit_two_stage
from clusterpanel.models.instruments.two_stage import InstrumentsFit
from clusterpanel.models.shift_share.sample import SUM_OF_SHARES, ShiftShareSample
from clusterpanel.models.shift_share.shares import Shares
from clusterpanel.spec.vcov import GroupedVcov, Vcov

SHOCK = "shock_to_sector"


def shock_level_table(sample: ShiftShareSample, shocks: Floats) -> pd.DataFrame:
    """Return one row per sector: sector, importance, shock, outcome, exposure.

    Parameters
    ----------
    sample : ShiftShareSample
    shocks : float array, shape (sectors,)
    """
    left, shares = sample.left, sample.shares
    importance = shares.collect(left.weights)
    return pd.DataFrame(
        {
            "sector": list(shares.sectors),
            "importance": importance,
            "shock": shocks,
            "outcome": shares.collect(left.weights * left.outcome) / importance,
            "exposure": shares.collect(left.weights * left.exposure) / importance,
        }
    )


def fit_shock_level(
    sample: ShiftShareSample,
    shocks: Floats,
    vcov: Vcov = "HC1",
    controls: dict[str, Floats] | None = None,
) -> InstrumentsFit:
    """Fit the regression at the level of shocks.

    Parameters
    ----------
    sample : ShiftShareSample
    shocks : float array, shape (sectors,)
    vcov : Vcov
        HC1, iid, or grouped by "sector_group", the related shocks of the shares.
    controls : mapping of str to float array of shape (sectors,), or None
        Sector-level variables, such as a dummy of each period.

    Raises
    ------
    SpecError
        Errors are to be grouped, and the shares have no groups of sectors.

    Notes
    -----
    A constant is among the regressors where shares sum to one or their sum is a control; elsewhere it would
    change the estimate.
    """
    table, shares = shock_level_table(sample, shocks), sample.shares
    if isinstance(vcov, GroupedVcov) and shares.groups is None:
        raise SpecError("errors grouped by sector need groups of sectors", hint="Give the shares groups.")
    has_constant = shares.are_complete or SUM_OF_SHARES in sample.prepared.parts.exogenous
    extra = {**(controls or {}), **({CONSTANT: np.ones(len(table))} if has_constant else {})}
    sectors = len(table)
    columns = [table[name].to_numpy(dtype=np.float64) for name in ("outcome", "exposure", "shock")]
    arrays = ModelArrays(
        columns=(*columns, *extra.values()),
        names=(sample.exposure, SHOCK, *extra),
        firms=Codes("sector", np.arange(sectors, dtype=np.int32), sectors),
        effects=(),
        absorbs_firm=False,
        groups=_groups(shares),
        weights=table["importance"].to_numpy(dtype=np.float64),
        weight_kind="analytic",
    )
    return fit_two_stage(arrays, (sample.exposure,), (SHOCK,), vcov)


def _groups(shares: Shares) -> tuple[Codes, ...]:
    if shares.groups is None:
        return ()
    return (Codes("sector_group", shares.groups.astype(np.int32), int(shares.groups.max()) + 1),)
