"""Draw the sample of a design: one pass over the panel, block by block."""

from collections.abc import Iterator

import pyarrow as pa

from clusterpanel.designs.columns import NumberColumns
from clusterpanel.designs.digest import ColumnDigests, RowsSetAside
from clusterpanel.designs.exits import ExitCheck
from clusterpanel.designs.finish import Drawn, finish_sample
from clusterpanel.designs.known_columns import KnownColumns
from clusterpanel.designs.plan import SamplePlan
from clusterpanel.designs.row_filter import RowFilter
from clusterpanel.designs.row_mask import RowMask
from clusterpanel.designs.sample import Sample
from clusterpanel.designs.stores import CodeStore, FirmStore, NumberStore
from clusterpanel.engine.ahead import read_ahead
from clusterpanel.engine.firm_blocks import MemoryBlocks
from clusterpanel.engine.progress import watched
from clusterpanel.models.arrays import Flags, Integers
from clusterpanel.panel.panel import Panel

# Beyond it a sample is not held but read again in each pass; fixed, so that the same run gives the same bits
# on any computer.
MEMORY_GB = 2.0
# More groups than these are neither labelled nor given an influence each where a sample is streamed.
MOST_STREAMED_GROUPS = 5_000_000


def draw_sample(plan: SamplePlan, panel: Panel, memory_gb: float = MEMORY_GB) -> Sample:
    """Return the panel's rows that meet the plan's conditions and miss none of its columns.

    Parameters
    ----------
    plan : SamplePlan
    panel : Panel
    memory_gb : float
        What the sample's arrays may take, in 10^9 bytes. A sample that takes more is streamed: its codes are
        held (1 to 4 bytes a row and effect), its numbers read from the panel in each pass.

    Raises
    ------
    NotIdentifiedError
        No row is left.
    SpecError
        A condition's values cannot be compared with its column.
    DataError
        Weights are negative, firms are missing or not in order, or exits are told that were not seen.
    """
    drawing = Drawing(plan, panel, memory_gb)
    for table in drawing.tables():
        drawing.add(table)
    return drawing.finish()


class Drawing:
    """What is known of a sample after some blocks."""

    def __init__(self, plan: SamplePlan, panel: Panel, memory_gb: float) -> None:
        known, firm = panel.columns, panel.firm
        self.plan, self.panel = plan, panel
        self.layout, self.ways = plan.layout(firm, known), plan.ways(known)
        self.needed = plan.needed(known)
        self.is_whole, most_rows = self._room(memory_gb)
        data = panel.data
        self.known = KnownColumns(data) if self.is_whole and isinstance(data, MemoryBlocks) else None
        self.filter = RowFilter(
            plan.name,
            plan.where,
            self.needed,
            undefined=plan.regressors.undefined,
            weights=plan.weights,
            firm=firm,
            is_complete=None if self.known is None else self.known.is_complete,
        )
        self.exits = ExitCheck(self.needed, known)
        parts = dict.fromkeys(name for levels in (*self.layout.others, *self.ways) for name in levels.columns)
        labels_firms = any(firm in way.columns for way in self.ways)
        self.codes = CodeStore((name for name in parts if name != firm), panel.data.schema)
        self.firms = FirmStore(
            firm,
            in_order=panel.data.in_memory,
            drops_alone=plan.drops_singletons and (self.layout.absorbs_firm or bool(self.layout.firm_slopes)),
            most_labels=0 if not labels_firms else None if self.is_whole else MOST_STREAMED_GROUPS,
        )
        self.numbers = NumberStore(NumberColumns(plan, self.layout), panel.data.rows, most_rows)
        self.digests = ColumnDigests(() if self.known else self.numbers.numbers.sources)
        self.set_aside = RowsSetAside()
        self.masks: list[RowMask] = []

    def _room(self, memory_gb: float) -> tuple[bool, float]:
        """Return whether all rows of the panel may be held at once, and how many may be."""
        numbers = NumberColumns(self.plan, self.layout).count
        bytes_a_row = 8 * numbers + 4 * (1 + len(self.layout.others) + len(self.ways))
        most_rows = memory_gb * 1e9 / bytes_a_row
        return self.panel.data.in_memory and self.panel.data.rows <= most_rows, most_rows

    def tables(self) -> Iterator[pa.Table]:
        """Yield the panel's blocks; all rows at once where they are in memory already and may be held."""
        firm, data = self.panel.firm, self.panel.data
        read = self.numbers.numbers.sources
        columns = list(dict.fromkeys((firm, *self.needed, *read, *self.plan.where, *self.exits.columns)))
        if self.is_whole:
            yield data.read(columns)
            return
        texts = (name for name in (firm, *self.codes.dictionaries) if _is_text(data.schema.field(name).type))
        tables = read_ahead(data.blocks(columns, list(texts)))
        yield from watched(tables, f"{self.plan.name}: drawing the sample", data.rows, len)

    def add(self, table: pa.Table) -> None:
        """Go on with a block of whole firms."""
        if not table.num_rows:
            return
        self.exits.add(table)
        sizes, keep = self._add_firms(table)
        mask = RowMask.of(keep, table.num_rows)
        self.masks.append(mask)
        self.digests.add(table)
        self.set_aside.add(None if mask.bits is None else keep, table.num_rows)
        if mask.kept:
            kept = None if mask.bits is None else keep
            self._add_codes(table, kept)
            self.numbers.add(table.select(self.numbers.numbers.sources), kept, sizes, self.filter.rows)

    def _add_firms(self, table: pa.Table) -> tuple[Integers, Flags | None]:
        firms, keep = table.column(self.panel.firm), self.filter.keep(table)
        if self.known is None or firms.null_count:
            return self.firms.add(firms, keep)
        labels = self.known.firm_labels() if self.firms.holds_labels else None
        return self.firms.add(firms, keep, self.known.starts(), labels)

    def _add_codes(self, table: pa.Table, keep: Flags | None) -> None:
        for name in self.codes.dictionaries if self.known else ():
            known = self.known.codes(name) if self.known else None
            if known is not None:
                self.codes.know(name, known.codes, known.values, keep)
        self.codes.add(table, keep)

    def finish(self) -> Sample:
        """Return the sample, rows alone in a level dropped."""
        self.exits.refuse()
        flow = tuple(self.filter.flow())
        drawn = Drawn(
            self.panel,
            self.ways,
            flow,
            tuple(self.masks),
            self.firms,
            self.codes,
            self.numbers,
            (self.set_aside.finish(), *self._column_digests()),
        )
        return finish_sample(drawn)

    def _column_digests(self) -> list[bytes]:
        if self.known is None:
            return self.digests.finish()
        return [self.known.digest(name) for name in self.numbers.numbers.sources]


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
