"""The penalised information of coefficients and frailties, and how its equations are solved.

Beyond each group's own terms, frailties meet only in the risk sets, two sums per cell each. With many groups
and few cells, such as firms and years, that makes the frailties' block a diagonal less a matrix of low rank
(Sherman, Morrison and Woodbury); with few groups it is solved as it is.
"""

from dataclasses import dataclass

import numpy as np

from clusterpanel.models.arrays import Floats
from clusterpanel.models.survival.frailty_passes import GroupProducts, GroupRisks


@dataclass(frozen=True)
class Information:
    """The information's blocks.

    Attributes
    ----------
    own : float array, shape (regressors, regressors)
    cross : float array, shape (groups, regressors)
    diagonal : float array, shape (groups,)
        Expected events, and the penalty's curvature.
    left : float array, shape (groups, ranks)
        The groups' parts of the cells' sums, at risk and failing.
    middle : float array, shape (ranks, ranks)
        The groups' block is the diagonal less ``left @ middle @ left.T``.
    """

    own: Floats
    cross: Floats
    diagonal: Floats
    left: Floats
    middle: Floats

    @classmethod
    def of(cls, here: GroupRisks, products: GroupProducts, penalty: Floats) -> "Information":
        """Return the information at a point.

        Parameters
        ----------
        here : GroupRisks
        products : GroupProducts
        penalty : float array, shape (groups,)
            Its curvature in each group's effect.
        """
        ties, sums = here.ties, here.sums
        risk, fails = here.at_risk.T, here.failing.T
        low = (risk * ties.b0 - fails * ties.b1) @ sums.s1 + (fails * ties.b2 - risk * ties.b1) @ sums.d1
        middle = np.block([[np.diag(ties.b0), -np.diag(ties.b1)], [-np.diag(ties.b1), np.diag(ties.b2)]])
        return cls(
            own=products.gram - ties.mean_part(sums),
            cross=products.by_group[:, 1:] - low,
            diagonal=products.by_group[:, 0] + penalty,
            left=np.hstack([risk, fails]),
            middle=middle,
        )

    def solve_groups(self, right: Floats) -> Floats:
        """Solve the groups' block; `right` has shape (groups, columns)."""
        groups, ranks = self.left.shape
        if groups <= ranks:
            block = np.diag(self.diagonal) - self.left @ self.middle @ self.left.T
            return np.asarray(np.linalg.solve(block, right), dtype=np.float64)
        scaled = right / self.diagonal[:, None]
        inner = self.left.T @ (self.left / self.diagonal[:, None])
        core = np.linalg.solve(np.eye(ranks) - self.middle @ inner, self.middle @ (self.left.T @ scaled))
        solution: Floats = scaled + (self.left @ core) / self.diagonal[:, None]
        return solution

    def reduced(self) -> tuple[Floats, Floats]:
        """Return the coefficients' information, frailties taken out, and the frailties' slopes on them."""
        slopes = self.solve_groups(self.cross)
        rest = self.own - self.cross.T @ slopes
        return (rest + rest.T) / 2, slopes

    def step(self, score: Floats, group_score: Floats) -> tuple[Floats, Floats]:
        """Return Newton's step in coefficients and effects."""
        rest, slopes = self.reduced()
        scale = 1 / np.sqrt(np.diag(rest))
        right = score - slopes.T @ group_score
        step: Floats = np.linalg.solve(rest * np.outer(scale, scale), right * scale) * scale
        return step, self.solve_groups(group_score[:, None])[:, 0] - slopes @ step
