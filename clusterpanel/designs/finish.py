"""Finish a sample once all blocks are seen: join codes, drop rows alone in a level, hold or stream."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.designs.assemble import arrays_of
from clusterpanel.designs.codes import SampleCodes, along_firms, firm_numbers, slices, together, within_firms
from clusterpanel.designs.digest import sample_digest
from clusterpanel.designs.encode import as_texts
from clusterpanel.designs.plan import Levels, SamplePlan
from clusterpanel.designs.row_mask import RowMask
from clusterpanel.designs.rows import why_empty
from clusterpanel.designs.sample import Sample, flow_steps
from clusterpanel.designs.singletons import FirmLevels, OtherLevels, rows_beside_others
from clusterpanel.designs.stores import CodeStore, FirmStore, NumberStore
from clusterpanel.designs.stream import StreamedArrays
from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Codes, Integers, ModelArrays
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.effects import JOIN

MOST_LABELS = 5_000_000
ALONE = "the only row of its {}, which would be fitted perfectly"


class Drawn(NamedTuple):
    """What one pass over the panel found."""

    panel: Panel
    ways: tuple[Levels, ...]
    flow: tuple[FlowStep, ...]
    masks: tuple[RowMask, ...]
    firms: FirmStore
    codes: CodeStore
    numbers: NumberStore
    digests: tuple[bytes, ...]

    @property
    def plan(self) -> SamplePlan:
        """What was read."""
        return self.numbers.numbers.plan


def finish_sample(drawn: Drawn) -> Sample:
    """Return the sample of what one pass found.

    Raises
    ------
    NotIdentifiedError
        No row is left.
    """
    plan, numbers = drawn.plan, drawn.numbers
    if not numbers.rows:
        raise NotIdentifiedError(f"the sample of {plan.name} is empty", hint=_why_empty(drawn))
    starts = drawn.firms.starts()
    joint = JointCodes(drawn.firms.name, starts, drawn.codes)
    effects = tuple(joint.of(levels) for levels in numbers.numbers.layout.others)
    groups = tuple(None if way.columns == (drawn.firms.name,) else joint.of(way) for way in drawn.ways)
    values = [
        _values_of(way, group, joint, drawn)
        for way, group in zip(drawn.ways[: len(plan.groups)], groups, strict=False)
    ]
    source, beside = _source(drawn, starts, along_firms(effects, groups, starts), groups)
    names = (tuple(effect.name for effect in effects), tuple(way.name for way in drawn.ways))
    sample = Sample(
        plan=plan,
        source=source,
        flow=drawn.flow,
        known_facts=numbers.facts,
        digest=sample_digest((numbers.numbers.names, names), drawn.digests, starts, (*effects, *groups)),
        group_values=tuple(values),
        effect_values=() if plan.episodes is None else _strata_values(drawn, effects, joint),
        beside=beside,
        notes=tuple(_without_influence(drawn, groups, values)),
    )
    return _without_singletons(sample, starts, effects, drawn) if plan.drops_singletons else sample


class JointCodes:
    """The codes of effects and groups, each combination of columns joined once."""

    def __init__(self, firm: str, starts: Integers, codes: CodeStore) -> None:
        self.firm, self.starts = firm, starts
        self.parts = {name: codes.finish(name) for name in codes.dictionaries}
        self._joint: dict[frozenset[str], SampleCodes] = {}

    def of(self, levels: Levels) -> SampleCodes:
        """Return the codes of some columns together, under the name of the effect."""
        key = frozenset(levels.columns)
        if key not in self._joint:
            self._joint[key] = self._make(levels)
        return replace(self._joint[key], name=levels.name)

    def _make(self, levels: Levels) -> SampleCodes:
        others = [self.parts[name] for name in levels.columns if name != self.firm]
        if len(others) == len(levels.columns):
            return together(levels.name, others)
        if not others:
            return SampleCodes(self.firm, firm_numbers(self.starts), len(self.starts) - 1)
        return within_firms(levels.name, self.starts, together(levels.name, others))


def _source(
    drawn: Drawn, starts: Integers, effects: Sequence[SampleCodes], groups: Sequence[SampleCodes | None]
) -> tuple[ModelArrays | StreamedArrays, dict[str, np.ndarray]]:
    numbers = drawn.numbers.numbers
    columns = drawn.numbers.columns()
    if columns is None:
        weight = drawn.numbers.total_weight
        return StreamedArrays(
            drawn.panel, numbers, drawn.masks, starts, tuple(effects), tuple(groups), weight
        ), {}
    firms = Codes(drawn.firms.name, firm_numbers(starts), len(starts) - 1)
    wide: dict[int, np.ndarray] = {}

    def coded(kind: SampleCodes) -> Codes:
        # Codes that are shared stay shared: an effect that is a group too is seen to be nested at once.
        codes = wide.setdefault(id(kind.codes), kind.codes.astype(np.int32, copy=False))
        return Codes(kind.name, codes, kind.levels, factors=kind.factors)

    arrays = arrays_of(
        numbers,
        columns,
        firms=firms,
        effects=[coded(effect) for effect in effects],
        groups=[firms if group is None else coded(group) for group in groups],
    )
    # Known, so that they need not be found in the firms' codes.
    arrays.__dict__["starts"] = starts
    return arrays, {name: columns[numbers.place(name)] for name in drawn.plan.beside}


def _without_singletons(
    sample: Sample, starts: Integers, effects: Sequence[SampleCodes], drawn: Drawn
) -> Sample:
    """Drop the rows alone in a level; those alone in their firm are gone already, and only told here."""
    layout, firm = drawn.numbers.numbers.layout, drawn.firms
    kinds: list[FirmLevels | OtherLevels] = []
    if layout.absorbs_firm or layout.firm_slopes:
        kinds.append(FirmLevels(firm.name, starts))
    # An effect and its slopes share their levels.
    shared: dict[int, SampleCodes] = {}
    kinds += [
        OtherLevels(shared.setdefault(id(effect.codes), effect))
        for effect in effects
        if id(effect.codes) not in shared
    ]
    keep, dropped = rows_beside_others(sample.rows, kinds)
    losses = _losses({**dropped, firm.name: dropped.get(firm.name, 0) + firm.alone})
    if keep is None:
        return replace(
            sample, flow=(*sample.flow, *flow_steps(sample.design, sample.rows + firm.alone, losses))
        )
    return sample.thinned(keep, losses, told_late=firm.alone)


def _without_influence(
    drawn: Drawn, groups: Sequence[SampleCodes | None], values: Sequence[pa.Array | None]
) -> Iterator[str]:
    """Say which groups are too many to be told apart in the result."""
    for way, group, told in zip(drawn.ways, groups, values, strict=False):
        if told is None:
            levels = drawn.firms.firms if group is None else group.levels
            yield (
                f"The {levels:,} groups of {way.name} are too many to tell apart: no influence of each is "
                "kept, so contrasts cannot take this estimate."
            )


def _losses(dropped: Mapping[str, int]) -> list[tuple[str, str, int]]:
    return [
        (f"keep {name} seen more than once", ALONE.format(name), rows)
        for name, rows in dropped.items()
        if rows
    ]


def _values_of(way: Levels, group: SampleCodes | None, joint: JointCodes, drawn: Drawn) -> pa.Array | None:
    """Return what the levels of a way stand for: a column's values, or the texts of several joined."""
    if group is None:
        return drawn.firms.labels()
    if len(way.columns) == 1:
        return drawn.codes.values(way.columns[0])
    has_firm = drawn.firms.name in way.columns
    firms = drawn.firms.labels() if has_firm else pa.array([], pa.string())
    if group.levels > MOST_LABELS or firms is None:
        return None
    first = _first_rows(group)
    texts = []
    for name in way.columns:
        if name == drawn.firms.name:
            firm = np.searchsorted(joint.starts, first, side="right") - 1
            texts.append(as_texts(firms).take(pa.array(firm)))
        else:
            values = drawn.codes.values(name)
            texts.append(as_texts(values).take(pa.array(joint.parts[name].codes[first])))
    return pc.binary_join_element_wise(*texts, JOIN)


def _strata_values(
    drawn: Drawn, effects: Sequence[SampleCodes], joint: JointCodes
) -> tuple[pa.Array | None, ...]:
    pairs = zip(drawn.numbers.numbers.layout.others, effects, strict=True)
    return tuple(_values_of(levels, codes, joint, drawn) for levels, codes in pairs)


def _first_rows(group: SampleCodes) -> Integers:
    """Return the first row of each level."""
    first = np.empty(group.levels, dtype=np.int64)
    for rows in reversed(list(slices(len(group.codes)))):
        codes = group.codes[rows]
        first[codes[::-1]] = np.arange(rows.stop - 1, rows.start - 1, -1)
    return first


def _why_empty(drawn: Drawn) -> str:
    alone = _losses({drawn.firms.name: drawn.firms.alone})
    return why_empty((*drawn.flow, *flow_steps(drawn.plan.name, drawn.firms.alone, alone)))
