"""The registry: a study's registers as canonical tables."""

from dataclasses import dataclass

import pyarrow as pa

from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.engine.table_folder import TableFolder


@dataclass(frozen=True)
class Registry:
    """Canonical tables, each with unique keys that are never missing.

    Attributes
    ----------
    tables : TableFolder
        ``firms``, ``sites``, ``accounts`` and the rest of those the study has; ``quarantine`` with the rows
        that could not be mapped; after geocoding also ``site_points``, ``geocode_quality`` and
        ``coordinate_faults``.
    """

    tables: TableFolder

    def read(self, table: str) -> pa.Table:
        """Read one canonical table."""
        return self.tables.read(table)

    @property
    def flow(self) -> tuple[FlowStep, ...]:
        """The sample flow so far."""
        return self.tables.read_flow()
