"""Facts about a sample that say what an estimate rests on."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import ModelArrays
from clusterpanel.spec.design import DesignSpec


def sample_facts(arrays: ModelArrays) -> Mapping[str, Any]:
    """Return rows, firms, switchers, means and the effects' levels.

    Switchers are the firms whose exposure changes within the sample.
    """
    outcome, exposure = arrays.values[:, 0], arrays.values[:, 1]
    effects = ((arrays.firms,) if arrays.absorbs_firm else ()) + arrays.effects
    switchers = count_switchers(arrays)
    return {
        "n": arrays.rows,
        "firms": arrays.firms.levels,
        "switchers": switchers,
        "share_switchers": switchers / arrays.firms.levels,
        "mean_outcome": float(outcome.mean()),
        "sd_outcome": float(outcome.std(ddof=1)) if arrays.rows > 1 else float("nan"),
        "mean_exposure": float(exposure.mean()),
        "levels": {effect.name: effect.levels for effect in effects},
    }


def count_switchers(arrays: ModelArrays) -> int:
    """Return the number of firms whose exposure takes more than one value."""
    exposure, first = arrays.values[:, 1], arrays.starts[:-1]
    lowest, highest = np.minimum.reduceat(exposure, first), np.maximum.reduceat(exposure, first)
    return int((lowest != highest).sum())


def check_variation(design: DesignSpec, arrays: ModelArrays) -> None:
    """Refuse samples that hold no answer.

    Raises
    ------
    NotIdentifiedError
        One firm, an outcome or exposure that never varies, or no switcher where firms are absorbed.
    """
    if arrays.firms.levels < 2:
        raise NotIdentifiedError(
            f"the sample of {design.name} holds {arrays.firms.levels} firm", hint="Widen the sample."
        )
    for place, name in enumerate((design.outcome, design.exposure)):
        values = arrays.values[:, place]
        if values.min() == values.max():
            raise NotIdentifiedError(
                f"{name} is {values[0]:g} in all {arrays.rows:,} rows of {design.name}",
                hint="Widen the sample until it varies.",
            )
    if arrays.absorbs_firm and count_switchers(arrays) == 0:
        raise NotIdentifiedError(
            f"no firm changes {design.exposure}: 0 of {arrays.firms.levels:,} firms move, so none can be "
            "compared with itself",
            hint="Use the pooled or region comparison, or a sample that sees firms move.",
        )
