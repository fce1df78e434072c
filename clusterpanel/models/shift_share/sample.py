"""The rows of a shift-share regression, controls and effects taken out."""

from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.errors import DataError, Fault, SpecError
from clusterpanel.models.absorb import CONSTANT
from clusterpanel.models.arrays import Floats, ModelArrays
from clusterpanel.models.instruments.equation import project_on
from clusterpanel.models.instruments.parts import check_identified
from clusterpanel.models.instruments.prepare import Prepared, absorb_parts
from clusterpanel.models.instruments.variances import centred_rows
from clusterpanel.models.shift_share.errors_by_shock import LeftRows
from clusterpanel.models.shift_share.shares import Shares

VARIABLE = "shift_share"
SUM_OF_SHARES = "sum_of_shares"


@dataclass(frozen=True)
class ShiftShareSample:
    """A sample with its shift-share variable.

    Attributes
    ----------
    arrays : ModelArrays
        With the variable, and the sum of the shares if it is controlled for, among the columns.
    prepared : Prepared
        The exposure is endogenous, or is the variable itself.
    left : LeftRows
    shares : Shares
    """

    arrays: ModelArrays
    prepared: Prepared
    left: LeftRows
    shares: Shares

    @property
    def exposure(self) -> str:
        """The column whose coefficient is estimated."""
        return self.prepared.parts.endogenous[0]


def prepare_shift_share(
    arrays: ModelArrays,
    shares: Shares,
    variable: Floats,
    endogenous: str | None,
    *,
    controls_sum: bool = False,
    threads: int = 1,
) -> ShiftShareSample:
    """Absorb the effects, take out the controls, and check that the variable is left.

    Parameters
    ----------
    arrays : ModelArrays
        One outcome, then the endogenous exposure (if any) and controls.
    shares : Shares
        In the order of the rows.
    variable : float array, shape (rows,)
    endogenous : str or None
        None: the effect of the variable itself.
    controls_sum : bool
        Whether the sum of the shares is a control.
    threads : int

    Raises
    ------
    SpecError, DataError
        Columns are not in the sample, rows do not match, or weights are frequencies.
    NotIdentifiedError
        Controls and effects explain the variable.
    """
    _check(arrays, shares, variable, endogenous)
    columns = {SUM_OF_SHARES: shares.sums} if controls_sum else {}
    arrays = _with_columns(arrays, {**columns, VARIABLE: variable})
    prepared = absorb_parts(arrays, (endogenous or VARIABLE,), (VARIABLE,), threads)
    check_identified(prepared.parts)
    return ShiftShareSample(arrays, prepared, _left(arrays, prepared), shares)


def _left(arrays: ModelArrays, prepared: Prepared) -> LeftRows:
    parts, rows = prepared.parts, centred_rows(prepared, arrays)
    exogenous = parts.select(parts.exogenous)
    outcome = parts.outcome - project_on(parts.rest, parts.outcome[:, None], exogenous)[:, 0]
    return LeftRows(
        outcome=outcome @ rows,
        exposure=parts.beyond_exogenous(parts.endogenous)[:, 0] @ rows,
        variable=parts.beyond_exogenous((VARIABLE,))[:, 0] @ rows,
        weights=np.ones(arrays.rows) if arrays.weights is None else arrays.weights,
    )


def _with_columns(arrays: ModelArrays, added: dict[str, Floats]) -> ModelArrays:
    """Return the arrays with more columns, a constant still the last."""
    place = len(arrays.names) - (arrays.names[-1:] == (CONSTANT,))
    names = (*arrays.names[:place], *added, *arrays.names[place:])
    new = tuple(np.ascontiguousarray(column) for column in added.values())
    columns = (*arrays.columns[: 1 + place], *new, *arrays.columns[1 + place :])
    return replace(arrays, names=names, columns=columns)


def _check(arrays: ModelArrays, shares: Shares, variable: Floats, endogenous: str | None) -> None:
    if endogenous is not None and endogenous not in arrays.names:
        fault = Fault("design", "endogenous", endogenous, f"one of {', '.join(arrays.names)}")
        raise SpecError("the endogenous exposure is not in the sample", faults=[fault])
    if arrays.outcomes != 1 or arrays.weight_kind == "frequency":
        raise SpecError(
            "a shift-share regression takes one outcome and no frequency weights",
            hint="Fit each outcome by itself, on a row for each unit.",
        )
    taken = {VARIABLE, SUM_OF_SHARES} & set(arrays.names)
    if taken:
        raise SpecError(
            f"the sample has a column {' and '.join(sorted(taken))}", hint="Give it another name."
        )
    if shares.matrix.shape[0] != arrays.rows or len(variable) != arrays.rows:
        raise DataError(
            f"shares of {shares.matrix.shape[0]} rows and a variable of {len(variable)} came with a sample "
            f"of {arrays.rows}",
            hint="Give one row of shares for each row of the sample.",
        )
