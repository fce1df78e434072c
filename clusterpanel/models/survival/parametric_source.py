"""The samples that parametric survival models take, and how their blocks are read again and again."""

from collections.abc import Callable, Iterable

from clusterpanel.errors import SpecError
from clusterpanel.models.absorb import CONSTANT
from clusterpanel.models.arrays import ArrayBlock, ModelSource

# A sample up to this size is read once and held as blocks; a larger one is read anew in every pass.
HELD_BYTES = 2**28


def check_source(source: ModelSource, outcomes: int, words: str) -> None:
    """Refuse what a likelihood of a few parameters has no place for.

    Parameters
    ----------
    source : ModelSource
    outcomes : int
        How many columns come before the regressors.
    words : str
        What the model is called.

    Raises
    ------
    SpecError
        The source has other outcomes, absorbed effects, or a constant of its own.
    """
    if source.outcomes != outcomes:
        raise SpecError(f"{words} came with {source.outcomes} outcomes; allowed: {outcomes}")
    if CONSTANT in source.names:
        raise SpecError(f"{words} has a constant of its own; one came among the regressors")
    effects = [source.firm_name] if source.absorbs_firm or source.firm_slopes_count else []
    effects += source.effect_names
    if effects:
        raise SpecError(
            f"{words} came with the effects or strata {', '.join(effects)}, which it cannot absorb",
            hint="Make dummies of them among the controls, such as i(region_code), or choose cox or cloglog.",
        )


def held_blocks(source: ModelSource) -> Callable[[], Iterable[ArrayBlock]]:
    """Return what yields the sample's blocks, held in memory if they have room."""
    columns = source.outcomes + len(source.names) + int(source.weight_kind is not None)
    if source.rows * (8 * columns + 4 * len(source.group_names)) > HELD_BYTES:
        return source.blocks
    held = list(source.blocks())
    return lambda: held
