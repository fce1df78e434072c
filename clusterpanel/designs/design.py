"""Say a design in a notebook, with the same words and checks as in a study's file."""

from typing import Any

from pydantic import ValidationError

from clusterpanel.errors import Fault, SpecError
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.faults import did_you_mean, listed, shown_value


def design(**keywords: Any) -> DesignSpec:
    """Return a design.

    Parameters
    ----------
    **keywords
        The fields of `DesignSpec`: name (default "design"), comparison, outcome, exposure, and optionally
        estimator, region, controls, absorb, vcov, where.

    Raises
    ------
    SpecError
        A field is unknown, absent or has a value that is not allowed; all such faults at once.

    Examples
    --------
    >>> design(comparison="within", outcome="log_wage", exposure="in_cluster", absorb=["year"]).vcov
    {'CRV1': 'firm_id'}
    """
    try:
        return DesignSpec(**{"name": "design", **keywords})
    except ValidationError as error:
        faults = [_fault(dict(item)) for item in error.errors()]
        raise SpecError("the design cannot be read", faults=faults) from None


def _fault(item: dict[str, Any]) -> Fault:
    where = ".".join(str(part) for part in item["loc"])
    fields = DesignSpec.model_fields
    if item["type"] == "extra_forbidden":
        return Fault("design", where, "an unknown field", listed(fields), did_you_mean(where, fields))
    if item["type"] == "missing":
        return Fault("design", where, "nothing", "a value; this field is required")
    return Fault("design", where, shown_value(item["input"]), str(item["msg"]))
