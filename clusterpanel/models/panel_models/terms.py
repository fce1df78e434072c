"""The terms of a panel model: which columns enter, which firm means, and how their coefficients are shown."""

from dataclasses import dataclass

import numpy as np

from clusterpanel.models.absorb import CONSTANT
from clusterpanel.models.arrays import Floats
from clusterpanel.models.collinear import Collinear
from clusterpanel.models.panel_models.columns import PanelColumns
from clusterpanel.models.panel_models.dropped import collinear_terms
from clusterpanel.models.panel_models.firm_moments import FirmMoments
from clusterpanel.models.panel_models.quasi_demean import Terms
from clusterpanel.models.panel_models.rank import TOLERANCE
from clusterpanel.models.panel_models.solution import Shown

MEAN_PREFIX = "firm_mean_"
# A mean's rounding error, squared, relative to the mean's square.
ROUNDING = 1e-24


@dataclass(frozen=True)
class PanelModel:
    """A panel model before it is solved: columns, moments, and the terms that are kept.

    Attributes
    ----------
    columns : PanelColumns
    moments : FirmMoments
        Of the terms, the outcome first.
    terms : Terms
    collinear : tuple of Collinear
    """

    columns: PanelColumns
    moments: FirmMoments
    terms: Terms
    collinear: tuple[Collinear, ...]

    @property
    def constant(self) -> int:
        """The constant's place among the terms."""
        return int(np.flatnonzero(self.terms.columns == self.columns.constant)[0])


def panel_model(
    columns: PanelColumns,
    moments: FirmMoments,
    effects: tuple[str, ...],
    *,
    has_means: bool = False,
    is_between: bool = False,
) -> PanelModel:
    """Return a model's terms, collinear ones dropped.

    Parameters
    ----------
    columns : PanelColumns
    moments : FirmMoments
    effects : tuple of str
        Names of the effects that the dummies stand for.
    has_means : bool
        Whether the firm means of what varies within firms are terms too.
    is_between : bool
        Whether terms are compared between firms only, and not over all rows.

    Raises
    ------
    NotIdentifiedError
        The exposure is collinear.
    """
    terms = _all_terms(columns, moments, has_means)
    selected = moments.select(terms.columns, terms.averaged)
    first = np.flatnonzero((terms.columns >= columns.constant) & ~terms.averaged)
    others = np.flatnonzero((terms.columns < columns.constant) & ~terms.averaged)[1:]
    # Means of dummies go first, as the dummies do: what they explain of a regressor's mean is theirs.
    means = np.flatnonzero(terms.averaged)
    shown = np.concatenate([others, means])
    gram = selected.weighted_between(1 / moments.years) if is_between else selected.pooled
    gram = _without_constants(gram, _means(columns)[terms.columns], moments.rows)
    kept, collinear = collinear_terms(gram, terms.names, first, shown, effects)
    places = np.concatenate([[0], kept])
    visible = {*columns.names, *(MEAN_PREFIX + name for name in columns.names)}
    return PanelModel(
        columns,
        selected.select(places),
        terms.only(places),
        tuple(item for item in collinear if item.name in visible),
    )


def _all_terms(columns: PanelColumns, moments: FirmMoments, has_means: bool) -> Terms:
    """Return outcome, regressors, constant and dummies, and the means of what varies within firms."""
    names = [*columns.names, CONSTANT, *(f"dummy {place}" for place in range(columns.dummies))]
    places = np.arange(columns.count)
    averaged = np.zeros(columns.count, dtype=np.bool_)
    if has_means:
        varying = _varying(moments, columns)
        of_dummies = [place for place in varying if place > columns.constant]
        of_regressors = [place for place in varying if place < columns.constant]
        means = np.array([*of_dummies, *of_regressors], dtype=np.int64)
        names += [MEAN_PREFIX + names[place - 1] for place in means]
        places = np.concatenate([places, means])
        averaged = np.concatenate([averaged, np.ones(len(means), dtype=np.bool_)])
    return Terms(tuple(names), places, averaged)


def _varying(moments: FirmMoments, columns: PanelColumns) -> list[int]:
    """Return the columns after the outcome that vary within firms."""
    pooled = _without_constants(moments.pooled, _means(columns), moments.rows)
    totals, within = np.diag(pooled), np.diag(moments.within)
    return [place for place in range(1, columns.count) if within[place] > TOLERANCE * totals[place] > 0]


def _means(columns: PanelColumns) -> Floats:
    """Return what was taken off each column."""
    return np.concatenate([columns.centre, np.zeros(columns.count - len(columns.centre))])


def _without_constants(gram: Floats, means: Floats, rows: int) -> Floats:
    """Set to 0 what a column that never changes has left once its mean is off: the mean's rounding error."""
    varies = np.diag(gram) > ROUNDING * rows * means**2
    cleaned: Floats = gram * np.outer(varies, varies)
    return cleaned


def shown_terms(model: PanelModel) -> Shown:
    """Return what is shown: regressors, their means, and the constant where there are no dummies."""
    terms, columns = model.terms, model.columns
    shown = np.flatnonzero(terms.columns[1:] < columns.constant)
    names = [terms.names[place] for place in shown]
    back, added = np.eye(len(terms.names))[shown], np.zeros(len(shown))
    if columns.dummies == 0:
        row = np.zeros(len(terms.names))
        row[shown] = -columns.centre[terms.columns[1:][shown]]
        row[model.constant - 1] = 1.0
        names.append(CONSTANT)
        back, added = np.vstack([back, row]), np.append(added, columns.centre[0])
    return Shown(tuple(names), back, added)
