"""Least squares with absorbed effects: one pass for the moments, one for the scores."""

from dataclasses import dataclass

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import SpecError
from clusterpanel.models.absorb import CONSTANT, AbsorbedSample, left_rows
from clusterpanel.models.absorbed import redundant_counts
from clusterpanel.models.arrays import Floats, Integers, ModelArrays, ModelSource
from clusterpanel.models.fit import Fit
from clusterpanel.models.iterated import has_too_many_levels, project_by_iteration
from clusterpanel.models.linearised import EffectRows, Linearised
from clusterpanel.models.projection import Projection, project, symmetric_inverse, uncentre
from clusterpanel.models.scores import ScoreFold, Scores
from clusterpanel.models.vcov.counts import SampleCounts, count_sample
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.from_rows import RowPlaces, from_rows
from clusterpanel.models.vcov.from_sums import from_sums
from clusterpanel.models.vcov.sums import ScoreSums
from clusterpanel.spec.vcov import BiasReducedVcov, JackknifeVcov, Vcov


@dataclass(frozen=True)
class LeastSquares:
    """Coefficients of every outcome, before their errors.

    Attributes
    ----------
    projection : Projection
    bread : float array, shape (regressors, regressors)
        inv(X'WX) of the regressors less what the effects explain of them, on the centred regressors.
    coefficients : float array, shape (regressors, outcomes)
        On the centred regressors.
    counted : ModelSource or None
        The sample whose effects are parameters, where an iteration took them out of the projection's rows.
    """

    projection: Projection
    bread: Floats
    coefficients: Floats
    counted: ModelSource | None = None

    @property
    def back(self) -> Floats:
        """What takes coefficients on the centred regressors to those on the raw ones."""
        return uncentre(self.projection.source.names, self.projection.centre)

    @property
    def counts(self) -> SampleCounts:
        """Rows and parameters, for the small-sample rule."""
        return count_sample(self.counted or self.projection.source, len(self.bread))

    def raw_coefficients(self, outcome: int) -> Floats:
        """Return one outcome's coefficients on the raw regressors."""
        coefficients: Floats = self.back @ self.coefficients[:, outcome]
        if self.projection.source.names[-1] == CONSTANT:
            coefficients[-1] += self.projection.centre[outcome]
        return coefficients

    def scores(self, threads: int = 1, needs_meat: bool = True) -> Scores:
        """Return the scores of every outcome, in one further pass; the rows' outer product if needed."""
        projection, source = self.projection, self.projection.source
        fold = ScoreFold(
            source.absorbs_firm,
            self.coefficients,
            projection.absorbed.slopes,
            projection.point,
            source.weight_kind,
            source.group_levels,
            needs_meat,
            tuple(name == source.firm_name for name in source.group_names),
        )
        return run_fold(fold, source.blocks(), threads)

    def sums(self, scores: Scores, outcome: int, times: Integers | None = None) -> ScoreSums:
        """Return one outcome's sums of scores, on the raw regressors."""
        back, forth = self.back, np.linalg.inv(self.back)
        groups = tuple(np.ascontiguousarray(sums[:, outcome]) for sums in scores.groups)
        if self.projection.source.names[-1] == CONSTANT:
            groups = tuple(sums @ forth for sums in groups)
        return ScoreSums(
            bread=back @ self.bread @ back.T,
            squares=float(scores.squares[outcome]),
            meat=forth.T @ scores.meat[outcome] @ forth,
            groups=groups,
            times=times,
            is_probability=self.projection.source.weight_kind == "probability",
        )

    def linearised(self, outcome: int) -> Linearised:
        """Return one outcome's fit row by row, on the raw regressors.

        Raises
        ------
        SpecError
            The rows are not in memory.
        """
        arrays = self.projection.source
        if not isinstance(arrays, ModelArrays):
            raise SpecError("the variance needs all rows in memory", hint="Give more memory_gb, or use CRV1.")
        left = left_rows(arrays, self.projection.absorbed)
        regressors, coefficients = left[arrays.outcomes :].T, self.raw_coefficients(outcome)
        return Linearised(
            names=arrays.names,
            coefficients=coefficients,
            bread=self.back @ self.bread @ self.back.T,
            regressors=regressors,
            residuals=left[outcome] - regressors @ coefficients,
            weights=arrays.weights,
            frequencies=arrays.weights if arrays.weight_kind == "frequency" else None,
            effects=EffectRows.of(arrays),
            is_probability=arrays.weight_kind == "probability",
        )

    def fit(self, variance: Covariance, squares: float, outcome: int) -> Fit:
        """Return one outcome's fit with its variance."""
        projection = self.projection
        return Fit(
            names=projection.source.names,
            coefficients=self.raw_coefficients(outcome),
            variance=variance,
            collinear=projection.collinear,
            facts={
                "r2": float(1 - squares / projection.totals[outcome]),
                "r2_within": float(1 - squares / projection.absorbed.rest[outcome, outcome]),
                "rmse": float(np.sqrt(squares / self.counts.rows)),
                "path": projection.absorbed.path,
                "redundant_levels": redundant_counts(projection.source, projection.absorbed),
            },
        )


def solve_least_squares(
    source: ModelSource, threads: int = 1, sample: AbsorbedSample | None = None
) -> LeastSquares:
    """Return the coefficients of every outcome on the same regressors and effects.

    Parameters
    ----------
    source : ModelSource
    threads : int
    sample : AbsorbedSample or None
        The source's columns with the effects taken out, if that is done already.

    Raises
    ------
    NotIdentifiedError
        The exposure is collinear.
    SpecError
        The effects have too many levels.
    """
    if sample is None and has_too_many_levels(source):
        found = project_by_iteration(source, threads)
        return _solved(found.projection, found.counted)
    return _solved(project(source, threads, sample))


def _solved(projection: Projection, counted: ModelSource | None = None) -> LeastSquares:
    outcomes, rest = projection.source.outcomes, projection.absorbed.rest
    bread = symmetric_inverse(rest[outcomes:, outcomes:])
    return LeastSquares(projection, bread, bread @ rest[outcomes:, :outcomes], counted)


def fit_ols(
    source: ModelSource,
    vcov: Vcov = "iid",
    *,
    places: RowPlaces | None = None,
    times: Integers | None = None,
    threads: int = 1,
    sample: AbsorbedSample | None = None,
) -> Fit:
    """Fit least squares of the outcome on the regressors and effects.

    Parameters, errors and passes are those of `fit_ols_outcomes`; `source` has one outcome.
    """
    return fit_ols_outcomes(source, vcov, places=places, times=times, threads=threads, sample=sample)[0]


def fit_ols_outcomes(
    source: ModelSource,
    vcov: Vcov = "iid",
    *,
    places: RowPlaces | None = None,
    times: Integers | None = None,
    threads: int = 1,
    sample: AbsorbedSample | None = None,
) -> tuple[Fit, ...]:
    """Fit least squares of each outcome on the same regressors and effects, in the same passes.

    Parameters
    ----------
    source : ModelSource
        Its groups are the ways of `vcov` and their intersections.
    vcov : Vcov
    places : RowPlaces or None
        Where the rows stand, for variances that need the rows; None: sums of scores suffice.
    times : integer array, shape (groups,), or None
        The years of the first way, for Driscoll-Kraay errors.
    threads : int
        Changes the time it takes, never the numbers.
    sample : AbsorbedSample or None
        The source's columns with the effects taken out, if that is done already.

    Returns
    -------
    tuple of Fit
        One each outcome.

    Raises
    ------
    NotIdentifiedError
        The exposure is collinear, or there are too few groups or rows.
    SpecError
        The effects have too many levels, or the variance is not to be had.
    """
    solved = solve_least_squares(source, threads, sample)
    if places is not None:
        _check_leverages(solved, vcov)
        rows = [solved.linearised(outcome) for outcome in range(source.outcomes)]
        return tuple(
            solved.fit(from_rows(vcov, row, solved.counts, places), row.squares, outcome)
            for outcome, row in enumerate(rows)
        )
    scores, counts = solved.scores(threads, needs_meat=vcov == "HC1"), solved.counts
    return tuple(
        solved.fit(
            from_sums(vcov, solved.sums(scores, outcome, times), counts),
            float(scores.squares[outcome]),
            outcome,
        )
        for outcome in range(source.outcomes)
    )


def _check_leverages(solved: LeastSquares, vcov: Vcov) -> None:
    """Refuse variances that need the leverages of effects that were taken out by iteration.

    Raises
    ------
    SpecError
    """
    if solved.counted is not None and (
        vcov in ("HC2", "HC3") or isinstance(vcov, BiasReducedVcov | JackknifeVcov)
    ):
        raise SpecError(
            f"the effects have too many levels for the leverages this variance needs (levels "
            f"besides the firm's: {sum(solved.counted.effect_levels):,})",
            hint='Use { CRV1 = "firm_id" }, or absorb coarser effects.',
        )
