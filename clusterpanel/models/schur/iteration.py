"""Solve a reduced system by conjugate gradients, and find the directions it does not see."""

from dataclasses import dataclass, field

import numpy as np

from clusterpanel.models.arrays import Floats, Integers
from clusterpanel.models.schur.blocks import BlockFactors
from clusterpanel.models.schur.certificate import aims, column_norms, has_solved
from clusterpanel.models.schur.coarse import CoarseSpace
from clusterpanel.models.schur.conjugate_gradients import conjugate_gradients
from clusterpanel.models.schur.lost import Unseen, independent_directions, redundant_levels, unseen_within
from clusterpanel.models.schur.reduced import ReducedSystem
from clusterpanel.models.schur.triangle import PivotedFactor, pivoted_factor, roots_of_diagonal

MOST_RESTARTS = 4
# Steps after which a dense factor is the better way, where there is room for one: 1.2 GB.
MOST_STEPS_BEFORE_DENSE = 400
MOST_DENSE_LEVELS = 12_000
MOST_STEPS = 5_000
# What a probe may be missed by before levels count as not seen.
PROBE_TOLERANCE = 1e-6
PROBE_SEED = 20_080_101


@dataclass(frozen=True)
class Preconditioner:
    """An approximate inverse of a reduced matrix.

    Attributes
    ----------
    coarse : CoarseSpace
    bundles : BlockFactors
        Of the iterated levels' own matrix, strongly coupled levels together.
    """

    coarse: CoarseSpace
    bundles: BlockFactors

    def solve(self, residual: Floats) -> Floats:
        """Return an approximate solution: each bundle's own and the coarse one."""
        return self.bundles.solve(residual) + self.coarse.correct(residual)


@dataclass
class Iteration:
    """A reduced system, the parts conjugate gradients need, and what they found out.

    Attributes
    ----------
    system : ReducedSystem
    starts : integer array, shape (effects + 1,)
        Where each effect's levels start among the iterated ones.
    preconditioner : Preconditioner, or None
        None where there are so few iterated levels that they are factored densely at once.
    steps : int
        The most steps a call of `solve` took.
    unseen : Unseen
        Of the iterated levels; those the coarse space knows, until a probe has found the others.
    is_probed : bool
    dense : (root of the diagonal, factor), or None
        Of the reduced matrix, where conjugate gradients did not arrive.
    """

    system: ReducedSystem
    starts: Integers
    preconditioner: Preconditioner | None
    steps: int = field(default=0, init=False)
    unseen: Unseen = field(init=False)
    is_probed: bool = field(default=False, init=False)
    dense: tuple[Floats, PivotedFactor] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.preconditioner is None:
            self._factor_densely()
            self.is_probed = True
        else:
            self._take_as_unseen(self.preconditioner.coarse.unseen)

    def solve(self, scaled: Floats, sizes: Floats | None) -> tuple[Floats, Floats]:
        """Return the iterated levels' solution and the residual of all levels; a probe rides along first.

        The coarse space knows most of the directions the system does not see. A random vector g tells whether
        it knows all: what solving for the image of g does not give back lies in such directions.
        """
        columns, right = scaled.shape[1], scaled
        probe = np.empty((len(self.system.split.iterated), 0))
        if not self.is_probed:
            probe, image = self._probe()
            right = np.hstack([scaled, image])
            sizes = None if sizes is None else np.append(sizes, 0.0)
        values, residual = self._iterate(right, probe, sizes)
        if not has_solved(residual, right, sizes) and len(values) <= MOST_DENSE_LEVELS:
            self._factor_densely()
            values, residual = self._iterate(right, probe, sizes)
        self.is_probed = True
        return values[:, :columns], residual[:, :columns]

    def _iterate(self, right: Floats, probe: Floats, sizes: Floats | None) -> tuple[Floats, Floats]:
        """Return the iterated levels' solution and the residual of all levels."""
        aim, columns = aims(right, sizes), right.shape[1] - probe.shape[1]
        values, residual, taken = np.zeros((len(probe), right.shape[1])), right, 0
        for _ in range(MOST_RESTARTS):
            start = self.unseen.take_out(self.system.reduce(residual))
            added, steps = self._solve_reduced(start, aim / 2)
            values, taken, before = values + added, taken + steps, column_norms(residual)
            residual = self.system.residual(values, right)
            norms = column_norms(residual)
            has_found = self._look_for_unseen(values[:, columns:] - probe)
            if not has_found and (norms <= np.maximum(aim, before / 2)).all():
                break
        self.steps = max(self.steps, taken)
        return values, residual

    def _solve_reduced(self, right: Floats, aim: Floats) -> tuple[Floats, int]:
        """Return the reduced system's solution and the steps it took."""
        if self.dense is not None:
            root, factor = self.dense
            return factor.solve(right / root[:, None]) / root[:, None], 0
        most = MOST_STEPS_BEFORE_DENSE if len(right) <= MOST_DENSE_LEVELS else MOST_STEPS
        return conjugate_gradients(self.system.multiply, self._precondition, right, aim, most)

    def _precondition(self, residual: Floats) -> Floats:
        """Return an approximate solution."""
        seen = self.unseen.take_out(residual)
        return seen if self.preconditioner is None else self.preconditioner.solve(seen)

    def _probe(self) -> tuple[Floats, Floats]:
        """Return a random vector of the iterated levels and its image of all levels."""
        split = self.system.split
        probe = np.random.default_rng(PROBE_SEED).standard_normal((len(split.iterated), 1))
        extended = np.zeros((len(split.iterated) + len(split.eliminated), 1))
        extended[split.iterated] = probe
        return probe, self.system.multiply_all(extended)

    def _look_for_unseen(self, difference: Floats) -> bool:
        """Add the directions that explain how far the probe was missed; say whether there were any."""
        if not difference.shape[1] or self.dense is not None:
            return False
        rest = self.unseen.hold_at_zero(difference)
        missed = np.flatnonzero(np.abs(rest[:, 0]) > PROBE_TOLERANCE)
        if not 0 < len(missed) <= MOST_DENSE_LEVELS:
            return False
        known = self.unseen.directions
        found = unseen_within(missed, len(known), self.system.dense)
        self._take_as_unseen(independent_directions(known, found))
        return bool(self.unseen.directions.shape[1] > known.shape[1])

    def _factor_densely(self) -> None:
        """Factor the reduced matrix as a whole."""
        everything = np.arange(len(self.system.split.iterated))
        matrix = self.system.dense(everything)
        root = roots_of_diagonal(matrix)
        matrix /= np.outer(root, root)
        self.dense = (root, pivoted_factor(matrix))
        directions = self.dense[1].unseen() / root[:, None]
        self._take_as_unseen(independent_directions(directions[:, :0], directions))

    def _take_as_unseen(self, directions: Floats) -> None:
        """Note orthonormal directions and find their redundant levels."""
        self.unseen = Unseen(directions, redundant_levels(directions, self.starts))
