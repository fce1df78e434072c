"""What each estimator can be asked for."""

from dataclasses import dataclass, replace
from typing import Literal

from clusterpanel.spec.design import ComponentRule, DesignSpec, EstimatorName
from clusterpanel.spec.vcov import KEYS

EVERY_COMPARISON = ("pooled", "region", "within")
FOLDED = ("iid", "HC1", "CRV1")
LEVERAGED = ("HC2", "HC3", "CRV2", "CRV3")
NEAR = ("conley_km", "driscoll_kraay_lags", "newey_west_lags")
OF_MEANS: tuple[ComponentRule, ...] = ("swamy_arora", "swamy_arora_harmonic", "wallace_hussain")
AS_TERMS = "Take effects as controls: i(year) is a column for each year."
AS_CONTROLS = "Take effects as controls: i(region_code) is a column for each region."
Absorbs = Literal["anything", "no firm slopes", "plain effects of others", "nothing"]
Wanted = Literal["no", "optional", "required"]


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
    components : tuple of str
        The rules it has for the variances of firms and rows.
    gaps : bool
        Whether it can be told what to do with years in which a firm is not seen.
    is_timed : bool
        Whether its rows are intervals, with a start and a stop.
    is_curve : bool
        Whether it has curves in place of coefficients.
    strata, frailty, cuts : bool
        Whether it takes them; strata come with ties.
    cause, cause_of_interest : "no", "optional" or "required"
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
    components: tuple[ComponentRule, ...] = ()
    gaps: bool = False
    is_timed: bool = False
    is_curve: bool = False
    strata: bool = False
    frailty: bool = False
    cuts: bool = False
    cause: Wanted = "no"
    cause_of_interest: Wanted = "no"


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
COX = Estimator(
    comparisons=("pooled", "region"),
    comparison_words="a firm exits once, so that it cannot be compared with itself",
    absorbs="nothing",
    absorb_words='A Cox model has strata: strata = ["region_code^year"] gives each a baseline of its own.',
    offset=True,
    vcov=(*FOLDED, "block_bootstrap"),
    is_yes_no=True,
    is_timed=True,
    strata=True,
    frailty=True,
    cause="optional",
    cause_of_interest="optional",
)
PARAMETRIC = Estimator(
    comparisons=("pooled",),
    comparison_words="a parametric baseline is one for all firms",
    absorbs="nothing",
    absorb_words=AS_CONTROLS,
    offset=True,
    vcov=("iid", "CRV1", "block_bootstrap"),
    is_yes_no=True,
    is_timed=True,
    cause="optional",
    cause_of_interest="optional",
)
CURVES = Estimator(
    comparisons=("pooled",),
    comparison_words="a survival curve absorbs nothing",
    absorbs="nothing",
    absorb_words='Use estimator = "cox" or "cloglog" for a hazard with controls.',
    controls=False,
    is_timed=True,
    is_curve=True,
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
    "iv": Estimator(instruments=True, vcov=(*FOLDED, *NEAR, "block_bootstrap")),
    "random_effects": replace(OVER_FIRMS, components=(*OF_MEANS, "amemiya", "nerlove")),
    # The other two take the firms' variance from residuals that the firm means would explain.
    "correlated_random_effects": replace(OVER_FIRMS, components=OF_MEANS),
    "between": replace(OVER_FIRMS, vcov=(*FOLDED, "block_bootstrap")),
    "first_difference": Estimator(
        comparisons=("within",),
        comparison_words="it compares a firm with itself the year before",
        absorbs="nothing",
        absorb_words=AS_TERMS,
        weights=False,
        vcov=(*FOLDED, "block_bootstrap"),
        gaps=True,
    ),
    "cox": COX,
    "fine_gray": replace(
        COX,
        absorb_words=COX.absorb_words.replace("A Cox model", "A Fine-Gray model"),
        # Weighted rows are no likelihood.
        vcov=("HC1", "CRV1", "block_bootstrap"),
        frailty=False,
        cause="required",
        cause_of_interest="required",
    ),
    **dict.fromkeys(("exponential", "weibull", "gompertz", "log_logistic", "log_normal"), PARAMETRIC),
    "piecewise_exponential": replace(PARAMETRIC, cuts=True),
    "competing_logit": Estimator(
        comparisons=("pooled",),
        comparison_words="its effects are dummies",
        absorbs="nothing",
        absorb_words=AS_CONTROLS,
        offset=True,
        vcov=(*FOLDED, "block_bootstrap"),
        is_yes_no=True,
        cause="required",
        # Its coefficients come first.
        cause_of_interest="optional",
    ),
    "kaplan_meier": CURVES,
    "cumulative_incidence": replace(CURVES, cause="required"),
}

NONE = (False, "no", ())
OUTCOME_SCALE = "effects in the outcome's unit"
IN_OUTCOME_UNITS = (
    "ols",
    "iv",
    "random_effects",
    "correlated_random_effects",
    "between",
    "first_difference",
)


def scale_of(estimator: str) -> str:
    """Return what an estimator's coefficients are in; only those on one scale can be added."""
    return OUTCOME_SCALE if estimator in IN_OUTCOME_UNITS else f"{estimator} coefficients"


def having(fact: str) -> tuple[str, ...]:
    """Return the estimators of which a yes/no fact is true, or that take what it names."""
    return tuple(name for name, estimator in ESTIMATORS.items() if getattr(estimator, fact) not in NONE)


def estimator_of(design: DesignSpec) -> Estimator:
    """Return what a design's estimator can be asked for."""
    return ESTIMATORS[design.estimator]


def vcov_key(design: DesignSpec) -> str:
    """Return the name or key of a design's rule of variance."""
    if isinstance(design.vcov, str):
        return design.vcov
    return next(key for key, model in KEYS.items() if isinstance(design.vcov, model))
