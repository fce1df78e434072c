"""The places of sites that the map shows, and how many lie beyond its borders."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clusterpanel.report.digits import counted
from clusterpanel.report.projection import Projection

SITES = """
    SELECT dense_rank() OVER (ORDER BY firm_id) AS firm, longitude, latitude, count(DISTINCT site_id) AS sites
    FROM read_parquet($points)
    JOIN (SELECT site_id, year, firm_id FROM read_parquet($sites)) USING (site_id, year)
    WHERE longitude IS NOT NULL AND latitude IS NOT NULL
    GROUP BY firm_id, longitude, latitude ORDER BY ALL
"""


@dataclass(frozen=True)
class Sites:
    """Distinct places of sites.

    Attributes
    ----------
    firm : array, shape (n,)
        A number that stands for the firm.
    xy : array, shape (n, 2)
        Metres on the map.
    count : array, shape (n,)
        The firm's sites there.
    """

    firm: NDArray[np.int64]
    xy: NDArray[np.float64]
    count: NDArray[np.int64]

    def where(self, keep: NDArray[np.bool_]) -> "Sites":
        """Return some of the places."""
        return Sites(self.firm[keep], self.xy[keep], self.count[keep])


def sites_of(table: NDArray[np.float64], projection: Projection) -> Sites:
    """Return the places from rows of firm, longitude, latitude (degrees) and sites."""
    xy = projection.forward(table[:, 1:3])
    return Sites(table[:, 0].astype(np.int64), xy, table[:, 3].astype(np.int64))


def far_sentence(sites: Sites, minimum_firms: int) -> str:
    """Return how many sites lie beyond the map's borders; nothing where none does."""
    if not len(sites.firm):
        return ""
    is_hidden = len(set(sites.firm.tolist())) < minimum_firms
    count = "A few sites" if is_hidden else counted(int(sites.count.sum()), "site")
    verb = "lies" if count == "1 site" else "lie"
    return f" {count}, far from the others, {verb} outside the map."
