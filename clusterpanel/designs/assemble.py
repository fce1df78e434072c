"""Make a model's arrays of a sample."""

import hashlib

import numpy as np

from clusterpanel.designs.combination import effects_of, grouping_of
from clusterpanel.designs.encode import as_floats, encode
from clusterpanel.designs.sample import Sample
from clusterpanel.models.arrays import ModelArrays
from clusterpanel.models.ols import CONSTANT
from clusterpanel.spec.design import DesignSpec


def model_arrays(design: DesignSpec, sample: Sample, firm: str) -> ModelArrays:
    """Return outcome, exposure, controls, a constant where nothing is absorbed, and the effects."""
    effects = effects_of(design, firm)
    _, group = grouping_of(design)
    names = (design.exposure, *design.controls)
    has_constant = not effects.names(firm)
    values = np.empty((sample.rows, 1 + len(names) + has_constant))
    values[:, -1] = 1.0
    for place, name in enumerate((design.outcome, *names)):
        values[:, place] = as_floats(sample.table.column(name))
    firms = encode(sample.table, firm)
    return ModelArrays(
        values=values,
        names=(*names, CONSTANT) if has_constant else names,
        firms=firms,
        effects=tuple(encode(sample.table, effect) for effect in effects.others),
        absorbs_firm=effects.firm,
        groups=firms if group is None or group == firm else encode(sample.table, group),
    )


def digest_of(arrays: ModelArrays) -> str:
    """Return the sha256 of the sample: its values, effects and groups, but no label of a firm."""
    digest = hashlib.sha256(repr((arrays.names, [effect.name for effect in arrays.effects])).encode())
    digest.update(np.ascontiguousarray(arrays.values).data)
    for codes in (arrays.firms, *arrays.effects, arrays.groups):
        digest.update(np.ascontiguousarray(codes.codes).data)
    return digest.hexdigest()
