"""p-values of several results that are looked at together.

Of twenty results with nothing in them one is "significant at 5 %". Adjusted p-values ask instead how often
the whole family would show one like it by chance.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterpanel.engine.progress import passes_shown, watched
from clusterpanel.errors import Fault, SpecError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.result import Result

SIGNS_AT_ONCE = 2**23


@dataclass(frozen=True)
class Family:
    """Tests of one coefficient of each of several results, adjusted for being several.

    Attributes
    ----------
    table : DataFrame
        One row per result: label, term, estimate, std_error, statistic, p_value, p_romano_wolf, p_holm,
        p_bonferroni, p_benjamini_hochberg. Below 5 % in the last, one in twenty findings is expected to be
        false; below 5 % in the others, the chance that any finding is false is at most 5 %.
    grouped_by : str
        What the units are whose signs are drawn.
    groups : int
        Their number over all results.
    draws : int
        Sign patterns used: those asked for, or each one there is where these are fewer.
    seed : int
    """

    table: pd.DataFrame
    grouped_by: str
    groups: int
    draws: int
    seed: int


def romano_wolf(
    results: Sequence[Result],
    terms: Sequence[str] | None = None,
    draws: int = 9999,
    seed: int = 1,
    *,
    progress: bool | None = None,
) -> Family:
    """Adjust p-values of a family of results for being several, step by step.

    Parameters
    ----------
    results : sequence of Result
        With errors grouped by the same column, so that each carries its influence by group.
    terms : sequence of str, optional
        The coefficient of each result; its exposure unless told.
    draws : int
        Patterns of random signs.
    seed : int
    progress : bool, optional
        As in `clusterpanel.designs.estimate.estimate`.

    Raises
    ------
    SpecError
        A result has no influence or no such term, the groups differ, or there are no results.

    Notes
    -----
    Each draw gives every group a random sign, the same one in all results, and sums the signed influences:
    the results' estimates where nothing is there, correlated as they are (a wild bootstrap of the scores, no
    refit). Each sum is divided by its own standard error in that draw. A hypothesis is compared with the
    largest such statistic among itself and those that are less significant (Romano and Wolf 2005, Journal of
    the American Statistical Association 100; p-values as Romano and Wolf 2016, Statistics and Probability
    Letters 113). Holm 1979, Bonferroni, and Benjamini and Hochberg 1995 beside it take the results' own
    p-values.
    """
    chosen = _terms(results, terms)
    rows = [result.term(term) for result, term in zip(results, chosen, strict=True)]
    influence = _joined(results, chosen)
    statistics = np.abs(np.array([float(row["statistic"]) for row in rows]))
    p_values = np.array([float(row["p_value"]) for row in rows])
    with passes_shown(progress):
        step_down, used = _step_down(statistics, influence.to_numpy(), draws, seed)
    table = pd.DataFrame(
        {
            "label": [result.label for result in results],
            "term": chosen,
            **{name: [float(row[name]) for row in rows] for name in ("estimate", "std_error", "statistic")},
            "p_value": p_values,
            "p_romano_wolf": step_down,
            "p_holm": holm(p_values),
            "p_bonferroni": np.minimum(1.0, p_values * len(p_values)),
            "p_benjamini_hochberg": benjamini_hochberg(p_values),
        }
    )
    return Family(table, str(results[0].provenance["grouped_by"]), len(influence), used, seed)


def holm(p_values: Floats) -> Floats:
    """Return Holm's step-down p-values."""
    order = np.argsort(p_values, kind="stable")
    steps = np.arange(len(p_values), 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p_values[order] * steps))
    return adjusted


def benjamini_hochberg(p_values: Floats) -> Floats:
    """Return Benjamini and Hochberg's step-up p-values, for the false discovery rate."""
    order = np.argsort(p_values, kind="stable")[::-1]
    steps = len(p_values) / np.arange(len(p_values), 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(p_values[order] * steps))
    return adjusted


def _terms(results: Sequence[Result], terms: Sequence[str] | None) -> list[str]:
    """Return the coefficient of each result, once all is checked."""
    if not results or (terms is not None and len(terms) != len(results)):
        came = f"{len(results)} results and {len(terms) if terms is not None else 'no'} terms"
        fault = Fault("family", "", came, "at least one result, and no terms or one for each")
        raise SpecError("the family cannot be tested", faults=[fault])
    chosen = [str(result.provenance["exposure"]) for result in results] if terms is None else list(terms)
    faults = [fault for result, term in zip(results, chosen, strict=True) for fault in _faults(result, term)]
    units = dict.fromkeys(str(result.provenance.get("grouped_by")) for result in results)
    if len(units) > 1:
        faults.append(Fault("family", "groups of the errors", " and ".join(units), "the same in all results"))
    if faults:
        raise SpecError("the family cannot be tested", faults=faults)
    return chosen


def _faults(result: Result, term: str) -> Iterator[Fault]:
    if result.influence is None:
        allowed = 'errors grouped one way as in vcov = {"CRV1": "firm_id"}'
        yield Fault("family", result.label, "a result without influence", allowed)
    elif term not in result.influence.columns:
        yield Fault("family", result.label, f'"{term}"', f"a term: {', '.join(result.influence.columns)}")
    elif not np.isfinite(result.term(term)["statistic"]):
        yield Fault("family", result.label, f"{term} without a standard error", "an estimate with one")


def _joined(results: Sequence[Result], terms: Sequence[str]) -> pd.DataFrame:
    """Return each result's influence by group, 0 where it does not hold the group; groups in order."""
    columns = {
        place: result.influence[term]
        for place, (result, term) in enumerate(zip(results, terms, strict=True))
        if result.influence is not None
    }
    return pd.DataFrame(columns).fillna(0.0).sort_index()


def _step_down(statistics: Floats, influence: Floats, draws: int, seed: int) -> tuple[Floats, int]:
    """Return the family's step-down p-values and the number of sign patterns used."""
    order = np.argsort(-statistics, kind="stable")
    ordered = influence[:, order]
    ordered = ordered[(ordered != 0).any(axis=1)]
    as_large, used = np.zeros(len(order)), 0
    for signs in watched(_signs(len(ordered), draws, seed), "patterns of signs", draws, len):
        drawn = _studentised(signs @ ordered, ordered)
        # From the least significant on: the largest among a hypothesis and all behind it.
        largest = np.maximum.accumulate(drawn[:, ::-1], axis=1)[:, ::-1]
        as_large += (largest >= statistics[order] * (1 - 1e-12)).sum(axis=0)
        used += len(signs)
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate((as_large + 1) / (used + 1))
    return adjusted, used


def _studentised(sums: Floats, influence: Floats) -> Floats:
    """Divide sums of signed influences by their standard errors in the same draw.

    These are those of a mean: each group's signed influence less the mean of all, so that a draw in which few
    groups happen to agree is not taken for a large effect.
    """
    squares = (influence**2).sum(axis=0)
    groups = (influence != 0).sum(axis=0)
    left = np.maximum(squares - sums**2 / groups, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistics: Floats = np.abs(sums) * np.sqrt((groups - 1) / groups / left)
    return statistics


def _signs(groups: int, draws: int, seed: int) -> Iterator[Floats]:
    """Yield patterns of signs, shape (patterns, groups): all there are, or `draws` random ones."""
    if groups < 62 and 2**groups <= draws:
        patterns = np.arange(2**groups)[:, np.newaxis] >> np.arange(groups)
        yield np.where(patterns & 1, 1.0, -1.0)
        return
    rng = np.random.default_rng(seed)
    words = -(-groups // 64)
    at_once = max(1, SIGNS_AT_ONCE // groups)
    for first in range(0, draws, at_once):
        # Whole words per draw, so that the draws do not depend on how many are taken at once.
        rows = min(at_once, draws - first)
        bits = np.frombuffer(rng.bytes(8 * words * rows), dtype=np.uint8).reshape(rows, 8 * words)
        yield np.where(np.unpackbits(bits, axis=1, count=groups), 1.0, -1.0)
