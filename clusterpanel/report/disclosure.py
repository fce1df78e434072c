"""Disclosure control that counts firms, never rows: one firm seen for twenty years is one firm."""

from collections.abc import Mapping, Sequence

from clusterpanel.errors import DisclosureError
from clusterpanel.models.result import Result, SurvivalCurves
from clusterpanel.report.main_terms import is_contrast
from clusterpanel.spec.study import Study

Results = Mapping[str, Result | SurvivalCurves]


def is_few(firms: int, minimum: int) -> bool:
    """Say whether a cell holds some firms, but fewer than may be shown."""
    return 0 < firms < minimum


def hidden_cells(firms: Sequence[int], minimum: int) -> list[bool]:
    """Say which of the cells that add up to a shown total must be hidden.

    Cells with fewer than `minimum` firms are hidden. As a reader can subtract the rest from the total, the
    smallest other cells are hidden with them until at least two cells and `minimum` firms are out of sight.
    """
    hidden = [is_few(count, minimum) for count in firms]
    while any(hidden) and _can_be_subtracted(firms, hidden, minimum):
        shown = [i for i, count in enumerate(firms) if count and not hidden[i]]
        if not shown:
            break
        hidden[min(shown, key=lambda i: firms[i])] = True
    return hidden


def require_firms(what: str, firms: int, minimum: int) -> None:
    """Refuse an exhibit that rests on too few firms.

    Raises
    ------
    DisclosureError
        Fewer than `minimum` firms stand behind it.
    """
    if firms < minimum:
        raise DisclosureError(
            f"{what} rests on {firms} firms; at least {minimum} are needed to show it",
            hint="Widen the sample, or lower report.minimum_firms if your data agreement allows it.",
        )


def disclosable(study: Study, results: Results) -> tuple[dict[str, Result | SurvivalCurves], dict[str, str]]:
    """Part results that may be shown from those that rest on too few firms.

    Returns
    -------
    shown : dict of str to Result or SurvivalCurves
    refused : dict of str to str
        The reason, by label; a contrast is refused with any of its terms.
    """
    minimum = study.spec.report.minimum_firms
    refused = {label: reason for label, result in results.items() if (reason := _too_few(result, minimum))}
    for contrast in study.spec.contrasts:
        parts = [term.design for term in contrast.terms if term.design in refused]
        if parts and contrast.name in results:
            refused[contrast.name] = f"It rests on {', '.join(parts)}, which may not be shown."
    shown = {label: result for label, result in results.items() if label not in refused}
    return shown, refused


def _can_be_subtracted(firms: Sequence[int], hidden: Sequence[bool], minimum: int) -> bool:
    unseen = [count for count, is_hidden in zip(firms, hidden, strict=True) if is_hidden]
    return len(unseen) < 2 or sum(unseen) < minimum


def _too_few(result: Result | SurvivalCurves, minimum: int) -> str:
    if is_contrast(result):
        return ""
    if (firms := result.glance.get("firms")) is None:
        return "It does not say how many firms it rests on, so it may not be shown."
    return f"It rests on fewer than {minimum} firms, so it may not be shown." if firms < minimum else ""
