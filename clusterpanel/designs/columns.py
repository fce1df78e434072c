"""Which number columns a sample holds, and how they are made of a block of the panel."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from clusterpanel.designs.encode import as_floats
from clusterpanel.designs.plan import EffectLayout, SamplePlan
from clusterpanel.models.absorb import CONSTANT
from clusterpanel.models.arrays import Floats


@dataclass(frozen=True)
class NumberColumns:
    """The number columns of a sample: those of the model, then those its effects and weights need.

    Attributes
    ----------
    plan : SamplePlan
    layout : EffectLayout
    """

    plan: SamplePlan
    layout: EffectLayout

    @property
    def names(self) -> tuple[str, ...]:
        """The columns after the outcomes, a constant last if there is one."""
        names = self.plan.regressors.names
        return (*names, CONSTANT) if self.plan.adds_constant else names

    @property
    def model(self) -> int:
        """The number of columns of the model, outcomes among them."""
        return len(self.plan.outcomes) + len(self.names)

    @property
    def further(self) -> tuple[str, ...]:
        """The panel columns that follow the model's: slopes' variables, weights, offset, those beside."""
        plan = self.plan
        slopes = (levels.slope for levels in self.layout.others)
        wanted = (*self.layout.firm_slopes, *slopes, plan.weights, plan.offset, *plan.beside)
        return tuple(dict.fromkeys(name for name in wanted if name is not None))

    @property
    def sources(self) -> tuple[str, ...]:
        """The panel columns that are read."""
        return tuple(
            dict.fromkeys((*self.plan.outcome_sources, *self.plan.regressors.sources, *self.further))
        )

    @property
    def outcome_sources(self) -> tuple[str, ...]:
        """The panel columns that are read where no regressor is asked for."""
        return tuple(dict.fromkeys((*self.plan.outcome_sources, *self.further)))

    @property
    def count(self) -> int:
        """The number of all columns."""
        return self.model + len(self.further)

    def make(self, table: pa.Table) -> list[Floats]:
        """Return the columns of a block's rows that are kept."""
        return self._make(table, self.plan.regressors.columns(table))

    def is_plain(self) -> bool:
        """Say whether every regressor is a panel column as it is."""
        return set(self.plan.regressors.names) <= set(self.plan.regressors.sources)

    def make_plain(self, table: pa.Table) -> list[Floats]:
        """Return the columns of all rows of a table, kept or not, where regressors are plain."""
        regressors = [as_floats(table.column(name)) for name in self.plan.regressors.names]
        return self._make(table, regressors)

    def make_outcomes(self, table: pa.Table) -> list[Floats]:
        """Return the columns with empty ones for the regressors, whose sources need not be there."""
        return self._make(table, [np.empty(0)] * len(self.plan.regressors.names))

    def _make(self, table: pa.Table, regressors: list[Floats]) -> list[Floats]:
        plan = self.plan
        constant = [np.ones(table.num_rows)] if plan.adds_constant else []
        return [
            *plan.outcome_columns(table),
            *regressors,
            *constant,
            *(as_floats(table.column(name)) for name in self.further),
        ]

    def place(self, name: str) -> int:
        """Return where a further column is among all."""
        return self.model + self.further.index(name)
