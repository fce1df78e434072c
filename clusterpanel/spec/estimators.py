"""What each estimator can be asked for."""

from dataclasses import dataclass, replace
from typing import Literal

from clusterpanel.spec.design import DesignSpec, EstimatorName
from clusterpanel.spec.vcov import KEYS

EVERY_COMPARISON = ("pooled", "region", "within")
FOLDED = ("iid", "HC1", "CRV1")
LEVERAGED = ("HC2", "HC3", "CRV2", "CRV3")
NEAR = ("conley_km", "driscoll_kraay_lags", "newey_west_lags")
AS_TERMS = "Take effects as controls: i(year) is a column for each year."
Absorbs = Literal["anything", "no firm slopes", "plain effects of others", "nothing"]


@dataclass(frozen=True)
class Estimator:
    """What an estimator can be asked for.

    Attributes
    ----------
    comparisons : tuple of str
    comparison_words : str
        Why no others.
    absorbs : str
        Which effects it takes beyond its comparison's own.
    absorb_words : str
        What to do instead.
    controls, weights, offset, instruments : bool
        Whether it takes them.
    vcov : tuple of str
        The rules of variance it has, by name or key.
    is_yes_no : bool
        Whether its outcome is a yes/no column.
    """

    comparisons: tuple[str, ...] = EVERY_COMPARISON
    comparison_words: str = ""
    absorbs: Absorbs = "anything"
    absorb_words: str = ""
    controls: bool = True
    weights: bool = True
    offset: bool = False
    instruments: bool = False
    vcov: tuple[str, ...] = (*FOLDED, *LEVERAGED, *NEAR, "wild_bootstrap", "block_bootstrap")
    is_yes_no: bool = False


LIKELIHOOD = Estimator(
    absorbs="no firm slopes",
    absorb_words="Such a slope has no closed form, and often no finite value.",
    offset=True,
    vcov=(*FOLDED, *LEVERAGED, *NEAR, "block_bootstrap"),
)
OVER_FIRMS = Estimator(
    comparisons=("pooled",),
    comparison_words="it deals with firms itself",
    absorbs="plain effects of others",
    absorb_words="It deals with firms itself, and takes other effects as dummies.",
    weights=False,
    vcov=(*FOLDED, *LEVERAGED, *NEAR, "wild_bootstrap", "block_bootstrap"),
)

ESTIMATORS: dict[EstimatorName, Estimator] = {
    "ols": Estimator(),
    "poisson": LIKELIHOOD,
    "logit": replace(LIKELIHOOD, is_yes_no=True),
    "cloglog": replace(LIKELIHOOD, is_yes_no=True),
    "conditional_logit": Estimator(
        comparisons=("within",),
        comparison_words="it conditions on how often each firm says yes",
        absorbs="nothing",
        absorb_words=AS_TERMS,
        weights=False,
        vcov=("iid", "CRV1", "block_bootstrap"),
        is_yes_no=True,
    ),
    "iv": Estimator(instruments=True, vcov=(*FOLDED, *NEAR)),
    "random_effects": OVER_FIRMS,
    "correlated_random_effects": OVER_FIRMS,
    "between": replace(OVER_FIRMS, vcov=(*FOLDED, "block_bootstrap")),
    "first_difference": Estimator(
        comparisons=("within",),
        comparison_words="it compares a firm with itself the year before",
        absorbs="nothing",
        absorb_words=AS_TERMS,
        weights=False,
        vcov=(*FOLDED, "block_bootstrap"),
    ),
    "kaplan_meier": Estimator(
        comparisons=("pooled",),
        comparison_words="a survival curve absorbs nothing",
        absorbs="nothing",
        absorb_words='Use estimator = "cloglog" for a hazard with controls and effects.',
        controls=False,
        weights=False,
    ),
}


def having(fact: str) -> tuple[str, ...]:
    """Return the estimators of which a yes/no fact is true."""
    return tuple(name for name, estimator in ESTIMATORS.items() if getattr(estimator, fact))


def estimator_of(design: DesignSpec) -> Estimator:
    """Return what a design's estimator can be asked for."""
    return ESTIMATORS[design.estimator]


def vcov_key(design: DesignSpec) -> str:
    """Return the name or key of a design's rule of variance."""
    if isinstance(design.vcov, str):
        return design.vcov
    return next(key for key, model in KEYS.items() if isinstance(design.vcov, model))
