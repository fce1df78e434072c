"""From industry codes to the industries clusters are drawn in."""

import pyarrow as pa
import pytest

from clusterpanel.clusters.industries import cluster_industry
from clusterpanel.errors import DataError, SpecError
from clusterpanel.spec.clusters import IndustryScheme

CODES = pa.array(["8", "32", "08", "20", "7", None])


def test_groups_exclusions_and_codes_of_their_own() -> None:
    scheme = IndustryScheme(groups={"ceramics": ("8", "32")}, exclude=("20",))
    assert cluster_industry(CODES, scheme).to_pylist() == ["ceramics", "ceramics", "08", None, "7", None]


def test_codes_in_no_group_can_be_left_out() -> None:
    scheme = IndustryScheme(groups={"ceramics": ("8", "32")}, ungrouped="none")
    assert cluster_industry(CODES, scheme).to_pylist() == ["ceramics", "ceramics", None, None, None, None]


def test_a_chunked_column_is_read_as_one() -> None:
    chunked = pa.chunked_array([["8"], ["7", "8"]])
    assert cluster_industry(chunked, IndustryScheme(groups={"c": ("8",)})).to_pylist() == ["c", "7", "c"]


def test_a_code_in_two_groups_or_grouped_and_excluded_is_refused() -> None:
    scheme = IndustryScheme(groups={"one": ("8", "9"), "two": ("8",)}, exclude=("9",))
    with pytest.raises(SpecError) as caught:
        cluster_industry(CODES, scheme)
    assert len(caught.value.faults) == 2


def test_a_code_called_like_a_group_that_does_not_hold_it_is_refused() -> None:
    with pytest.raises(DataError, match="called like a group"):
        cluster_industry(pa.array(["glass", "8"]), IndustryScheme(groups={"glass": ("8",)}))
