"""Which variance the curves of a design have, and how it is said."""

from clusterpanel.designs.survival_rows import SurvivalRows
from clusterpanel.models.arrays import Codes
from clusterpanel.models.survival.jackknife import JackknifeVariance, jackknife_variance
from clusterpanel.models.survival.risk_counts import RiskSets
from clusterpanel.models.vcov.counts import check_groups
from clusterpanel.spec.design import DesignSpec


def jackknife_units(design: DesignSpec, rows: SurvivalRows) -> Codes | None:
    """Return what the infinitesimal jackknife groups errors by; None where Greenwood's formula holds.

    Greenwood's formula takes rows as independent, each standing for itself or for equal copies. Where the
    design asks for groups, or rows weigh what is no number of copies, it does not hold.

    Raises
    ------
    NotIdentifiedError
        There are fewer than two groups.
    """
    if rows.units is not None:
        check_groups(rows.units.levels, rows.units.name)
        return rows.units
    is_copied = design.weights is None or design.weights.kind == "frequency"
    return None if is_copied else rows.firms


def jackknife(rows: SurvivalRows, sets: RiskSets, units: Codes | None) -> JackknifeVariance | None:
    """Return the curves' variance by the infinitesimal jackknife; None where it is Greenwood's."""
    return None if units is None else jackknife_variance(rows.episodes, sets, units.codes)


def rule_words(units: Codes | None, otherwise: str) -> str:
    """Return the variance's rule in words, the number of groups put in."""
    if units is None:
        return otherwise
    return (
        f"infinitesimal jackknife grouped by {units.name} ({units.levels:,} groups), no small-sample factor"
    )
