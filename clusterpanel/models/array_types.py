"""What arrays are called by what they hold."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Levels = NDArray[np.int32]
Flags = NDArray[np.bool_]

WeightKind = Literal["analytic", "frequency", "probability"]
FIRM: Literal["firm"] = "firm"
