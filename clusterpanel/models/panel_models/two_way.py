"""Two-way random effects of firm and year, for balanced panels.

Where every firm is seen in every year, generalised least squares is least squares of rows less a share of
their firm's mean and of their year's, plus one of the mean of all (Baltagi 2021, Econometric Analysis of
Panel Data, equation 3.13).
"""

from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import ArrayBlock, Floats, Integers, ModelSource
from clusterpanel.models.fit import Fit
from clusterpanel.models.panel_models.changed_source import ChangedSource
from clusterpanel.models.panel_models.columns import PanelColumns, firm_means, panel_columns, pieces
from clusterpanel.models.panel_models.firm_moments import firm_moments
from clusterpanel.models.panel_models.quasi_demean import Terms
from clusterpanel.models.panel_models.solution import PanelSolution
from clusterpanel.models.panel_models.terms import panel_model, shown_terms
from clusterpanel.models.panel_models.two_way_components import (
    TwoWayMoments,
    TwoWayRule,
    two_way_components,
    two_way_moments,
)
from clusterpanel.models.panel_models.variation import explained_shares
from clusterpanel.models.vcov.from_rows import RowPlaces
from clusterpanel.spec.vcov import Vcov


def fit_two_way_random_effects(
    source: ModelSource,
    vcov: Vcov = "iid",
    *,
    components: TwoWayRule = "swamy_arora",
    places: RowPlaces | None = None,
    times: Integers | None = None,
    threads: int = 1,
) -> Fit:
    """Fit random effects of the firm and of the year.

    Parameters
    ----------
    source : ModelSource
        Balanced; its only effect is the year, its firms are not absorbed.
    components : str
    vcov : Vcov
        As a design's spec has it.
    places : RowPlaces or None
    times : integer array, shape (groups,), or None
    threads : int

    Raises
    ------
    SpecError
        The panel is not balanced, has other effects than the year, or weights.
    NotIdentifiedError
        The exposure is collinear, or there are too few firms, years or rows.
    """
    solution = solve_two_way_random_effects(source, components, threads)
    return solution.fit(solution.covariance(vcov, places=places, times=times, threads=threads))


def solve_two_way_random_effects(
    source: ModelSource, components: TwoWayRule = "swamy_arora", threads: int = 1
) -> PanelSolution:
    """Return `fit_two_way_random_effects` before its variance."""
    if len(source.effect_names) != 1:
        raise SpecError(
            f"two-way random effects came with the effects {', '.join(source.effect_names) or 'none'}; "
            "allowed: the year alone"
        )
    columns = panel_columns(source, "two-way random effects", threads, has_dummies=False)
    firm = firm_moments(source, columns, threads)
    means = run_fold(YearFold(columns, source.effect_levels[0], source.firm_levels), source.blocks(), threads)
    model = panel_model(columns, firm, ())
    kept = model.terms.columns
    moments = two_way_moments(model.moments, means[kept], model.constant)
    found = two_way_components(moments, components)
    left = found.left(moments.firms, moments.years)
    change = TwoWayDemean(columns, model.terms, means, left)
    changed = ChangedSource(
        source, change, model.terms.names, source.rows, source.firm_levels, (), (), source.group_levels
    )
    gram = _gram(moments, left, model.constant)
    solved = PanelSolution(changed, gram, shown_terms(model), model.collinear)
    facts = {
        **explained_shares(model.moments, solved.coefficients, model.constant),
        "sigma2_residual": found.sigma2_residual,
        "sigma2_firm": found.sigma2_firm,
        "sigma2_year": found.sigma2_year,
        "theta_firm": 1 - left[0],
        "theta_year": 1 - left[1],
        "theta_total": 1 - left[0] - left[1] + left[2],
    }
    return replace(solved, facts=facts)


@dataclass(frozen=True)
class YearFold:
    """The fold of the year means, which also sees to it that the panel is balanced.

    Attributes
    ----------
    columns : PanelColumns
    years, firms : int
    """

    columns: PanelColumns
    years: int
    firms: int

    def step(self, block: ArrayBlock) -> Floats:
        """Return a block's sums by year; shape (columns, years).

        Raises
        ------
        SpecError
            A firm is not seen once in every year.
        """
        firms = len(block.starts) - 1
        levels = block.effects[:, 0]
        if block.rows != firms * self.years or not self._is_each_year_once(levels.reshape(firms, self.years)):
            raise SpecError(
                "two-way random effects need a balanced panel: every firm once in every year",
                hint="Keep the firms that are seen throughout, or absorb year in one-way random effects.",
            )
        values = self.columns.of(block)
        return np.stack([np.bincount(levels, column, self.years) for column in values])

    def merge(self, left: Floats, right: Floats) -> Floats:
        """Add two blocks' sums."""
        return left + right

    def solve(self, moments: Floats) -> Floats:
        """Return the year means."""
        return moments / self.firms

    def _is_each_year_once(self, levels: np.ndarray) -> bool:
        return bool((np.sort(levels, axis=1) == np.arange(self.years)).all())


def _gram(moments: TwoWayMoments, left: tuple[float, float, float], constant: int) -> Floats:
    """Return the cross-products of the quasi-demeaned columns, the constant back in its place."""
    firm, year, total = left
    split = moments.within + firm**2 * moments.between_firms + year**2 * moments.between_years
    gram = np.insert(np.insert(split, constant, 0.0, axis=0), constant, 0.0, axis=1)
    gram[constant, constant] = total**2 * moments.rows
    return gram


@dataclass(frozen=True)
class TwoWayDemean:
    """The change of a block: each column less shares of its firm and year means, plus one of the mean of all.

    Attributes
    ----------
    columns : PanelColumns
    terms : Terms
    year_means : float array, shape (columns, years)
    left : (float, float, float)
        The shares that stay of firm means, year means and the mean of all.
    """

    columns: PanelColumns
    terms: Terms
    year_means: Floats
    left: tuple[float, float, float]

    def __call__(self, block: ArrayBlock) -> ArrayBlock:
        """Return the quasi-demeaned block, without effects."""
        parts = [self._of_piece(piece) for piece in pieces(block)]
        return block._replace(
            values=np.concatenate(parts, axis=1), effects=np.empty((block.rows, 0), dtype=np.int32)
        )

    def _of_piece(self, piece: ArrayBlock) -> Floats:
        values = self.columns.of(piece)
        means, years = firm_means(values, piece.starts)
        firm, year, total = self.left
        values -= np.repeat((1 - firm) * means, years, axis=1)
        values -= (1 - year) * self.year_means[:, piece.effects[:, 0]]
        # Regressors and outcome are centred, so that only the constant has a mean.
        values[self.columns.constant] = total
        return values[self.terms.columns]
