"""The compiled loops of what a firm adds to D'WMD.

Most firms never move: they see an effect such as industry-year one level after the other. What such a firm
adds depends only on where it starts and how long it lasts, so that firms are counted by start and length, and
the counts are written out once at the end. Everything else is added pair of levels by pair of levels.
"""

from typing import NamedTuple

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats, Integers
from clusterpanel.models.kernels import compiled
from clusterpanel.models.kernels_moves import MOVES, SPELL, STAYS, Moves
from clusterpanel.models.kernels_pairs import LENGTHS, Table, put, with_room
from clusterpanel.models.kernels_within import FirmRows, firm_rows, longest, weight_of


class Target(NamedTuple):
    """Where numbers are put: a table with room, and the number of levels that its keys are made with."""

    keys: Integers
    sums: Floats
    levels: int


class Runs(NamedTuple):
    """A firm's rows in runs of one level, for each effect.

    Attributes
    ----------
    counts : integer array, shape (effects,)
        The number of runs; 0 for an effect the firm adds nothing to.
    levels : integer array, shape (effects, longest firm)
        Each run's level.
    loadings : float array, shape (effects, longest firm, 1 + variables)
        Each run's weighted product of loads and basis.
    """

    counts: Integers
    levels: Integers
    loadings: Floats


@compiled
def add_firm_pairs(block: ArrayBlock, moves: Moves, absorbs_firm: bool, levels: int, table: Table) -> Table:
    """Return the table with what each firm of a block adds to D'WMD.

    With b a firm's basis, orthonormal under the weights, rows t and s of the firm add to D'WMD, at the levels
    of t and s, ``[t = s] w_t v_t v_s - w_t v_t w_s v_s sum_q b_tq b_sq``, v being the levels' loads.
    """
    starts, kinds, used = block.starts, moves.shape[1], table.used
    most, depth = longest(starts), block.basis.shape[1] + 1
    basis = np.empty((depth, most))
    runs = Runs(
        np.zeros(kinds, dtype=np.int64),
        np.empty((kinds, most), dtype=np.int64),
        np.empty((kinds, most, depth)),
    )
    room = kinds * (kinds + 1) // 2 * (most * most + most)
    target = Target(table.keys, table.sums, levels)
    for firm in range(len(moves)):
        first, last = starts[firm], starts[firm + 1]
        furthest = furthest_move(moves, firm)
        if furthest == STAYS:
            continue
        if 2 * (used + room) > len(target.keys):
            larger = with_room(Table(target.keys, target.sums, used), room)
            target = Target(larger.keys, larger.sums, levels)
        if furthest == MOVES or last - first >= LENGTHS:
            rows = firm_rows(block, first, last, absorbs_firm, basis)
            if rows.rank < last - first:
                used += put_firm(block, moves[firm], rows, runs, target)
            continue
        for kind in range(kinds):
            for other in range(kind, kinds):
                if moves[firm, kind] == SPELL and moves[firm, other] == SPELL:
                    used += put_spell(block, first, last, (kind, other), target)
    return Table(target.keys, target.sums, used)


@compiled
def furthest_move(moves: Moves, firm: int) -> int:
    """Return the highest of a firm's moves."""
    furthest = STAYS
    for kind in range(moves.shape[1]):
        furthest = max(furthest, moves[firm, kind])
    return furthest


@compiled
def put_firm(block: ArrayBlock, moves: Moves, rows: FirmRows, runs: Runs, target: Target) -> int:
    """Put a firm that moves in any way; return how many keys are new."""
    new, years = 0, rows.last - rows.first
    write_runs(block, rows, moves, runs)
    for kind in range(len(moves)):
        for other in range(kind, len(moves)):
            if moves[kind] == STAYS or moves[other] == STAYS:
                continue
            if moves[kind] == SPELL and moves[other] == SPELL and years < LENGTHS:
                new += put_spell(block, rows.first, rows.last, (kind, other), target)
            else:
                new += put_runs(rows, runs, kind, other, target)
                new += put_rows(block, rows, kind, other, target)
    return new


@compiled
def put_spell(block: ArrayBlock, first: int, last: int, kinds: tuple[int, int], target: Target) -> int:
    """Count a firm that sees the levels of two effects one after the other; return how many keys are new."""
    level, other = block.effects[first, kinds[0]], block.effects[first, kinds[1]]
    pair = level * np.int64(target.levels) + other
    return put(target.keys, target.sums, pair * LENGTHS + (last - first), 1.0)


@compiled
def write_runs(block: ArrayBlock, rows: FirmRows, moves: Moves, runs: Runs) -> None:
    """Write the runs of the effects that a firm adds to; `moves` are the firm's."""
    for kind in range(len(moves)):
        runs.counts[kind] = 0
        if moves[kind] == STAYS:
            continue
        run = -1
        for row in range(rows.first, rows.last):
            level = block.effects[row, kind]
            if run < 0 or level != runs.levels[kind, run]:
                run += 1
                runs.levels[kind, run] = level
                runs.loadings[kind, run] = 0.0
            weight = weight_of(block.weights, row)
            if len(block.loads):
                weight *= block.loads[row, kind]
            for place in range(rows.rank):
                runs.loadings[kind, run, place] += weight * rows.basis[place, row - rows.first]
        runs.counts[kind] = run + 1


@compiled
def put_runs(rows: FirmRows, runs: Runs, kind: int, other: int, target: Target) -> int:
    """Take off the products of a firm's runs' loadings; return how many keys are new."""
    new = 0
    if rows.rank == 0:
        return new
    for run in range(runs.counts[kind]):
        level = runs.levels[kind, run]
        for mate in range(run if kind == other else 0, runs.counts[other]):
            alike = 0.0
            for place in range(rows.rank):
                alike += runs.loadings[kind, run, place] * runs.loadings[other, mate, place]
            there = runs.levels[other, mate]
            if kind == other and there == level and mate > run:
                alike *= 2.0
            pair = min(level, there) * target.levels + max(level, there)
            new += put(target.keys, target.sums, pair * LENGTHS, -alike)
    return new


@compiled
def put_rows(block: ArrayBlock, rows: FirmRows, kind: int, other: int, target: Target) -> int:
    """Add each row's own product of loads, rows of one pair of levels at a time; return the new keys."""
    effects, total, new = block.effects, 0.0, 0
    for row in range(rows.first, rows.last):
        weight = weight_of(block.weights, row)
        if len(block.loads):
            weight *= block.loads[row, kind] * block.loads[row, other]
        total += weight
        level, there = effects[row, kind], effects[row, other]
        is_over = row + 1 == rows.last
        if not is_over:
            is_over = effects[row + 1, kind] != level or effects[row + 1, other] != there
        if is_over:
            pair = level * np.int64(target.levels) + there
            new += put(target.keys, target.sums, pair * LENGTHS, total)
            total = 0.0
    return new
