"""The text of a cluster spec, drafted from what a register looks like."""

from clusterpanel.registry.sniff import Sniffed
from clusterpanel.registry.study_draft import NO_YEARS

YEARS_BETWEEN_VINTAGES = 5

DRAFT = """\
# A draft of how clusters of the register {name} are drawn: where many firms of one industry lie close
# together. Each number below is a choice; docs/explanation/clusters.md says what hangs on it.

name = "{name}"
title = "{name}: clusters of firms with one industry code"  # TODO: what the report calls them
vintages = {vintages}  # TODO: years of the panel in which clusters are drawn; the first must be among them
radii_km = [5, 10, 25, 50]  # TODO: within these distances of each site its neighbours are counted
{activity}

[industries]
ungrouped = "own"  # TODO: own: a code in no group is an industry of its own; none: it has no clusters

# TODO: codes that make one industry together.
# [industries.groups]
# steel = ["24.10", "24.20", "24.31"]

# A site with this many sites of its industry within eps_km, itself among them, makes a cluster. A firm's own
# sites never decide whether the firm is in one.
[draw]
method = "dbscan"
eps_km = 15  # TODO: how near is near, km
minimum_members = 8  # TODO: how many sites are many
"""


def draft_clusters(name: str, sniffed: Sniffed) -> str:
    """Return a cluster spec called `name`: density clusters, drawn anew every fifth year.

    ``TODO`` says what a person must decide. The text parses as a `ClusterSpec`.
    """
    years = sniffed.years or NO_YEARS
    vintages = list(range(years.first, years.last + 1, YEARS_BETWEEN_VINTAGES))
    activity = 'activity = "employment"  # TODO: what is summed over the neighbours beside their number'
    if not sniffed.has("employment"):
        activity = f"# {activity}"
    return DRAFT.format(name=name, vintages=vintages, activity=activity)
