"""The second pass: each group's sum of scores, the residuals' squares, and the rows' outer product."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Flags, Floats, Integers, Levels, WeightKind, compact
from clusterpanel.models.lanes import WIDTH, in_lanes, is_plain, out_of_lanes
from clusterpanel.models.within import left_of_block, without_firms

GroupSums = tuple[Integers, Floats]

# Groups whose codes in a block lie closer than this many times its rows are summed without renumbering.
SPARSE_GROUPS = 4


@dataclass
class ScoreMoments:
    """Scores of some blocks.

    Attributes
    ----------
    squares : float array, shape (outcomes,)
        The residuals' weighted sums of squares.
    meat : float array, shape (outcomes, regressors, regressors)
        Sum of the rows' outer products; nothing unless the fold was asked for it.
    parts : list of lists of (integer array, float array), one list each way
        Groups and their sums of scores, shape (groups, outcomes * regressors).
    """

    squares: Floats
    meat: Floats
    parts: list[list[GroupSums]]


@dataclass(frozen=True)
class Scores:
    """Scores of the whole sample.

    Attributes
    ----------
    squares : float array, shape (outcomes,)
        The residuals' weighted sums of squares.
    meat : float array, shape (outcomes, regressors, regressors)
        Sum of the rows' outer products; not a number unless asked for.
    groups : tuple of float arrays, one each way, shape (groups, outcomes, regressors)
        Each group's sum of scores.
    """

    squares: Floats
    meat: Floats
    groups: tuple[Floats, ...]


@dataclass(frozen=True)
class ScoreFold:
    """The fold of a least-squares fit's scores: weight times residual times what effects leave of a row.

    Attributes
    ----------
    absorbs_firm : bool
    coefficients : float array, shape (regressors, outcomes)
    slopes : float array, shape (levels, outcomes + regressors)
        Each column's coefficients on the effects.
    point : float array, shape (outcomes + regressors,)
        Taken off the values first.
    weight_kind : str or None
        A frequency weight is that many rows with a score each.
    group_levels : tuple of int
        The number of groups of the whole sample, each way.
    needs_meat : bool
        Whether the rows' outer product is wanted.
    firm_ways : tuple of bool
        Which ways group by firm, so that a firm's scores are a group's; none where it is empty.
    """

    absorbs_firm: bool
    coefficients: Floats
    slopes: Floats
    point: Floats
    weight_kind: WeightKind | None
    group_levels: tuple[int, ...]
    needs_meat: bool = True
    firm_ways: tuple[bool, ...] = ()

    @cached_property
    def lanes(self) -> tuple[Floats, Floats, Floats]:
        """What `kernels_plain.write_plain_scores` takes: weights, point and slopes."""
        outcomes = self.coefficients.shape[1]
        weights = np.concatenate([np.eye(outcomes), -self.coefficients]).T
        return (
            np.stack([in_lanes(own[:, None])[:, 0] for own in weights]),
            in_lanes(self.point[:, None])[:, 0],
            in_lanes(self.slopes.T),
        )

    @cached_property
    def outcome_slopes(self) -> Floats:
        """Coefficients on the effects of the outcomes less the fit; shape (outcomes, levels)."""
        outcomes = self.coefficients.shape[1]
        slopes = self.slopes[:, :outcomes] - self.slopes[:, outcomes:] @ self.coefficients
        return np.ascontiguousarray(slopes.T)

    @cached_property
    def regressor_slopes(self) -> Floats:
        """The regressors' coefficients on the effects; shape (levels, regressors), Fortran order."""
        return np.asfortranarray(self.slopes[:, self.coefficients.shape[1] :])

    def step(self, block: ArrayBlock) -> ScoreMoments:
        """Return one block's scores."""
        return block_scores(self, block)

    def merge(self, left: ScoreMoments, right: ScoreMoments) -> ScoreMoments:
        """Return both blocks' scores, in the memory of `left`."""
        left.squares += right.squares
        left.meat += right.meat
        for mine, others in zip(left.parts, right.parts, strict=True):
            _append(mine, others)
        return left

    def solve(self, moments: ScoreMoments) -> Scores:
        """Add the blocks' groups up."""
        regressors, outcomes = self.coefficients.shape
        meat = moments.meat if self.needs_meat else np.full_like(moments.meat, np.nan)
        groups = tuple(
            join_groups(parts, levels).reshape(levels, outcomes, regressors)
            for parts, levels in zip(moments.parts, self.group_levels, strict=True)
        )
        return Scores(moments.squares, meat, groups)


def block_scores(fold: ScoreFold, block: ArrayBlock) -> ScoreMoments:
    """Return the scores of a block under its own weights."""
    if is_plain(block, fold.absorbs_firm):
        residuals, by_firm = _plain_scores(fold, block)
        errors = residuals
    else:
        residuals = _residuals(fold, block)
        errors = residuals * block.weights if len(block.weights) else residuals
        by_firm = _scores_by_firm(fold, block, errors)
    return ScoreMoments(
        squares=np.einsum("or,or->o", errors, residuals),
        meat=_meat(fold, block, errors),
        parts=[[_sums_of_way(fold, block, errors, by_firm, way)] for way in range(len(fold.group_levels))],
    )


def _plain_scores(fold: ScoreFold, block: ArrayBlock) -> tuple[Floats, Floats]:
    """Return the residuals, shape (outcomes, rows), and each firm's scores, shape (firms, columns)."""
    from clusterpanel.models import kernels_plain

    regressors, outcomes = fold.coefficients.shape
    weights, point, slopes = fold.lanes
    residuals = np.empty((outcomes, block.rows))
    scores = np.empty((outcomes, len(slopes), len(block.starts) - 1, WIDTH))
    kernels_plain.write_plain_scores(block, weights, point, slopes, residuals, scores)
    of_regressors = [out_of_lanes(own, outcomes + regressors)[:, outcomes:] for own in scores]
    return residuals, np.concatenate(of_regressors, axis=1)


def _residuals(fold: ScoreFold, block: ArrayBlock) -> Floats:
    """Return what regressors and effects leave of the outcomes; shape (outcomes, rows)."""
    from clusterpanel.models import kernels_scores

    residuals = np.empty((fold.coefficients.shape[1], block.rows))
    kernels_scores.write_residuals(block.values, fold.point, fold.coefficients, residuals)
    kernels_scores.take_out_levels(block, fold.outcome_slopes, residuals)
    return without_firms(block, residuals, fold.absorbs_firm, residuals)


def _scores_by_firm(fold: ScoreFold, block: ArrayBlock, errors: Floats) -> Floats:
    """Return each firm's scores; shape (firms, outcomes * regressors)."""
    from clusterpanel.models import kernels_moves, kernels_scores

    regressors, outcomes = fold.coefficients.shape
    moves = kernels_moves.moves_of(block, fold.absorbs_firm)
    by_firm = np.empty((outcomes, regressors, len(moves)))
    taken_off = kernels_scores.Regressors(fold.point[outcomes:], fold.regressor_slopes.T)
    kernels_scores.write_firm_scores(block, moves, errors, taken_off, by_firm)
    return np.ascontiguousarray(by_firm.reshape(outcomes * regressors, len(moves)).T)


def _meat(fold: ScoreFold, block: ArrayBlock, errors: Floats) -> Floats:
    """Return the sum of the rows' outer products, a row with frequency weight f being f rows."""
    regressors, outcomes = fold.coefficients.shape
    if not fold.needs_meat:
        return np.zeros((outcomes, regressors, regressors))
    scores = _row_scores(fold, block, errors)
    once = scores / block.weights if fold.weight_kind == "frequency" else scores
    meat: Floats = scores @ once.transpose(0, 2, 1)
    return meat


def _row_scores(fold: ScoreFold, block: ArrayBlock, errors: Floats) -> Floats:
    """Return each row's scores; shape (outcomes, regressors, rows)."""
    outcomes = len(errors)
    values = block.values[outcomes:] - fold.point[outcomes:, None]
    left = left_of_block(block, values, block.weights, fold.absorbs_firm, fold.regressor_slopes)
    scores: Floats = errors[:, None, :] * left[None]
    return scores


def _sums_of_way(fold: ScoreFold, block: ArrayBlock, errors: Floats, by_firm: Floats, way: int) -> GroupSums:
    """Return the groups of one way and their sums: firms as a whole where they lie in one group."""
    from clusterpanel.models import kernels_scores

    if fold.firm_ways[way : way + 1] == (True,):
        firms = block.groups[block.starts[:-1], way]
        if (np.diff(firms) == 1).all():
            return firms.astype(np.int64), by_firm
    labels, local = _numbered(block.groups[:, way], fold.group_levels[way])
    movers = kernels_scores.movers_of(local, block.starts)
    sums = np.zeros((len(labels), by_firm.shape[1]))
    kernels_scores.add_firms_by_group(by_firm, local, block.starts, movers, sums)
    if movers.any():
        some, rows = rows_of_firms(block, movers)
        scores = _row_scores(fold, some, np.ascontiguousarray(errors[:, rows]))
        kernels_scores.add_by_group(scores.reshape(by_firm.shape[1], len(rows)), local[rows], sums)
    return labels, sums


def _numbered(codes: Levels, levels: int) -> tuple[Integers, Levels]:
    """Return the groups that a block may hold, and each row's place among them."""
    most = SPARSE_GROUPS * len(codes)
    if levels <= most:
        return np.arange(levels), np.ascontiguousarray(codes)
    lowest, highest = int(codes.min()), int(codes.max())
    if highest - lowest <= most:
        return np.arange(lowest, highest + 1), codes - np.int32(lowest)
    local, _, labels = compact(codes - np.int32(lowest), highest - lowest + 1)
    return labels + lowest, local


def rows_of_firms(block: ArrayBlock, chosen: Flags) -> tuple[ArrayBlock, Integers]:
    """Return a block of some of a block's firms, and its rows' places."""
    from clusterpanel.models import kernels_scores

    rows = kernels_scores.rows_of_firms(block.starts, chosen)
    sizes = np.diff(block.starts)[chosen]
    some = ArrayBlock(
        values=np.ascontiguousarray(block.values[:, rows]),
        effects=block.effects[rows],
        loads=block.loads[rows] if len(block.loads) else block.loads,
        basis=block.basis[rows],
        weights=block.weights[rows] if len(block.weights) else block.weights,
        offset=block.offset[rows] if len(block.offset) else block.offset,
        starts=np.concatenate([[0], np.cumsum(sizes)]),
        groups=block.groups[rows],
        first_row=block.first_row,
    )
    return some, rows


def _append(mine: list[GroupSums], others: list[GroupSums]) -> None:
    """Join two lists of groups' sums; those of the same groups are added."""
    for labels, sums in others:
        if np.array_equal(mine[-1][0], labels):
            np.add(mine[-1][1], sums, out=mine[-1][1])
        else:
            mine.append((labels, sums))


def sum_by_group(scores: Floats, groups: Levels, size: int) -> GroupSums:
    """Return the groups of a block and each one's sum of scores, shape (columns, rows)."""
    from clusterpanel.models import kernels_scores

    lowest = int(groups.min())
    local, levels, old = compact(groups - lowest, min(size, int(groups.max()) + 1) - lowest)
    sums = np.zeros((levels, len(scores)))
    kernels_scores.add_by_group(scores, local, sums)
    return old + lowest, sums


def join_groups(parts: list[GroupSums], groups: int) -> Floats:
    """Return every group's sum over the blocks, shape (groups, columns); empties the list."""
    sums = np.zeros((groups, parts[0][1].shape[1]))
    while parts:
        labels, part = parts.pop()
        if labels[-1] - labels[0] + 1 == len(labels):
            sums[labels[0] : labels[-1] + 1] += part
        else:
            sums[labels] += part
    return sums
