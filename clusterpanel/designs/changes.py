"""Tell the rows that have no change since the year before."""

from dataclasses import replace

from clusterpanel.designs.sample import Sample, flow_steps
from clusterpanel.models.panel_models.first_difference import differences
from clusterpanel.spec.design import Gaps


def with_changes_counted(sample: Sample, time: str, gaps: Gaps = "dropped") -> Sample:
    """Return a sample of levels whose flow says which rows have no change.

    The rows stay: a firm's first year is what its second is compared with.

    Parameters
    ----------
    sample : Sample
    time : str
        The column of years.
    gaps : str
        Whether changes over years in which a firm is not seen are dropped or spanned.

    Raises
    ------
    NotIdentifiedError
        No firm is seen in adjacent years.
    """
    found = differences(sample.source, time, gaps)
    losses = [
        ("take changes", "a firm's first year has no year before", found.first_rows),
        ("take changes", "the year before is not seen", found.gap_rows),
    ]
    told = [loss for loss in losses if loss[2]]
    return replace(sample, flow=(*sample.flow, *flow_steps(sample.design, sample.rows, told)))
