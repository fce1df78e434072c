"""What ran, from what: the record that a result carries."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from clusterpanel.designs.rows import Rows
from clusterpanel.designs.sample import Sample
from clusterpanel.spec.design import DesignSpec


def provenance_of(
    design: DesignSpec,
    sample: Sample | Rows,
    *,
    rule: str,
    digest: str,
    effects: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Mapping[str, Any]:
    """Return the design, its effects, the variance's rule in words, notes, flow and digest."""
    return {
        "design": design.model_dump(),
        "outcome": design.outcome,
        "exposure": design.exposure,
        "estimator": design.estimator,
        "comparison": design.comparison,
        "effects": tuple(effects),
        "vcov": rule,
        "notes": (*sample.notes, *notes),
        "flow": [asdict(step) for step in sample.flow],
        "digest": digest,
    }
