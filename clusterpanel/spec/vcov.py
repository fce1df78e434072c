"""How the errors of a design may be related: the variance it asks for."""

from typing import Annotated, Any, ClassVar, Literal, Union

from pydantic import Discriminator, Field, Tag, field_validator

from clusterpanel.spec.model import SpecModel

Draws = Annotated[int, Field(ge=2, le=1_000_000)]
Seed = Annotated[int, Field(ge=0)]
Ways = Annotated[tuple[str, ...], Field(min_length=1, max_length=3)]


class VcovModel(SpecModel):
    """A variance that takes words of its own."""

    is_folded: ClassVar[bool] = False
    """Whether sums over blocks of rows suffice, so that it can be had out of core."""

    @property
    def ways(self) -> tuple[str, ...]:
        """The columns errors are grouped by."""
        return ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The panel columns it needs, besides the panel's firm and time."""
        return self.ways


class GroupedVcov(VcovModel):
    """Errors of one group may be correlated in any way: { CRV1 = "firm_id" }."""

    is_folded = True

    CRV1: str | Ways = Field(description="The column errors are grouped by, or up to three columns.")
    small_sample: Literal["min", "each"] = Field(
        default="min",
        description="Several columns: G/(G - 1) of the fewest groups (min, fixest) or of each term (each).",
    )

    @field_validator("CRV1")
    @classmethod
    def _each_once(cls, ways: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if not isinstance(ways, str) and len(set(ways)) < len(ways):
            raise ValueError("each column once")
        return ways

    @property
    def ways(self) -> tuple[str, ...]:
        """The columns errors are grouped by."""
        return (self.CRV1,) if isinstance(self.CRV1, str) else self.CRV1


class BiasReducedVcov(VcovModel):
    """Grouped errors, residuals adjusted by the group's part of the hat matrix: { CRV2 = "region_code" }."""

    CRV2: str = Field(description="The column errors are grouped by.")

    @property
    def ways(self) -> tuple[str, ...]:
        """The columns errors are grouped by."""
        return (self.CRV2,)


class JackknifeVcov(VcovModel):
    """Grouped errors by leaving each group out, for few or unequal groups: { CRV3 = "region_code" }."""

    CRV3: str = Field(description="The column errors are grouped by.")
    around: Literal["estimate", "mean"] = Field(
        default="estimate", description="What the estimates without a group are compared with."
    )

    @property
    def ways(self) -> tuple[str, ...]:
        """The columns errors are grouped by."""
        return (self.CRV3,)


class ConleyVcov(VcovModel):
    """Errors of rows near each other may be correlated: { conley_km = 100 }."""

    conley_km: float = Field(gt=0, description="Rows further apart than this are taken as unrelated.")
    kernel: Literal["uniform", "bartlett"] = Field(
        default="uniform", description="Pairs count 1, or less with their distance down to 0."
    )
    latitude: str = Field(default="latitude", description="Column of latitudes in degrees.")
    longitude: str = Field(default="longitude", description="Column of longitudes in degrees.")

    @property
    def columns(self) -> tuple[str, ...]:
        """The panel columns it needs."""
        return (self.latitude, self.longitude)


class DriscollKraayVcov(VcovModel):
    """Errors of all rows near each other in time may be correlated: { driscoll_kraay_lags = 2 }."""

    is_folded = True

    driscoll_kraay_lags: int = Field(ge=0, description="Years further apart are taken as unrelated.")


class NeweyWestVcov(VcovModel):
    """Errors of one firm near each other in time may be correlated: { newey_west_lags = 2 }."""

    newey_west_lags: int = Field(ge=0, description="A firm's years further apart are taken as unrelated.")


class WildBootstrapVcov(VcovModel):
    """Grouped errors, p-values and intervals by the wild bootstrap: { wild_bootstrap = "region_code" }."""

    wild_bootstrap: str = Field(description="The column errors are grouped by.")
    weights: Literal["rademacher", "webb"] = Field(
        default="rademacher", description="webb has six values, for fewer than twelve groups."
    )
    draws: Draws = Field(
        default=9999, description="Where all patterns of signs are fewer, each is used once."
    )
    seed: Seed = Field(default=1, description="Of the random numbers.")

    @property
    def ways(self) -> tuple[str, ...]:
        """The columns errors are grouped by."""
        return (self.wild_bootstrap,)


class BlockBootstrapVcov(VcovModel):
    """The whole estimate again on firms drawn with replacement: { block_bootstrap = "firm_id" }."""

    is_folded = True

    block_bootstrap: str = Field(description="The column whose values are drawn.")
    draws: Draws = Field(default=999, description="The number of refits.")
    seed: Seed = Field(default=1, description="Of the random numbers.")

    @property
    def ways(self) -> tuple[str, ...]:
        """The columns errors are grouped by."""
        return (self.block_bootstrap,)


Ungrouped = Literal["iid", "HC1", "HC2", "HC3"]

ALLOWED = (
    '"iid", "HC1", "HC2", "HC3", { CRV1 = "COLUMN" }, { CRV1 = ["COLUMN", "COLUMN"] }, { CRV2 = "COLUMN" }, '
    '{ CRV3 = "COLUMN" }, { conley_km = 100 }, { driscoll_kraay_lags = 2 }, { newey_west_lags = 2 }, '
    '{ wild_bootstrap = "COLUMN" } or { block_bootstrap = "COLUMN" }'
)

# The key that says which variance a table asks for.
KEYS: dict[str, type[VcovModel]] = {
    "CRV1": GroupedVcov,
    "CRV2": BiasReducedVcov,
    "CRV3": JackknifeVcov,
    "conley_km": ConleyVcov,
    "driscoll_kraay_lags": DriscollKraayVcov,
    "newey_west_lags": NeweyWestVcov,
    "wild_bootstrap": WildBootstrapVcov,
    "block_bootstrap": BlockBootstrapVcov,
}


def _kind(value: Any) -> str | None:
    """Return which variance is asked for, so that only its own faults are told."""
    if isinstance(value, str):
        return "ungrouped"
    if isinstance(value, dict):
        return next((key for key in KEYS if key in value), None)
    return next((key for key, model in KEYS.items() if isinstance(value, model)), None)


Vcov = Annotated[
    Union[  # noqa: UP007 - tags need the long form
        Annotated[Ungrouped, Tag("ungrouped")],
        Annotated[GroupedVcov, Tag("CRV1")],
        Annotated[BiasReducedVcov, Tag("CRV2")],
        Annotated[JackknifeVcov, Tag("CRV3")],
        Annotated[ConleyVcov, Tag("conley_km")],
        Annotated[DriscollKraayVcov, Tag("driscoll_kraay_lags")],
        Annotated[NeweyWestVcov, Tag("newey_west_lags")],
        Annotated[WildBootstrapVcov, Tag("wild_bootstrap")],
        Annotated[BlockBootstrapVcov, Tag("block_bootstrap")],
    ],
    Discriminator(_kind, custom_error_type="vcov", custom_error_message=ALLOWED),
]


def vcov_columns(vcov: Vcov) -> tuple[str, ...]:
    """Return the panel columns a variance needs, besides the panel's firm and time."""
    return () if isinstance(vcov, str) else vcov.columns


def is_folded(vcov: Vcov) -> bool:
    """Say whether a variance can be had from sums over blocks of rows, out of core."""
    return vcov in {"iid", "HC1"} if isinstance(vcov, str) else vcov.is_folded
