"""The strict base of every spec: frozen, no unknown keys, no infinite numbers."""

from pydantic import BaseModel, ConfigDict


class SpecModel(BaseModel):
    """A frozen table of a TOML spec that refuses keys it does not know.

    Files are validated strictly on top of this (`clusterpanel.spec.parse`): nothing is converted on the way.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)
