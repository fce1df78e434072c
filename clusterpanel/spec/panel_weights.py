"""Columns of weights a study asks for: against selective exit, and for exposure that follows its own past."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from clusterpanel.spec.model import SpecModel
from clusterpanel.spec.source import Name
from clusterpanel.spec.terms import canonical_term


class _Weights(SpecModel):
    name: Name = Field(description="The new column; a design takes it as weights = { probability = NAME }.")
    predictors: tuple[str, ...] = Field(
        min_length=1, description="Panel columns or terms that tell who leaves, or who is exposed."
    )
    numerator: tuple[str, ...] = Field(
        default=(), description="Terms that stabilise the weights; they must be controls of the design."
    )
    truncate: tuple[float, float] = Field(
        default=(0.01, 0.99), description="Quantiles between which weights are kept; [0, 1] keeps them all."
    )

    @field_validator("predictors", "numerator")
    @classmethod
    def _canonical_terms(cls, terms: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(canonical_term, terms))

    @field_validator("truncate")
    @classmethod
    def _is_range(cls, limits: tuple[float, float]) -> tuple[float, float]:
        if not 0 <= limits[0] < limits[1] <= 1:
            raise ValueError("two quantiles between 0 and 1, the lower first")
        return limits


class StayingWeights(_Weights):
    """One over the chance of having stayed: survivors stand for those who left."""

    kind: Literal["staying"] = Field(description="Against selective exit or censoring.")
    leaves: Name = Field(default="is_exit", description="The yes/no column of a firm's last row.")


class ExposureWeights(_Weights):
    """One over the chance of the exposure a firm had: a marginal structural model."""

    kind: Literal["exposure"] = Field(description="For an exposure that follows what it has moved.")
    exposure: Name = Field(description="The yes/no column of exposure.")


PanelWeights = Annotated[StayingWeights | ExposureWeights, Field(discriminator="kind")]
