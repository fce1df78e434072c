"""Rotemberg weights: which sectors a shift-share estimate rests on.

The estimate is a weighted mean of one estimate for each sector, with the shares in it as the only
instrument. The weight is the sector's part of the first stage (Goldsmith-Pinkham, Sorkin and Swift 2020,
American Economic Review 110, after Rotemberg 1983). Weights sum to one and may be negative; those of large
weight are the sectors whose shares must be as good as random if shares, and not shocks, are what
identifies.
"""

import numpy as np
import pandas as pd

from clusterpanel.models.arrays import Floats
from clusterpanel.models.shift_share.errors_by_shock import LeftRows
from clusterpanel.models.shift_share.shares import Shares


def rotemberg_weights(left: LeftRows, shares: Shares, shocks: Floats) -> pd.DataFrame:
    """Return one row per sector, the largest weights first: sector, weight, estimate, shock.

    Parameters
    ----------
    left : LeftRows
    shares : Shares
    shocks : float array, shape (sectors,)
        Those the variable was made of; with the shares they must sum to it.

    Returns
    -------
    DataFrame
        `estimate` is missing for a sector whose shares are unrelated to the exposure.
    """
    exposed = shares.collect(left.weights * left.exposure)
    explained = shares.collect(left.weights * left.outcome)
    parts = shocks * exposed
    table = pd.DataFrame(
        {
            "sector": list(shares.sectors),
            "weight": parts / parts.sum(),
            "estimate": np.divide(explained, exposed, out=np.full(len(parts), np.nan), where=exposed != 0),
            "shock": shocks,
        }
    )
    order = np.lexsort((table["sector"].to_numpy(dtype=str), -table["weight"].abs().to_numpy()))
    return table.iloc[order].reset_index(drop=True)
