"""Linear combinations of estimates, with the variance their shared firms give them.

Each result carries how far each group (a firm, a region) moved its estimate. Aligned by label, and 0 where a
group is not in a sample, these influences add up like the estimates do, so the combination's variance is the
sum of their squares: samples may differ, overlap or be disjoint. The gap between a pooled and a within
estimate is the case in point (Hausman 1978, Econometrica 46, without his assumption that one is efficient).
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from clusterpanel.errors import Fault, SpecError
from clusterpanel.models.fit import coefficient_table
from clusterpanel.models.result import Result
from clusterpanel.spec.estimators import scale_of

Terms = Sequence[tuple[float, Result]]


def contrast(label: str, terms: Terms) -> Result:
    """Return a linear combination of the exposures' estimates as a result with one term, named `label`.

    Parameters
    ----------
    label : str
    terms : sequence of (weight, Result)

    Raises
    ------
    SpecError
        A result has no influence, or outcomes, scales or the groups of the errors differ: estimators in the
        outcome's unit (ols, iv, random effects, differences) go together, others with their own kind.

    Notes
    -----
    Degrees of freedom are the fewest of the terms'; the influences include their small-sample factors.
    """
    check_terms(label, terms)
    joined = pd.DataFrame({place: _influence(result) for place, (_, result) in enumerate(terms)}).fillna(0.0)
    weights = np.array([float(weight) for weight, _ in terms])
    influence = joined.sort_index().to_numpy() @ weights
    estimates = np.array([result.term(_exposure(result))["estimate"] for _, result in terms])
    degrees = _fewest_degrees(terms)
    error = np.sqrt(influence @ influence)
    names = [result.label for _, result in terms]
    first = terms[0][1].provenance
    return Result(
        label=label,
        estimate=coefficient_table((label,), np.array([weights @ estimates]), np.array([error]), degrees),
        influence=pd.DataFrame({label: influence}, index=joined.sort_index().index),
        glance={
            "n": max(int(result.glance["n"]) for _, result in terms),
            "firms": max(int(result.glance["firms"]) for _, result in terms),
            "groups": len(joined),
            "degrees_of_freedom": None if np.isinf(degrees) else degrees,
        },
        provenance={
            "terms": tuple(zip(weights.tolist(), names, strict=True)),
            "outcome": first["outcome"],
            "exposure": label,
            "estimator": " and ".join(dict.fromkeys(result.provenance["estimator"] for _, result in terms)),
            "scale": _scale(terms[0][1]),
            "grouped_by": first["grouped_by"],
            "vcov": f"influences of the terms, added by {first['grouped_by']}, {len(joined)} groups",
            "notes": tuple(dict.fromkeys(note for _, result in terms for note in result.provenance["notes"])),
        },
        covariance=pd.DataFrame([[error**2]], index=[label], columns=[label]),
    )


def check_terms(label: str, terms: Terms) -> None:
    """Refuse combinations whose variance or meaning is not defined.

    Raises
    ------
    SpecError
    """
    if not terms:
        raise SpecError(f"the contrast {label} has no terms", hint="Give (weight, result) pairs.")
    faults = [
        Fault(
            label,
            result.label,
            _without_influence(result),
            'errors grouped one way as in vcov = {"CRV1": "firm_id"}',
        )
        for _, result in terms
        if result.influence is None
    ]
    faults += [
        Fault(label, result.label, f"{_exposure(result)}, which is several coefficients", "one coefficient")
        for _, result in terms
        if result.influence is not None and _exposure(result) not in result.influence.columns
    ]
    shared: Mapping[str, Callable[[Result], object]] = {
        "outcome": lambda result: result.provenance["outcome"],
        "scale": _scale,
        "groups of the errors": lambda result: result.provenance["grouped_by"],
    }
    for words, told in shared.items():
        values = dict.fromkeys(str(told(result)) for _, result in terms if result.influence is not None)
        if len(values) > 1:
            faults.append(Fault(label, words, " and ".join(values), f"the same {words} in all terms"))
    if faults:
        raise SpecError(f"the contrast {label} is not defined", faults=faults)


def _without_influence(result: Result) -> str:
    """Say that a result has no influence, and why where it tells."""
    told = result.provenance.get("no_influence")
    why = told or f"errors: {result.provenance.get('vcov', 'unknown')}"
    return f"a result without influence ({why})"


def _scale(result: Result) -> str:
    return str(result.provenance.get("scale") or scale_of(result.provenance["estimator"]))


def _fewest_degrees(terms: Terms) -> float:
    known = [result.glance["degrees_of_freedom"] for _, result in terms]
    return min((float(degrees) for degrees in known if degrees is not None), default=np.inf)


def _exposure(result: Result) -> str:
    return str(result.provenance["exposure"])


def _influence(result: Result) -> "pd.Series[float]":
    if result.influence is None:
        raise SpecError(f"{result.label} has no influence")
    return result.influence[_exposure(result)]
