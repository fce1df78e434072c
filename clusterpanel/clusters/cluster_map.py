"""The cluster map: every cluster drawn, by vintage, with its members."""

from dataclasses import dataclass

import pyarrow as pa

from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.engine.table_folder import TableFolder


@dataclass(frozen=True)
class ClusterMap:
    """Clusters of related firms and their members.

    Attributes
    ----------
    tables : TableFolder
        ``clusters`` (cluster_id, vintage, industry, members, firms, activity, area_km2, centre_latitude,
        centre_longitude, geometry as WKB in WGS84 longitude-latitude) and ``members`` (cluster_id, vintage,
        site_id, firm_id, is_core).
    """

    tables: TableFolder

    @property
    def clusters(self) -> pa.Table:
        """One row per cluster and vintage."""
        return self.tables.read("clusters")

    @property
    def members(self) -> pa.Table:
        """One row per member site, cluster and vintage."""
        return self.tables.read("members")

    @property
    def flow(self) -> tuple[FlowStep, ...]:
        """The sample flow of drawing."""
        return self.tables.read_flow()
