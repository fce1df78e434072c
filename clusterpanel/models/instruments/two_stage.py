"""Two-stage least squares with absorbed effects, and all that tells whether to believe it.

Effects are taken out of outcome, regressors and instruments alike; two-stage least squares of what is left
is that of the whole (Frisch and Waugh). Its scores are those of least squares on the regressors projected
on the instruments, with the residuals of the regressors themselves, so every variance of least squares
serves, with the small-sample rule of R fixest's `feols` with instruments.
"""

from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.models.arrays import Floats
from clusterpanel.models.fit import Fit
from clusterpanel.models.instruments.anderson_rubin import AndersonRubin
from clusterpanel.models.instruments.checks import Checks
from clusterpanel.models.instruments.confidence_set import ConfidenceSet
from clusterpanel.models.instruments.effective_f import EffectiveF, measure_effective_f
from clusterpanel.models.instruments.endogeneity import Endogeneity, plan_endogeneity
from clusterpanel.models.instruments.equation import Equation, two_stages
from clusterpanel.models.instruments.first_stage import FirstStage, cragg_donald, describe_first_stage
from clusterpanel.models.instruments.overidentification import Overidentification, plan_moments
from clusterpanel.models.instruments.parts import Parts
from clusterpanel.models.instruments.prepare import Prepared
from clusterpanel.models.instruments.reduced_form import ReducedForm, join_reduced_form, plan_reduced_form
from clusterpanel.models.instruments.variances import Variances
from clusterpanel.models.projection import uncentre
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.covariance import Covariance


@dataclass(frozen=True)
class InstrumentsFit:
    """Two-stage least squares with its checks.

    Attributes
    ----------
    fit : Fit
        Endogenous regressors first, then exogenous ones.
    first_stages : tuple of FirstStage
        One each endogenous regressor.
    cragg_donald : float
        The least F of any combination of endogenous regressors, errors homoskedastic.
    reduced_form : ReducedForm
    effective_f : EffectiveF or None
        None with several endogenous regressors.
    anderson_rubin : AndersonRubin or None
        Of no effect at all.
    anderson_rubin_set : ConfidenceSet or None
        None with several endogenous regressors.
    overidentification : Overidentification or None
        None with no more instruments than endogenous regressors.
    endogeneity : Endogeneity or None
    notes : tuple of str
        Sentences on what could not be tested, and why.
    """

    fit: Fit
    first_stages: tuple[FirstStage, ...]
    cragg_donald: float
    reduced_form: ReducedForm
    effective_f: EffectiveF | None
    anderson_rubin: AndersonRubin | None
    anderson_rubin_set: ConfidenceSet | None
    overidentification: Overidentification | None
    endogeneity: Endogeneity | None
    notes: tuple[str, ...]


def structural_equation(parts: Parts) -> Equation:
    """Return two-stage least squares of the outcome, before its errors."""
    exogenous = parts.select(parts.first_stage)
    return two_stages(parts.rest, parts.regressors, parts.select(parts.regressors), exogenous, parts.outcome)


def solve_two_stage(prepared: Prepared, variances: Variances, counts: SampleCounts) -> InstrumentsFit:
    """Estimate and test by the moments of a prepared sample and the variances of its rows.

    Parameters
    ----------
    prepared : Prepared
    variances : Variances
    counts : SampleCounts
        Of the structural equation.

    Raises
    ------
    NotIdentifiedError
        There are too few rows or groups, or the variance of the first stage is singular.
    """
    parts = prepared.parts
    structural, reduced = structural_equation(parts), plan_reduced_form(parts)
    control = plan_endogeneity(parts)
    extra = len(parts.instruments) - len(parts.endogenous)
    moments = [plan_moments(parts, structural)] if extra else []
    found = variances.of([structural, *reduced, *([control] if control else [])], moments)
    of_reduced = found[1 : 1 + len(reduced)]
    form = join_reduced_form(parts, of_reduced)
    rows_left = replace(counts, regressors=len(parts.first_stage)).residual_degrees(is_grouped=False)
    checks = Checks(prepared, form)
    return InstrumentsFit(
        fit=structural_fit(prepared, structural, found[0], counts),
        first_stages=tuple(
            _first_stage(prepared, name, equation, covariance, rows_left)
            for name, equation, covariance in zip(parts.endogenous, reduced[1:], of_reduced[1:], strict=False)
        ),
        cragg_donald=cragg_donald(parts, rows_left),
        reduced_form=form,
        effective_f=measure_effective_f(form) if len(parts.endogenous) == 1 else None,
        anderson_rubin=checks.anderson_rubin(),
        anderson_rubin_set=checks.anderson_rubin_set(),
        overidentification=checks.overidentification(structural, found[-1], counts) if extra else None,
        endogeneity=checks.endogeneity(control, found[1 + len(reduced) : 2 + len(reduced)]),
        notes=tuple(checks.notes),
    )


def structural_fit(
    prepared: Prepared, structural: Equation, covariance: Covariance, counts: SampleCounts
) -> Fit:
    """Return the structural equation with its errors, as any regression."""
    parts = prepared.parts
    squares = float(structural.residual @ parts.rest @ structural.residual)
    coefficients, covariance = uncentred(prepared, structural, covariance, 0)
    return Fit(
        names=structural.names,
        coefficients=coefficients,
        variance=covariance,
        collinear=parts.collinear,
        facts={
            "r2": 1 - squares / float(prepared.totals[0]),
            "r2_within": 1 - squares / float(parts.rest[0, 0]),
            "rmse": float(np.sqrt(squares / counts.rows)),
            "path": prepared.absorbed.path,
        },
    )


def _first_stage(
    prepared: Prepared, endogenous: str, equation: Equation, covariance: Covariance, rows_left: float
) -> FirstStage:
    stage = describe_first_stage(
        prepared.parts,
        endogenous,
        equation,
        covariance.matrix,
        degrees=covariance.degrees_of_freedom,
        rows_left=rows_left,
    )
    place = prepared.parts.columns.index(endogenous)
    coefficients, covariance = uncentred(prepared, equation, covariance, place)
    return replace(stage, coefficients=coefficients, covariance=covariance.matrix)


def uncentred(
    prepared: Prepared, equation: Equation, covariance: Covariance, outcome: int
) -> tuple[Floats, Covariance]:
    """Return coefficients and covariance of an equation on the columns as they came, not centred.

    Parameters
    ----------
    prepared : Prepared
    equation : Equation
        Its names are columns, a constant last if there is one.
    covariance : Covariance
    outcome : int
        The left-hand side's column.
    """
    if not prepared.has_constant:
        return equation.coefficients, covariance
    back = _back(prepared, equation, outcome)
    return shown_coefficients(prepared, equation, outcome), covariance.of_combinations(back)


def shown_coefficients(prepared: Prepared, equation: Equation, outcome: int) -> Floats:
    """Return an equation's coefficients on the columns as they came; arguments as those of `uncentred`."""
    if not prepared.has_constant:
        return equation.coefficients
    coefficients: Floats = _back(prepared, equation, outcome) @ equation.coefficients
    coefficients[-1] += prepared.centre[outcome]
    return coefficients


def _back(prepared: Prepared, equation: Equation, outcome: int) -> Floats:
    places = [prepared.parts.columns.index(name) for name in equation.names]
    return uncentre(equation.names, prepared.centre[[outcome, *places]])
