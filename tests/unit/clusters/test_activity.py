"""Where a site's activity comes from."""

import pandas as pd
import pytest

from clusterpanel.errors import SpecError

from .conftest import Draw, a_spec
from .test_dbscan import SPEC, stacked

WITH_SALES = a_spec(SPEC.draw.model_dump(), activity="sales_eur")


def test_an_account_is_shared_equally_over_the_firms_sites_of_the_year(drawn: Draw) -> None:
    sites = stacked(6).assign(firm_id=["big", "big", "f2", "f3", "f4", "f5"])
    accounts = pd.DataFrame({"firm_id": ["big", "f2", "f3"], "year": 2001, "sales_eur": [10.0, 1.0, 2.0]})
    clusters, exposure = drawn(sites, WITH_SALES, accounts=accounts)
    sums = exposure.set_index("site_id").own_activity_5km
    assert sums.to_dict() == {"s0": 3, "s1": 3, "s2": 12, "s3": 11, "s4": 13, "s5": 13}
    assert clusters.clusters.column("activity").to_pylist() == [13]
    assert clusters.flow[-1].rows_set_aside == 2


def test_a_column_of_the_sites_comes_first(drawn: Draw) -> None:
    sites = stacked(5).assign(sales_eur=[1.0, 2.0, 3.0, 4.0, None])
    _, exposure = drawn(sites, WITH_SALES)
    assert exposure.all_activity_5km.tolist() == [9, 8, 7, 6, 10]


def test_an_activity_that_no_table_has_is_refused(drawn: Draw) -> None:
    with pytest.raises(SpecError, match="sales_eur"):
        drawn(stacked(5), WITH_SALES)


def test_radii_keep_the_order_of_the_spec(drawn: Draw) -> None:
    sites = stacked(5)
    sites.loc[4, "longitude"] = 14.1
    _, exposure = drawn(sites, a_spec({**SPEC.draw.model_dump(), "minimum_members": 3}, radii_km=(10.0, 2.5)))
    row = exposure.set_index("site_id").loc["s0"]
    assert (row.own_count_10km, row.own_count_2_5km) == (4, 3)
    assert list(exposure.columns[-4:]) == [
        "own_count_10km",
        "all_count_10km",
        "own_count_2_5km",
        "all_count_2_5km",
    ]
