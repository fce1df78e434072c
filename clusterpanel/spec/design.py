"""What is estimated: designs, the gaps between them, and profiles over distance."""

from typing import Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from clusterpanel.spec.effects import canonical_effect
from clusterpanel.spec.model import SpecModel
from clusterpanel.spec.source import Name
from clusterpanel.spec.terms import canonical_term
from clusterpanel.spec.vcov import GroupedVcov, Vcov

WeightKind = Literal["analytic", "frequency", "probability"]
ComponentRule = Literal["swamy_arora", "swamy_arora_harmonic", "wallace_hussain", "amemiya", "nerlove"]
Gaps = Literal["dropped", "spanned"]
EstimatorName = Literal[
    "ols",
    "poisson",
    "logit",
    "cloglog",
    "conditional_logit",
    "iv",
    "random_effects",
    "correlated_random_effects",
    "between",
    "first_difference",
    "cox",
    "fine_gray",
    "exponential",
    "weibull",
    "gompertz",
    "log_logistic",
    "log_normal",
    "piecewise_exponential",
    "competing_logit",
    "kaplan_meier",
    "cumulative_incidence",
]
Ties = Literal["efron", "breslow"]
Intervals = Literal["plain", "log", "log-log"]


class Weights(SpecModel):
    """How much each row counts: one of three kinds, and the column that says it."""

    analytic: str | None = Field(default=None, description="A row is a mean of this many: less variance.")
    frequency: str | None = Field(default=None, description="A row stands for this many equal ones.")
    probability: str | None = Field(default=None, description="One over the chance that the row was drawn.")

    @model_validator(mode="after")
    def _one_kind(self) -> "Weights":
        if len(self.model_dump(exclude_none=True)) != 1:
            wanted = '{ analytic = "COLUMN" }, { frequency = "COLUMN" } or { probability = "COLUMN" }'
            raise PydanticCustomError("weights", "one of {wanted}", {"wanted": wanted})
        return self

    @property
    def kind(self) -> WeightKind:
        """Which of the three."""
        if self.analytic is not None:
            return "analytic"
        return "frequency" if self.frequency is not None else "probability"

    @property
    def column(self) -> str:
        """The panel column of weights."""
        return str(getattr(self, self.kind))


class DesignSpec(SpecModel):
    """One estimate: an outcome, an exposure, and the comparison that identifies its effect.

    Regressors and effects are kept as the package writes them: `age ^ 2` becomes `I(age^2)`.
    """

    name: Name = Field(description="The design's name, the label of its estimate.")
    comparison: Literal["pooled", "region", "within"] = Field(
        description="pooled: all firms; region: firms of a region; within: a firm with itself over time."
    )
    estimator: EstimatorName = Field(
        default="ols",
        description="cloglog: a discrete-time hazard; iv: two-stage least squares; cox to "
        "piecewise_exponential: survival models; competing_logit: yearly exits by cause; "
        "kaplan_meier, cumulative_incidence: curves.",
    )
    outcome: str = Field(description="Panel column that is explained.")
    exposure: str = Field(
        description="Panel column or term whose effect is asked for, such as in_cluster or i(year, treated)."
    )
    region: Name = Field(default="region_code", description="The effects a region comparison absorbs.")
    controls: tuple[str, ...] = Field(
        default=(), description="Panel columns or terms held constant, such as age, I(age^2) or age:size."
    )
    absorb: tuple[str, ...] = Field(
        default=(),
        description="Effects beyond the comparison's own: year, industry_code^year, region_code[year].",
    )
    instruments: tuple[str, ...] = Field(
        default=(), description="Panel columns or terms that move the exposure and nothing else (iv only)."
    )
    endogenous: tuple[str, ...] = Field(
        default=(), description="The regressors that are instrumented; none named: the exposure (iv only)."
    )
    weights: Weights | None = Field(default=None, description="How much each row counts.")
    offset: str | None = Field(
        default=None, description="Panel column added with coefficient 1 (likelihoods and survival models)."
    )
    components: ComponentRule | None = Field(
        default=None,
        description="Rule for the variances of firms and rows (random effects only); none: swamy_arora.",
    )
    gaps: Gaps | None = Field(
        default=None,
        description="Changes over years in which a firm is not seen (first_difference only); none: dropped.",
    )
    start: str | None = Field(
        default=None,
        description="Panel column: the time from which a row is at risk (survival models); none: age.",
    )
    stop: str | None = Field(
        default=None,
        description="Panel column: the time at which a row's risk ends, given with start; none: age + 1.",
    )
    strata: tuple[str, ...] = Field(
        default=(),
        description="Columns, or joint ones, whose levels have a baseline hazard each (cox, fine_gray).",
    )
    ties: Ties | None = Field(
        default=None, description="How events at one time share a risk set (cox, fine_gray); none: efron."
    )
    cause: str | None = Field(
        default=None, description="Panel column of text that says why a row ends, such as exit_cause."
    )
    cause_of_interest: str | None = Field(
        default=None,
        description="The cause that is explained: of competing ones (fine_gray), or others being censored.",
    )
    frailty: str | None = Field(
        default=None,
        description='Panel column whose rows share a gamma frailty (cox with vcov = "iid").',
    )
    cuts: tuple[float, ...] = Field(
        default=(), description="Times at which the hazard may change (piecewise_exponential)."
    )
    intervals: Intervals | None = Field(
        default=None, description="Scale of the curves' intervals (curves only); none: log-log."
    )
    vcov: Vcov = Field(
        default=GroupedVcov(CRV1="firm_id"),
        description='{ CRV1 = the column errors are grouped by }, or another rule, such as "HC1".',
    )
    where: dict[str, tuple[str | int | bool, ...]] = Field(
        default_factory=dict, description="Keep only the rows whose column holds one of these values."
    )

    @field_validator("exposure")
    @classmethod
    def _canonical_exposure(cls, term: str) -> str:
        return canonical_term(term)

    @field_validator("controls", "instruments", "endogenous")
    @classmethod
    def _canonical_terms(cls, terms: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(canonical_term, terms))

    @field_validator("absorb", "strata")
    @classmethod
    def _canonical_effects(cls, effects: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(canonical_effect, effects))

    @property
    def regressors(self) -> tuple[str, ...]:
        """The exposure and the controls."""
        return (self.exposure, *self.controls)

    @property
    def instrumented(self) -> tuple[str, ...]:
        """The regressors that are instrumented: those named, else the exposure; none but in iv."""
        return (self.endogenous or (self.exposure,)) if self.estimator == "iv" else ()


class ContrastTerm(SpecModel):
    """One design's estimate and its weight in a contrast."""

    design: Name = Field(description="The design whose estimate is taken.")
    weight: float = Field(description="What it is multiplied with.")


class ContrastSpec(SpecModel):
    """A linear combination of designs' estimates, such as sorting = pooled - within."""

    name: Name = Field(description="The contrast's name, the label of its estimate.")
    title: str = Field(description="What the report calls it.")
    terms: tuple[ContrastTerm, ...] = Field(min_length=2, description="Designs and their weights.")


class ProfileSpec(SpecModel):
    """One design repeated with the exposure measured within each radius of the cluster spec."""

    name: Name = Field(description="Estimates are labelled NAME_RADIUSkm.")
    title: str = Field(description="What the report calls it.")
    design: Name = Field(description="The design whose exposure is replaced.")
    measure: Literal["own_count", "own_activity", "all_count", "all_activity"] = Field(
        default="own_count", description="What is counted: own = of the firm's industry, all = of any."
    )
