"""Facts about a sample that say what an estimate rests on."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import ModelArrays
from clusterpanel.spec.design import DesignSpec

MANY_SWITCHERS = 20


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


def few_switchers(design: DesignSpec, arrays: ModelArrays) -> str:
    """Return a sentence on how little a grouped error rests on, or none.

    With a firm's effect only switchers move the estimate, and grouped errors of few units that do are too
    small (MacKinnon and Webb 2017, Journal of Applied Econometrics 32).
    """
    is_told = arrays.absorbs_firm and isinstance(design.vcov, dict)
    if not is_told or count_switchers(arrays) >= MANY_SWITCHERS:
        return ""
    return (
        f"Fewer than {MANY_SWITCHERS} firms change {design.exposure}: grouped standard errors that rest on "
        "so few are likely to be too small."
    )


def check_variation(design: DesignSpec, arrays: ModelArrays) -> None:
    """Refuse samples that hold no answer.

    Raises
    ------
    NotIdentifiedError
        One firm, an outcome or exposure that never varies, or where firms are absorbed no switcher, or one
        whose own error cannot be told.
    """
    if arrays.firms.levels < 2:
        raise NotIdentifiedError(
            f"the sample of {design.name} holds {arrays.firms.levels} firm", hint="Widen the sample."
        )
    for place, name in enumerate((design.outcome, design.exposure)):
        values = arrays.values[:, place]
        if values.min() == values.max():
            # A number that all rows share may be one firm's; the report prints this message.
            value = f"{values[0]:g}" if values[0] in (0, 1) else "the same"
            raise NotIdentifiedError(
                f"{name} is {value} in all {arrays.rows:,} rows of {design.name}",
                hint="Widen the sample until it varies.",
            )
    if arrays.absorbs_firm:
        _check_switchers(design, arrays)


def _check_switchers(design: DesignSpec, arrays: ModelArrays) -> None:
    switchers = count_switchers(arrays)
    if switchers == 0:
        raise NotIdentifiedError(
            f"no firm changes {design.exposure}: 0 of {arrays.firms.levels:,} firms move, so none can be "
            "compared with itself",
            hint="Use the pooled or region comparison, or a sample that sees firms move.",
        )
    if switchers == 1 and isinstance(design.vcov, dict):
        # The one score is 0 where the firm fits perfectly, and so would be the standard error.
        raise NotIdentifiedError(
            f"too few firms change {design.exposure} for a grouped standard error: it takes two at least",
            hint="Use the pooled or region comparison, or a sample that sees more firms move.",
        )
