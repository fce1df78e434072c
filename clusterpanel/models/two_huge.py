"""Take two or more huge effects, such as workers and firms, out of columns by a preconditioned iteration.

Where the effects besides the firm's have more levels than their Schur complement has room for, within-py's
LSMR with an additive Schwarz preconditioner solves the same normal equations row by row. What it returns is
checked here: within each level of each effect the left rows must average 0.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from clusterpanel.errors import NotConvergedError
from clusterpanel.models.arrays import Codes, Floats

if TYPE_CHECKING:
    from within import Effect

# Near the smallest residual that rounding allows; the last digits cost few steps.
TOLERANCE = 1e-14
MOST_STEPS = 10_000
# How far from 0 a level's weighted mean may be, relative to the column and by the root of the level's share.
ALLOWED = 1e-11
# LSMR keeps this many directions orthogonal, without which rounding stalls it where few firms move.
REMEMBERED = 10
THREADS_VARIABLE = "RAYON_NUM_THREADS"


@dataclass(frozen=True)
class LeftRows:
    """What the effects leave of each row, and how that was found.

    Attributes
    ----------
    columns : float array, shape (columns, rows)
        In C order, as the models take them.
    steps : int
        The most steps a column took.
    furthest : float
        The largest distance from 0 of an effect's level means, as `ALLOWED` bounds it.
    path : str
        What ran, in words.
    """

    columns: Floats
    steps: int
    furthest: float
    path: str


@dataclass(frozen=True)
class EffectParameters:
    """How many parameters some effects have.

    Attributes
    ----------
    count : int
    is_exact : bool
        False where `count` is an upper bound: for three effects or more, and for slopes.
    """

    count: int
    is_exact: bool

    @property
    def words(self) -> str:
        """The count in words."""
        return f"{self.count:,} parameters" if self.is_exact else f"at most {self.count:,} parameters"


def left_rows_iterative(
    columns: Sequence[Floats], effects: Sequence[Codes], weights: Floats | None = None
) -> LeftRows:
    """Return every column less what the effects explain of it.

    Parameters
    ----------
    columns : sequence of float arrays, shape (rows,)
        Left as they are.
    effects : sequence of Codes
        All of them, the firm's included; those with loads are slopes of each level's own.
    weights : float array, shape (rows,), or None

    Raises
    ------
    NotConvergedError
        A level's mean of the left rows is further from 0 than `ALLOWED`.
    """
    centred = _centred(columns, weights)
    with _one_thread():
        left, steps = _solve(centred, effects, weights)
    effect, furthest = _furthest_level(left, centred, effects, weights)
    path = _path(effects, steps)
    if furthest > ALLOWED:
        raise NotConvergedError(
            f"{path}, left means by {effect} as far as {furthest:.1e} from 0, relative to the column; "
            f"allowed: {ALLOWED:.0e}",
            hint="Look for infinite or wildly scaled values and weights, or absorb a coarser effect.",
        )
    return LeftRows(left, steps, furthest, path)


def count_parameters(effects: Sequence[Codes]) -> EffectParameters:
    """Return the number of parameters of some effects together.

    Two effects lose one level for each connected component of their graph (Abowd, Creecy and Kramarz 2002),
    which is exact. A third loses at least as many as it does to each one before it, hence an upper bound.

    Parameters
    ----------
    effects : sequence of Codes
        All of them, the firm's included.
    """
    plain = [effect for effect in effects if effect.loads is None]
    count = sum(effect.levels for effect in effects)
    for place, effect in enumerate(plain):
        count -= max((connected_components(effect, before) for before in plain[:place]), default=0)
    return EffectParameters(count, is_exact=len(plain) <= 2 and len(plain) == len(effects))


def connected_components(one: Codes, other: Codes) -> int:
    """Return the number of connected components of two effects' levels, rows being the links."""
    shape = (one.levels, other.levels)
    links = sparse.coo_array((np.ones(len(one.codes), dtype=np.int8), (one.codes, other.codes)), shape=shape)
    graph = sparse.block_array([[None, links], [links.T, None]], format="csr")
    count, _ = csgraph.connected_components(graph, directed=False)
    return int(count)


def _centred(columns: Sequence[Floats], weights: Floats | None) -> Floats:
    """Return the columns, shape (columns, rows), less their means: for the digits that saves."""
    centred = np.stack(columns)
    centred -= np.average(centred, axis=1, weights=weights)[:, None]
    return centred


def _solve(centred: Floats, effects: Sequence[Codes], weights: Floats | None) -> tuple[Floats, int]:
    """Return the left rows, shape (columns, rows), and the most steps a column took."""
    import within

    options = within.LsmrOptions(tol=TOLERANCE, maxiter=MOST_STEPS, local_size=REMEMBERED)
    preconditioner = within.PreconditionerConfig.Additive()
    terms = [_term(effect) for effect in effects]
    # The transposes are in the column order the library reads in place, and returns.
    result = within.solve_batch(terms, centred.T, weights, options, preconditioner)
    return np.ascontiguousarray(result.demeaned.T), max(result.iterations, default=0)


def _term(effect: Codes) -> "Effect":
    """Return an effect as the library takes it."""
    from within import Effect

    codes = effect.codes.astype(np.uint32)
    if effect.loads is None:
        return Effect(codes, intercept=True)
    return Effect(codes, intercept=False, slopes=[effect.loads])


@contextmanager
def _one_thread() -> Iterator[None]:
    """Have the library start with one thread, unless the environment says otherwise.

    Only then are two runs equal to the last bit. It reads the variable when it is first used in a process.
    """
    is_set = THREADS_VARIABLE in os.environ
    if not is_set:
        os.environ[THREADS_VARIABLE] = "1"
    try:
        yield
    finally:
        if not is_set:
            del os.environ[THREADS_VARIABLE]


def _furthest_level(
    left: Floats, centred: Floats, effects: Sequence[Codes], weights: Floats | None
) -> tuple[str, float]:
    """Return which effect's level means are furthest from 0, and how far, relative to the columns."""
    share = np.ones(left.shape[1]) if weights is None else weights
    found = ("", 0.0)
    for before, after in zip(centred, left, strict=True):
        size = np.sqrt(np.sum(share * before**2))
        for effect in effects:
            load = share if effect.loads is None else share * effect.loads
            mass = share if effect.loads is None else share * effect.loads**2
            sums = np.bincount(effect.codes, weights=load * after)
            squares = sums**2 / np.maximum(np.bincount(effect.codes, weights=mass), np.finfo(float).tiny)
            far = float(np.sqrt(squares.sum()) / size) if size > 0 else 0.0
            found = max(found, (effect.name, far), key=lambda pair: pair[1])
    return found


def _path(effects: Sequence[Codes], steps: int) -> str:
    """Return what ran, in words."""
    names = ", ".join(f"{effect.name} {effect.levels:,}" for effect in effects)
    return f"{steps} steps of within-py {version('within-py')} over {len(effects)} effects ({names} levels)"
