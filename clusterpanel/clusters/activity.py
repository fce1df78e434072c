"""How much goes on at each site: the weight summed in rings and clusters."""

import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.clusters.key_types import with_key_types
from clusterpanel.errors import SpecError
from clusterpanel.registry.registry import Registry


def site_activity(registry: Registry, sites: pa.Table, activity: str) -> pa.Array:
    """Return the activity of each row of `sites`, null where it is unknown.

    Parameters
    ----------
    registry : Registry
    sites : table
        Rows of ``sites`` with site_id, year and firm_id.
    activity : str
        A column of sites, or else of accounts, whose value is shared equally over the
        firm's sites of the year.

    Raises
    ------
    SpecError
        Neither table has the column.
    """
    if activity in sites.column_names:
        return pc.cast(sites.column(activity), pa.float64()).combine_chunks()
    accounts = registry.read("accounts") if registry.tables.has("accounts") else pa.table({})
    if activity not in accounts.column_names:
        raise SpecError(
            f"there is no activity {activity!r}",
            hint="Name a column of sites or accounts as the activity of the cluster spec, or leave it out.",
        )
    return _shared_account(with_key_types(accounts), sites, activity)


def _shared_account(accounts: pa.Table, sites: pa.Table, activity: str) -> pa.Array:
    key = ["firm_id", "year"]
    rows = sites.select(key).append_column("row", pa.array(range(len(sites)), pa.int64()))
    counts = sites.select(key).group_by(key).aggregate([([], "count_all")])
    joined = rows.join(counts, key).join(accounts.select([*key, activity]), key).sort_by("row")
    value = pc.cast(joined.column(activity), pa.float64())
    return pc.divide(value, pc.cast(joined.column("count_all"), pa.float64())).combine_chunks()
