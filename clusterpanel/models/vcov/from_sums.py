"""The first entry: variances that sums of scores over blocks of rows suffice for."""

from clusterpanel.errors import SpecError
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.grouped import crv1
from clusterpanel.models.vcov.in_time import driscoll_kraay
from clusterpanel.models.vcov.sums import ScoreSums
from clusterpanel.models.vcov.ungrouped import hc1, iid
from clusterpanel.spec.vcov import KEYS, DriscollKraayVcov, GroupedVcov, Vcov


def from_sums(vcov: Vcov, sums: ScoreSums, counts: SampleCounts) -> Covariance:
    """Return iid, HC1, CRV1 in one to three ways, or Driscoll-Kraay errors.

    Parameters
    ----------
    vcov : Vcov
        As a design's spec has it.
    sums : ScoreSums
    counts : SampleCounts

    Raises
    ------
    SpecError
        The variance needs the rows (`from_rows`) or refits (`block_bootstrap`), or the weights refuse it.
    NotIdentifiedError
        There are too few groups or rows.
    """
    if vcov == "iid":
        return iid(sums, counts)
    if vcov == "HC1":
        return hc1(sums, counts)
    if isinstance(vcov, GroupedVcov):
        return crv1(sums, counts, vcov.ways, vcov.small_sample)
    if isinstance(vcov, DriscollKraayVcov):
        return driscoll_kraay(sums, counts, vcov.driscoll_kraay_lags)
    name = (
        vcov if isinstance(vcov, str) else next(key for key, kind in KEYS.items() if isinstance(vcov, kind))
    )
    raise SpecError(
        f"the variance {name} came where only sums of scores are at hand, which it is no function of",
        hint='Choose vcov = "HC1" or { CRV1 = ... }, or a sample that fits into memory.',
    )
