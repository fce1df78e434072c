"""A panel model once it is solved, before its variance: rows, bread, coefficients, and how they are shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import ArrayBlock, Floats, Integers
from clusterpanel.models.collinear import Collinear
from clusterpanel.models.fit import Fit
from clusterpanel.models.linearised import Linearised
from clusterpanel.models.panel_models.changed_source import ChangedSource, gathered
from clusterpanel.models.panel_models.rank import scaled_inverse
from clusterpanel.models.scores import GroupSums, join_groups, sum_by_group
from clusterpanel.models.vcov.counts import SampleCounts, count_sample
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.from_rows import RowPlaces, from_rows
from clusterpanel.models.vcov.from_sums import from_sums
from clusterpanel.models.vcov.sums import ScoreSums
from clusterpanel.spec.vcov import BlockBootstrapVcov, Vcov


@dataclass(frozen=True)
class Shown:
    """How the coefficients that are shown follow from those that were solved for.

    Attributes
    ----------
    names : tuple of str
    back : float array, shape (names, terms)
    added : float array, shape (names,)
    """

    names: tuple[str, ...]
    back: Floats
    added: Floats


@dataclass(frozen=True)
class PanelSolution:
    """Least squares of changed rows.

    Attributes
    ----------
    source : ChangedSource
        The rows, the outcome first.
    gram : float array, shape (1 + terms, 1 + terms)
        Their cross-products.
    shown : Shown
    collinear : tuple of Collinear
    facts : mapping
    """

    source: ChangedSource
    gram: Floats
    shown: Shown
    collinear: tuple[Collinear, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def bread(self) -> Floats:
        """Inverse of the terms' cross-products."""
        return scaled_inverse(self.gram[1:, 1:])

    @cached_property
    def coefficients(self) -> Floats:
        """Of all terms, shown or not."""
        solved: Floats = self.bread @ self.gram[1:, 0]
        return solved

    @property
    def shown_coefficients(self) -> Floats:
        """Of the terms that are shown, in the order of ``shown.names``."""
        return self.shown.back @ self.coefficients + self.shown.added

    @cached_property
    def counts(self) -> SampleCounts:
        """Rows and parameters, for the small-sample rule."""
        return count_sample(self.source, len(self.coefficients))

    def sums(self, times: Integers | None = None, threads: int = 1) -> ScoreSums:
        """Return the sums of scores by group, in one pass over the sample."""
        fold = PanelScoreFold(self.bread, self.coefficients, self.source.group_levels, times)
        return run_fold(fold, self.source.blocks(), threads)

    def linearised(self) -> Linearised:
        """Return the model row by row, in memory, for variances that need it so."""
        rows = gathered(self.source)
        regressors = np.column_stack(rows.columns[1:])
        return Linearised(
            names=self.source.names,
            coefficients=self.coefficients,
            bread=self.bread,
            regressors=regressors,
            residuals=rows.columns[0] - regressors @ self.coefficients,
        )

    def covariance(
        self,
        vcov: Vcov,
        *,
        places: RowPlaces | None = None,
        times: Integers | None = None,
        threads: int = 1,
    ) -> Covariance:
        """Return the covariance of all terms.

        Parameters
        ----------
        vcov : Vcov
            As a design's spec has it.
        places : RowPlaces or None
            Where each of the model's rows stands; None: sums over the source's own groups suffice.
        times : integer array, shape (groups,), or None
            The years of the first way, for Driscoll-Kraay errors.
        threads : int

        Raises
        ------
        SpecError
            The variance is not defined for the model, or needs to know where rows stand.
        NotIdentifiedError
            There are too few groups or rows.
        """
        if isinstance(vcov, BlockBootstrapVcov):
            raise SpecError(
                "the block bootstrap refits the model: it is no function of one fit's rows",
                hint=f'Choose vcov = {{ CRV1 = "{self.source.firm_name}" }}.',
            )
        if places is None:
            return from_sums(vcov, self.sums(times, threads), self.counts)
        self._check_places(places)
        return from_rows(vcov, self.linearised(), self.counts, places)

    def _check_places(self, places: RowPlaces) -> None:
        """Refuse places of other rows than the model's: between has one row a firm.

        Raises
        ------
        SpecError
        """
        told = (places.firms, places.times, places.latitude, places.longitude)
        columns = [*(group.codes for group in places.groups), *told]
        sizes = {len(column) for column in columns if column is not None}
        if sizes - {self.source.rows}:
            raise SpecError(
                f"the variance came with the places of {max(sizes):,} rows; the model has "
                f"{self.source.rows:,}",
                hint=f'Choose vcov = {{ CRV1 = "{self.source.firm_name}" }}, or HC1.',
            )

    def fit(self, covariance: Covariance) -> Fit:
        """Return the fit with a covariance of all terms."""
        back = self.shown.back
        shown = covariance.of_combinations(back)
        if covariance.p_values is not None:
            # Tests by bootstrap are of terms themselves: a sum of terms, such as the constant, has none.
            is_term = (back != 0).sum(axis=1) == 1
            terms = np.argmax(back != 0, axis=1)
            shown = replace(
                shown,
                p_values=np.where(is_term, covariance.p_values[terms], np.nan),
                intervals=None
                if covariance.intervals is None
                else np.where(is_term[:, None], covariance.intervals[terms], np.nan),
            )
        return Fit(
            names=self.shown.names,
            coefficients=self.shown_coefficients,
            variance=shown,
            collinear=self.collinear,
            facts=self.facts,
        )


@dataclass
class PanelScores:
    """Scores of some blocks: squares of residuals, rows' outer products, and sums by group each way."""

    squares: float
    meat: Floats
    parts: list[list[GroupSums]]


@dataclass(frozen=True)
class PanelScoreFold:
    """The fold of a panel model's scores.

    Attributes
    ----------
    bread : float array, shape (terms, terms)
    coefficients : float array, shape (terms,)
    group_levels : tuple of int
    times : integer array, shape (groups,), or None
        The years of the first way.
    """

    bread: Floats
    coefficients: Floats
    group_levels: tuple[int, ...]
    times: Integers | None = None

    def step(self, block: ArrayBlock) -> PanelScores:
        """Return one block's scores."""
        residuals = block.values[0] - self.coefficients @ block.values[1:]
        scores = block.values[1:] * residuals
        parts = [
            [sum_by_group(scores, groups, levels)]
            for groups, levels in zip(block.groups.T, self.group_levels, strict=True)
        ]
        return PanelScores(float(residuals @ residuals), scores @ scores.T, parts)

    def merge(self, left: PanelScores, right: PanelScores) -> PanelScores:
        """Return both blocks' scores."""
        parts = [mine + others for mine, others in zip(left.parts, right.parts, strict=True)]
        return PanelScores(left.squares + right.squares, left.meat + right.meat, parts)

    def solve(self, moments: PanelScores) -> ScoreSums:
        """Add the blocks' groups up."""
        groups = tuple(
            join_groups(parts, levels) for parts, levels in zip(moments.parts, self.group_levels, strict=True)
        )
        return ScoreSums(self.bread, moments.squares, moments.meat, groups, self.times)
