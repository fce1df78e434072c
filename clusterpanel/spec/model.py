"""The strict base of every spec: frozen, no unknown keys, no silent conversions."""

from pydantic import BaseModel, ConfigDict


class SpecModel(BaseModel):
    """A frozen table of a TOML spec that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, populate_by_name=True)
