"""HC2 and HC3: each residual set against its row's leverage, absorbed effects included."""

from typing import Literal

import numpy as np

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.linearised import Linearised
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.hat import hat_of
from clusterpanel.models.vcov.words import NOT_GROUPED, count_words, distribution_words

# Beyond this, 1 - leverage is rounding.
FULL = 1 - 1e-10


def leverages(linearised: Linearised) -> tuple[Floats, Floats]:
    """Return each row's leverage in all, and the part that the absorbed effects have in it.

    Of a row that stands for several equal ones, the leverage of one of these.
    """
    scaled = linearised.scaled_regressors
    own = np.einsum("ij,jk,ik->i", scaled, linearised.bread, scaled)
    hat = hat_of(linearised)
    of_effects = np.zeros(len(own)) if hat is None else hat.leverages()
    copies = 1.0 if linearised.frequencies is None else linearised.frequencies
    return (own + of_effects) / copies, of_effects / copies


def leveraged(linearised: Linearised, counts: SampleCounts, kind: Literal["HC2", "HC3"]) -> Covariance:
    """Return HC2 or HC3 (MacKinnon and White 1985, Journal of Econometrics 29).

    A row that the effects alone fit perfectly, such as the only one of a region and year, has residual and
    score 0 whatever the errors are: it adds nothing and is counted.

    Raises
    ------
    NotIdentifiedError
        A regressor, with the effects, fits a row perfectly: its 1 - leverage is 0.
    SpecError
        The regression has instruments, or the effects have too many levels for leverages.
    """
    if linearised.estimator == "instruments":
        raise SpecError(
            f"the variance {kind} came with instruments, with which a row has no one leverage",
            hint='Choose vcov = "HC1" or { CRV1 = "firm_id" }.',
        )
    leverage, of_effects = leverages(linearised)
    is_alone = of_effects > FULL
    is_full = (leverage > FULL) & ~is_alone
    if is_full.any():
        raise NotIdentifiedError(
            f"{kind} is not defined: {int(is_full.sum())} rows have leverage 1, the regressors fit them "
            "perfectly",
            hint='Choose vcov = "HC1", or leave out the regressor that only these rows have.',
        )
    rest = 1 - np.where(is_alone, 0.0, leverage)
    power = 1 if kind == "HC2" else 2
    copies = 1.0 if linearised.frequencies is None else linearised.frequencies
    weights = np.where(is_alone, 0.0, 1 / (rest**power * copies))
    scores = linearised.scores
    meat = scores.T @ (scores * weights[:, None])
    degrees = counts.residual_degrees(is_grouped=False)
    over = "its root of 1 - leverage" if kind == "HC2" else "1 - leverage"
    alone = f", {int(is_alone.sum())} rows fitted by the effects alone" if is_alone.any() else ""
    rule = (
        f"{kind}, each residual over {over}, {count_words(counts, is_grouped=False)}{alone}, "
        f"{distribution_words(degrees)}"
    )
    return Covariance(
        linearised.bread @ meat @ linearised.bread,
        degrees,
        rule,
        facts={
            "highest_leverage": float(leverage[~is_alone].max(initial=0.0)),
            "rows_alone": int(is_alone.sum()),
        },
        no_influence=NOT_GROUPED,
    )
