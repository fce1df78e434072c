"""The sample of a design: its rows as a model's source, with each loss counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from clusterpanel.designs.codes import firm_numbers
from clusterpanel.designs.digest import thinned_digest
from clusterpanel.designs.encode import as_texts
from clusterpanel.designs.plan import SamplePlan
from clusterpanel.designs.sample_moments import FactsFold, FirmRows, SampleFacts, cut_rows, rows_of_blocks
from clusterpanel.designs.stream import StreamedArrays
from clusterpanel.engine.local import run_fold
from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.errors import Fault, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes, Flags, Floats, ModelArrays


@dataclass(frozen=True)
class Sample:
    """Rows of the panel, how they came to be these, and what they are like.

    Attributes
    ----------
    plan : SamplePlan
    source : ModelArrays or StreamedArrays
        In memory, or read from the panel in each pass.
    flow : tuple of FlowStep
    digest : str
        The sha256 of the sample; the same in memory and streamed.
    group_values : tuple of (pyarrow Array or None)
        What the levels of each way stand for, in the order of their codes: the plan's ways, without their
        intersections. None where there are too many to hold.
    effect_values : tuple of (pyarrow Array or None)
        What the levels of each effect stand for, in the order of their codes; told where they are strata.
    beside : mapping of str to float array, shape (rows,)
        The plan's further columns; empty where the sample is streamed.
    notes : tuple of str
        Sentences on what was dropped, for the report.
    known_facts : SampleFacts or None
        None: found by a pass over the sample when they are asked for.
    """

    plan: SamplePlan
    source: ModelArrays | StreamedArrays
    flow: tuple[FlowStep, ...]
    digest: str
    group_values: tuple[pa.Array | None, ...] = ()
    effect_values: tuple[pa.Array | None, ...] = ()
    beside: Mapping[str, Floats] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    known_facts: SampleFacts | None = None

    @property
    def design(self) -> str:
        """The design's name."""
        return self.plan.name

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.source.rows

    @cached_property
    def facts(self) -> SampleFacts:
        """Rows, firms, switchers, and what the columns are like."""
        return facts_of(self.source) if self.known_facts is None else self.known_facts

    @property
    def is_streamed(self) -> bool:
        """Whether the rows are read from the panel in each pass."""
        return isinstance(self.source, StreamedArrays)

    def arrays(self, purpose: str) -> ModelArrays:
        """Return the arrays in memory.

        Parameters
        ----------
        purpose : str
            What needs them, such as ``vcov CRV3``.

        Raises
        ------
        SpecError
            The sample is streamed.
        """
        if isinstance(self.source, ModelArrays):
            return self.source
        came = f"{purpose} with a sample of {self.rows:,} rows that is read in blocks"
        fault = Fault(self.design, purpose, came, "a sample in memory")
        hint = "Give more memory, as in estimate(..., memory_gb=16), or ask for what folds over blocks."
        raise SpecError(f"{purpose} needs all rows in memory", faults=[fault], hint=hint)

    def outcome(self) -> Floats:
        """Return the first outcome, shape (rows,): 8 bytes a row, streamed or not."""
        if isinstance(self.source, ModelArrays):
            return self.source.columns[0]
        outcome = np.empty(self.rows)
        for block in self.source.only([0]).blocks():
            outcome[block.first_row : block.first_row + block.rows] = block.values[0]
        return outcome

    def effect_codes(self) -> tuple[Codes, ...]:
        """Return the codes of all effects, the firm's first where it is absorbed, streamed or not."""
        source = self.source
        if isinstance(source, ModelArrays):
            firms, effects = source.firms, source.effects
        else:
            firms = Codes(source.firm_name, firm_numbers(source.starts), source.firm_levels)
            effects = tuple(
                Codes(kind.name, kind.codes.astype(np.int32, copy=False), kind.levels)
                for kind in source.effects
            )
        return (firms, *effects) if source.absorbs_firm else effects

    def labels(self, way: int) -> pd.Index | None:
        """Return the text of each level of a way, for the influence frame; None where they are not held."""
        values = self.group_values[way]
        if values is None:
            return None
        texts = values if pa.types.is_large_string(values.type) else as_texts(values)
        labels: pd.Index = pd.Index(texts.to_pandas(), name=self.source.group_names[way])
        return labels

    def thinned(self, keep: Flags, losses: Sequence[tuple[str, str, int]], told_late: int = 0) -> "Sample":
        """Return the sample of some rows, with a flow step per loss.

        Parameters
        ----------
        keep : bool array, shape (rows,)
        losses : sequence of (step, reason, rows)
        told_late : int
            Rows among the losses that were gone before this sample was made.

        Raises
        ------
        NotIdentifiedError
            No row is left.
        """
        if not keep.any():
            raise NotIdentifiedError(
                f"no row of {self.design} is left: all were set aside, the last {losses[-1][2]} to "
                f"{losses[-1][0]} ({losses[-1][1]})",
                hint="Absorb coarser effects, or take more years.",
            )
        source = self.source.where(keep)
        return replace(
            self,
            source=source,
            flow=(*self.flow, *flow_steps(self.design, self.rows + told_late, losses)),
            digest=thinned_digest(self.digest, keep),
            known_facts=None,
            group_values=tuple(
                _left(values, way, self.source, keep) for way, values in enumerate(self.group_values)
            ),
            beside={name: column[keep] for name, column in self.beside.items()},
        )

    def noted(self, *notes: str) -> "Sample":
        """Return the sample with more notes."""
        return replace(
            self, notes=(*self.notes, *notes), known_facts=self.__dict__.get("facts", self.known_facts)
        )


def facts_of(source: ModelArrays | StreamedArrays) -> SampleFacts:
    """Return what a sample's columns are like, by one pass over it."""
    fold = FactsFold(source.outcomes)
    if isinstance(source, ModelArrays):
        return run_fold(fold, cut_rows(FirmRows(source.columns[: source.outcomes + 1], source.starts)))
    told = source.only(range(source.outcomes + 1))
    return run_fold(fold, rows_of_blocks(told.blocks()))


def flow_steps(design: str, rows: int, losses: Sequence[tuple[str, str, int]]) -> list[FlowStep]:
    """Return a flow step per loss (step, reason, rows) of `rows` rows."""
    steps = []
    for step, reason, lost in losses:
        steps.append(FlowStep(design, step, "panel", rows, rows - lost, lost, reason=reason))
        rows -= lost
    return steps


def _left(
    values: pa.Array | None, way: int, source: ModelArrays | StreamedArrays, keep: Flags
) -> pa.Array | None:
    """Return the values of the levels that some rows leave."""
    group = source.groups[way]
    if values is None:
        return None
    if group is None or group.name == source.firm_name:
        seen = np.add.reduceat(keep, source.starts[:-1], dtype=np.int64) > 0
    else:
        seen = np.zeros(group.levels, dtype=np.bool_)
        seen[group.codes[keep]] = True
    return values.filter(pa.array(seen))
