"""Rows of a gazetteer grouped by a text key, with the centre and spread of each group."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from clusterpanel.geocode.points import Centres, Ints, Points, centres_of, spans


@dataclass(frozen=True)
class PointGroups:
    """Rows of a gazetteer grouped by a text key.

    Attributes
    ----------
    keys : Index of str
        Sorted; each key begins with its country, so nothing is found across a border.
    starts : (groups + 1,) array
        Where each group begins in `rows`.
    rows : (members,) array
        Rows of the gazetteer.
    centres : Centres
    """

    keys: "pd.Index[str]"
    starts: Ints
    rows: Ints
    centres: Centres

    def find(self, keys: "pd.Series[str]") -> Ints:
        """Return the group of each key, -1 where there is none."""
        return self._lookup.get_indexer(pd.Index(keys, dtype="object")).astype(np.int64)

    def count_different(self, groups: Ints, point_number: Ints) -> Ints:
        """Return how many different points each of some groups holds, by the number of each row's point."""
        wanted, back = np.unique(groups, return_inverse=True)
        first, last = self.starts[wanted], self.starts[wanted + 1]
        numbers = int(point_number.max()) + 1
        group = np.repeat(np.arange(len(wanted)), last - first)
        pairs = np.unique(group * numbers + point_number[self.rows[spans(first, last)]])
        return np.bincount(pairs // numbers, minlength=len(wanted))[back].astype(np.int64)

    @cached_property
    def _lookup(self) -> "pd.Index[str]":
        # Plain objects: an Arrow text index is turned into objects anew at each look-up.
        return self.keys.astype("object")

    @classmethod
    def of(cls, keys: "pd.Series[str]", rows: Ints, points: Points) -> "PointGroups":
        """Group `rows` by their key."""
        codes, distinct = pd.factorize(keys, sort=True)
        order = np.argsort(codes, kind="stable")
        starts = np.searchsorted(codes[order], np.arange(len(distinct) + 1)).astype(np.int64)
        members = rows[order]
        return cls(pd.Index(distinct), starts, members, centres_of(points, members, starts[:-1]))
