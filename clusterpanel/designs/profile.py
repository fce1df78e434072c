"""One design repeated with the exposure measured within each radius."""

from collections.abc import Mapping

from clusterpanel.designs.estimate import estimate
from clusterpanel.engine.progress import passes_shown
from clusterpanel.errors import Fault, SpecError
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.clusters import ClusterSpec
from clusterpanel.spec.columns import radius_label
from clusterpanel.spec.design import DesignSpec, ProfileSpec
from clusterpanel.spec.estimators import estimator_of


def estimate_profile(
    profile: ProfileSpec,
    design: DesignSpec,
    cluster_spec: ClusterSpec,
    panel: Panel,
    threads: int = 1,
    *,
    progress: bool | None = None,
) -> Mapping[str, Result]:
    """Return the design's estimate for each radius of the cluster spec, nearest first.

    The exposure within r km is the panel's ``log_<measure>_<r>km``, ln(1 + measure); everything else stays.

    Parameters
    ----------
    profile : ProfileSpec
    design : DesignSpec
        The design the profile names.
    cluster_spec : ClusterSpec
    panel : Panel
    threads : int
    progress : bool, optional
        As in `clusterpanel.designs.estimate.estimate`.

    Returns
    -------
    mapping of ``<profile>_<r>km`` to Result

    Raises
    ------
    SpecError
        The design is a survival curve, or the panel lacks a measure.
    """
    if estimator_of(design).is_curve:
        fault = Fault(profile.name, "design", f"{design.name} with {design.estimator}", "ols or cloglog")
        raise SpecError("a profile needs an estimate per radius", faults=[fault])
    results = {}
    with passes_shown(progress):
        for radius in sorted(cluster_spec.radii_km):
            label = f"{profile.name}_{radius_label(radius)}km"
            exposure = f"log_{profile.measure}_{radius_label(radius)}km"
            result = estimate(design.model_copy(update={"name": label, "exposure": exposure}), panel, threads)
            if isinstance(result, Result):
                results[label] = result
    return results
