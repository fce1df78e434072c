"""The within fit of a panel, from its firm moments."""

import numpy as np

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Floats, Integers
from clusterpanel.models.panel_models.firm_moments import FirmMoments
from clusterpanel.models.panel_models.rank import independent, scaled_inverse


def within_fit(moments: FirmMoments) -> tuple[Integers, Floats, float]:
    """Return the columns that vary within firms, their within slopes, and the residuals' sum of squares.

    Raises
    ------
    NotIdentifiedError
        Firms and slopes take up all rows.
    """
    totals = np.diag(moments.pooled)[1:]
    varying = independent(moments.within[1:, 1:], totals) + 1
    left = moments.rows - moments.firms - len(varying)
    if left <= 0:
        raise NotIdentifiedError(
            f"{moments.rows} rows are too few for {moments.firms} firm effects and {len(varying)} slopes",
            hint="Take more years for each firm, or fewer regressors.",
        )
    if len(varying) == 0:
        return varying, np.empty(0), float(moments.within[0, 0])
    inverse = scaled_inverse(moments.within[np.ix_(varying, varying)])
    slopes = inverse @ moments.within[varying, 0]
    return varying, slopes, float(moments.within[0, 0] - slopes @ moments.within[varying, 0])
