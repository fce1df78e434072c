"""Are slopes the same in all firms? The F test of one regression against one for each firm."""

from dataclasses import dataclass

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import ArrayBlock, Floats, ModelSource
from clusterpanel.models.panel_models.columns import PanelColumns, panel_columns
from clusterpanel.models.panel_models.firm_moments import firm_moments
from clusterpanel.models.panel_models.panel_test import PanelTest, f_test
from clusterpanel.models.panel_models.terms import panel_model
from clusterpanel.models.panel_models.within_fit import within_fit


def poolability(source: ModelSource, threads: int = 1) -> PanelTest:
    """Test whether slopes are the same in all firms, which have effects of their own either way.

    Chow's test as R plm's ``pooltest`` of a within model (Baltagi 2021, section 4.1).

    Raises
    ------
    NotIdentifiedError
        A firm has no more rows than its own regression has coefficients.
    """
    columns = panel_columns(source, "the test of common slopes", threads)
    model = panel_model(columns, firm_moments(source, columns, threads), source.effect_names)
    moments, slopes = model.moments, len(model.terms.names) - 1
    varying, _, within = within_fit(moments)
    fewest = int(moments.years[0])
    if fewest <= slopes + 1 or len(varying) < slopes:
        raise NotIdentifiedError(
            f"a regression for each firm needs regressors that vary in it and more than {slopes + 1} rows; "
            f"the fewest are {fewest}",
            hint="Keep firms with more years, or use fewer regressors.",
        )
    apart = run_fold(OwnSlopesFold(columns, model.terms.columns), source.blocks(), threads)
    left = moments.rows - moments.firms * (slopes + 1)
    restrictions = (moments.firms - 1) * slopes
    statistic = (within - apart) / restrictions / (apart / left)
    rule = "squares of within residuals less those of a regression for each firm"
    return f_test("F", "slopes are the same in all firms", statistic, (restrictions, left), rule)


@dataclass(frozen=True)
class OwnSlopesFold:
    """The fold of the squares of residuals of a regression for each firm.

    Attributes
    ----------
    columns : PanelColumns
    places : integer array
        The columns, the outcome first.
    """

    columns: PanelColumns
    places: np.ndarray

    def step(self, block: ArrayBlock) -> float:
        """Return a block's squares."""
        values = self.columns.of(block)[self.places]
        bounds = zip(block.starts[:-1], block.starts[1:], strict=True)
        return float(sum(_squares(values[:, first:last]) for first, last in bounds))

    def merge(self, left: float, right: float) -> float:
        """Add two blocks' squares."""
        return left + right

    def solve(self, moments: float) -> float:
        """Return the squares of all firms."""
        return moments


def _squares(values: Floats) -> float:
    """Return the squares that the first row's regression on the others leaves.

    Raises
    ------
    NotIdentifiedError
        The firm's own regressors are collinear.
    """
    solution, _, rank, _ = np.linalg.lstsq(values[1:].T, values[0], rcond=None)
    if rank < len(values) - 1:
        raise NotIdentifiedError(
            "in some firm the regressors are collinear, so that it has no slopes of its own"
        )
    residuals = values[0] - solution @ values[1:]
    return float(residuals @ residuals)
