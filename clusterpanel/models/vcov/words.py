"""The variances' rules in words, as the report prints them."""

from collections.abc import Sequence

import numpy as np

from clusterpanel.models.vcov.counts import SampleCounts

NOT_GROUPED = "errors are not grouped"


def count_words(counts: SampleCounts, is_grouped: bool) -> str:
    """Return n, K, and which effects were counted once."""
    nested = [effect.name for effect in counts.effects if effect.is_nested and not effect.is_slope]
    once = f", {listed(nested)} nested and counted once" if is_grouped and nested else ""
    return f"n = {counts.rows}, K = {counts.parameters(is_grouped)}{once}"


def distribution_words(degrees: float) -> str:
    """Return the distribution that tests use."""
    return "normal" if np.isinf(degrees) else f"t with {degrees:.0f} degrees of freedom"


def listed(names: Sequence[str]) -> str:
    """Return names with commas and an and."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
