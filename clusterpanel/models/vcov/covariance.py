"""What every variance hands back: the covariance, how to test with it, and its rule in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from clusterpanel.models.arrays import Floats


@dataclass(frozen=True)
class Covariance:
    """The covariance of a regression's coefficients.

    Attributes
    ----------
    matrix : float array, shape (coefficients, coefficients)
    degrees_of_freedom : float
        Of the t distribution; infinite for the normal.
    rule : str
        The variance's rule in words, with its counts put in.
    facts : mapping
        Groups each way, draws, repaired eigenvalues and the like.
    influence : float array, shape (groups, coefficients), or None
        Its columns' outer product is `matrix`.
    no_influence : str
        Why there is none, for those who ask for one; empty where there is one.
    p_values : float array, shape (coefficients,), or None
        Two-sided, where they do not follow from `matrix` and `degrees_of_freedom`.
    intervals : float array, shape (coefficients, 2), or None
        95 % intervals, where they do not follow either.
    draws : float array, shape (draws, coefficients), or None
        The coefficients of each bootstrap draw.
    """

    matrix: Floats
    degrees_of_freedom: float
    rule: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    influence: Floats | None = None
    no_influence: str = ""
    p_values: Floats | None = None
    intervals: Floats | None = None
    draws: Floats | None = None

    def of_combinations(self, back: Floats) -> "Covariance":
        """Return the covariance of linear combinations of the coefficients, one each row of `back`.

        p-values and intervals of bootstrapped tests are of the coefficients themselves and do not carry over.
        """
        return replace(
            self,
            matrix=back @ self.matrix @ back.T,
            influence=None if self.influence is None else self.influence @ back.T,
            draws=None if self.draws is None else self.draws @ back.T,
            p_values=None,
            intervals=None,
        )
