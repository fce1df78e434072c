"""The fold: what a block of whole firms contributes, how contributions merge, what their sum solves to."""

from typing import Protocol, TypeVar

Block_contra = TypeVar("Block_contra", contravariant=True)
Moments = TypeVar("Moments")
Solution_co = TypeVar("Solution_co", covariant=True)


class Fold(Protocol[Block_contra, Moments, Solution_co]):
    """An estimator as every executor sees it.

    `merge` is associative and commutative up to rounding, so that blocks may be cut and spread in any way.
    """

    def step(self, block: Block_contra) -> Moments:
        """Return what one block of whole firms contributes; the block is left as it is."""

    def merge(self, left: Moments, right: Moments) -> Moments:
        """Return the sum of two contributions; the memory of both may be reused."""

    def solve(self, moments: Moments) -> Solution_co:
        """Return the estimate the contributions of all blocks add up to."""
