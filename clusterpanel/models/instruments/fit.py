"""Fit two-stage least squares with the variance that a design asks for."""

from collections.abc import Sequence
from dataclasses import replace

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Floats, Integers, ModelArrays, ModelSource
from clusterpanel.models.instruments.fold_variances import FoldVariances, SumRule
from clusterpanel.models.instruments.prepare import Prepared, prepare
from clusterpanel.models.instruments.two_stage import (
    InstrumentsFit,
    shown_coefficients,
    solve_two_stage,
    structural_equation,
)
from clusterpanel.models.instruments.variances import Variances, row_variances
from clusterpanel.models.linearised import Linearised
from clusterpanel.models.vcov.counts import SampleCounts, count_sample
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.from_rows import RowPlaces, from_rows
from clusterpanel.models.vcov.from_sums import from_sums
from clusterpanel.models.vcov.sums import ScoreSums
from clusterpanel.spec.vcov import BlockBootstrapVcov, Vcov, is_folded


def fit_two_stage(
    source: ModelSource,
    endogenous: Sequence[str],
    instruments: Sequence[str],
    vcov: Vcov = "iid",
    *,
    places: RowPlaces | None = None,
    times: Integers | None = None,
    threads: int = 1,
) -> InstrumentsFit:
    """Fit two-stage least squares with absorbed effects, and test its instruments.

    Parameters
    ----------
    source : ModelSource
        One outcome, then regressors and excluded instruments; its groups are the ways of `vcov` and their
        intersections.
    endogenous, instruments : sequence of str
        Names of columns; all others are exogenous regressors.
    vcov : Vcov
    places : RowPlaces or None
        Where the rows stand, for variances that are not folded.
    times : integer array, shape (groups,), or None
        The years of the first way, for Driscoll-Kraay errors.
    threads : int
        Changes the time it takes, never the numbers.

    Returns
    -------
    InstrumentsFit

    Raises
    ------
    SpecError
        Names are not in the sample, or the variance is not defined with instruments or needs rows in memory.
    NotIdentifiedError
        There are too few instruments, rows or groups, or an endogenous regressor is collinear.
    """
    prepared = prepare(source, endogenous, instruments, threads)
    counts = count_sample(source, len(prepared.parts.regressors))
    variances = variances_of(prepared, counts, vcov, places=places, times=times, threads=threads)
    return solve_two_stage(prepared, variances, counts)


def two_stage_coefficients(
    source: ModelSource, endogenous: Sequence[str], instruments: Sequence[str], threads: int = 1
) -> tuple[tuple[str, ...], Floats]:
    """Return the names and coefficients of two-stage least squares alone, for refits of drawn samples.

    Parameters and errors are those of `fit_two_stage`.
    """
    prepared = prepare(source, endogenous, instruments, threads)
    structural = structural_equation(prepared.parts)
    return structural.names, shown_coefficients(prepared, structural, 0)


def variances_of(
    prepared: Prepared,
    counts: SampleCounts,
    vcov: Vcov,
    *,
    places: RowPlaces | None = None,
    times: Integers | None = None,
    threads: int = 1,
) -> Variances:
    """Return what makes a prepared sample's variances, by a fold wherever sums of scores suffice.

    Raises
    ------
    SpecError
        The variance needs refits, or rows in memory that are not there.
    """
    if isinstance(vcov, BlockBootstrapVcov):
        raise SpecError(
            "the block bootstrap refits: it is no function of one fit's rows",
            hint="Choose { CRV1 = ... } for the tests, and draw samples for `two_stage_coefficients`.",
        )
    if is_folded(vcov):
        return FoldVariances(_sum_rule(vcov, times), counts, prepared, threads)
    arrays = prepared.source
    if not isinstance(arrays, ModelArrays):
        raise SpecError(
            f"the variance {vcov} needs the rows in memory, and the sample is read block by block",
            hint="Choose iid, HC1, CRV1 or Driscoll-Kraay errors.",
        )
    placed = places or RowPlaces(groups=arrays.groups, firms=arrays.firms.codes)

    def rule(linearised: Linearised, counts: SampleCounts) -> Covariance:
        return from_rows(vcov, linearised, counts, placed)

    return row_variances(prepared, arrays, counts, rule)


def _sum_rule(vcov: Vcov, times: Integers | None) -> SumRule:
    def rule(sums: ScoreSums, counts: SampleCounts) -> Covariance:
        return from_sums(vcov, replace(sums, times=times), counts)

    return rule
