"""The chance of a yes, row by row, by a logit on the panel's columns."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import expit

from clusterpanel.designs.design import design
from clusterpanel.designs.encode import as_floats
from clusterpanel.designs.regression import estimate_regression
from clusterpanel.designs.sample_plan import term_plan
from clusterpanel.designs.terms import TermPlan
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Flags, Floats
from clusterpanel.panel.panel import Panel

OUTCOME = "is_yes_of_weights"


def chances(name: str, panel: Panel, is_yes: Floats, at_risk: Flags, terms: Sequence[str]) -> Floats:
    """Return the chance of a yes in each row, by a logit fitted on the rows at risk.

    Parameters
    ----------
    name : str
        What errors call the model.
    panel : Panel
    is_yes : float array, shape (rows,)
        1, 0, or missing.
    at_risk : bool array, shape (rows,)
    terms : sequence of str
        Panel columns or terms; none: the share of yes.

    Returns
    -------
    float array, shape (rows,)
        Missing where a term is.

    Raises
    ------
    NotIdentifiedError
        Nobody at risk has a yes, or everybody, or a term foretells it.
    SpecError
        The panel lacks a column.
    """
    told = at_risk & np.isfinite(is_yes)
    share = float(is_yes[told].mean()) if told.any() else np.nan
    if not 0 < share < 1:
        raise NotIdentifiedError(
            f"the model of {name} has rows of one kind only", hint="Take more years, or another event."
        )
    if not terms:
        return np.full(len(is_yes), share)
    spec = design(
        name=name,
        comparison="pooled",
        estimator="logit",
        outcome=OUTCOME,
        exposure=terms[0],
        controls=tuple(terms[1:]),
        vcov="HC1",
    )
    outcome = pa.array(np.where(told, is_yes, np.nan), mask=~told)
    with_outcome = with_column(panel, OUTCOME, outcome)
    fitted = estimate_regression(spec, with_outcome).estimate.set_index("term")["estimate"]
    columns = term_columns(term_plan(spec, with_outcome), panel)
    constant = np.ones(len(is_yes))
    terms_of_row = [value * columns.get(str(term), constant) for term, value in fitted.items()]
    found: Floats = expit(np.sum(terms_of_row, axis=0))
    return found


def term_columns(plan: TermPlan, panel: Panel) -> dict[str, Floats]:
    """Return the columns of the terms, each of shape (rows,), missing in rows in which one of them is."""
    table = panel.read(plan.sources)
    is_complete = np.all([np.isfinite(_as_known(table.column(name))) for name in plan.sources], axis=0)
    is_complete &= ~np.any([*plan.undefined(table).values(), ~is_complete], axis=0)
    columns = plan.columns(table.filter(pa.array(is_complete)))
    found = {name: np.full(table.num_rows, np.nan) for name in plan.names}
    for name, column in zip(plan.names, columns, strict=True):
        found[name][is_complete] = column
    return found


def _as_known(column: pa.ChunkedArray) -> Floats:
    """Return the numbers of a column; of a text column 0 where it is not missing."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return np.where(pc.is_valid(column).to_numpy(), 0.0, np.nan)
    return as_floats(column)


def with_column(panel: Panel, name: str, values: pa.Array) -> Panel:
    """Return the panel, in memory, with one more column."""
    table = panel.read(panel.columns)
    return Panel.from_frame(table.append_column(name, values), panel.firm, panel.time)
