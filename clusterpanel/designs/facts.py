"""Facts about a sample that say what an estimate rests on."""

from collections.abc import Mapping
from typing import Any

from clusterpanel.designs.sample import Sample
from clusterpanel.errors import NotIdentifiedError

MANY_SWITCHERS = 20


def sample_facts(sample: Sample) -> Mapping[str, Any]:
    """Return rows, firms, switchers, means and the effects' levels, for a result's glance."""
    facts, source = sample.facts, sample.source
    firms = {source.firm_name: source.firm_levels} if source.absorbs_firm else {}
    return {
        "n": facts.rows,
        "firms": facts.firms,
        "switchers": facts.switchers,
        "share_switchers": facts.switchers / facts.firms,
        "mean_outcome": float(facts.means[0]),
        "sd_outcome": facts.deviation(0),
        "mean_exposure": float(facts.means[source.outcomes]),
        "levels": firms | dict(zip(source.effect_names, source.effect_levels, strict=True)),
    }


def few_switchers(sample: Sample, is_grouped: bool) -> str:
    """Return a sentence on how little a grouped error rests on, or none.

    With a firm's effect only switchers move the estimate, and grouped errors of few units that do are too
    small (MacKinnon and Webb 2017, Journal of Applied Econometrics 32).
    """
    is_told = sample.source.absorbs_firm and is_grouped
    if not is_told or sample.facts.switchers >= MANY_SWITCHERS:
        return ""
    return (
        f"Fewer than {MANY_SWITCHERS} firms change {sample.source.names[0]}: grouped standard errors that "
        "rest on so few are likely to be too small."
    )


def check_variation(sample: Sample, is_grouped: bool) -> None:
    """Refuse samples that hold no answer.

    Parameters
    ----------
    sample : Sample
    is_grouped : bool
        Whether the errors are grouped.

    Raises
    ------
    NotIdentifiedError
        One firm, an outcome or exposure that never varies, or where firms are absorbed no switcher, or one
        whose own error cannot be told.
    """
    facts, source = sample.facts, sample.source
    if facts.firms < 2:
        raise NotIdentifiedError(
            f"the sample of {sample.design} holds {facts.firms} firm", hint="Widen the sample."
        )
    for place, name in enumerate((*sample.plan.outcomes, source.names[0])):
        if facts.lowest[place] == facts.highest[place]:
            # A number that all rows share may be one firm's; the report prints this message.
            value = f"{facts.lowest[place]:g}" if facts.lowest[place] in (0, 1) else "the same"
            raise NotIdentifiedError(
                f"{name} is {value} in all {facts.rows:,} rows of {sample.design}",
                hint="Widen the sample until it varies.",
            )
    if source.absorbs_firm:
        _check_switchers(sample, is_grouped)


def _check_switchers(sample: Sample, is_grouped: bool) -> None:
    facts, exposure = sample.facts, sample.source.names[0]
    if facts.switchers == 0:
        raise NotIdentifiedError(
            f"no firm changes {exposure}: 0 of {facts.firms:,} firms move, so none can be "
            "compared with itself",
            hint="Use the pooled or region comparison, or a sample that sees firms move.",
        )
    if facts.switchers == 1 and is_grouped:
        # The one score is 0 where the firm fits perfectly, and so would be the standard error.
        raise NotIdentifiedError(
            f"too few firms change {exposure} for a grouped standard error: it takes two at least",
            hint="Use the pooled or region comparison, or a sample that sees more firms move.",
        )
