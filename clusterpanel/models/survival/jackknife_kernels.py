"""The compiled loop of the infinitesimal jackknife: how each unit moves survival and incidence."""

from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.kernels import compiled


@compiled
def add_units(  # noqa: PLR0917
    starts: Integers,
    first: Levels,
    last: Levels,
    causes: Levels,
    weights: Floats,
    risk: Floats,
    hazards: Floats,
    before: Floats,
    incidence: Floats,
    entering: Floats,
    ending: Floats,
    squares: Floats,
    after: Floats,
) -> None:
    """Add the squares of each unit's influence on one group's curves.

    With n at risk and d events of a unit's weights, its influence on the logarithm of the survival grows by
    ``(d - y h) / (n (1 - h))`` at each time, turned around, y being what of n is the unit's; on an incidence
    by what it moves the survival before and the cause's own hazard. While a unit is under observation its
    influence is followed time by time; from then on it is a polynomial in the incidence, whose coefficients
    are all that is kept.

    Parameters
    ----------
    starts : shape (units + 1,)
        The first row of each unit, and the number of rows.
    first, last, causes : shape (rows,)
        The places of the first and the last time a row is at risk at; 0 where it is censored there.
    weights : shape (rows,)
    risk, before : shape (times,)
        Those at risk, and the survival just before.
    hazards, incidence : shape (causes, times)
    entering : shape (times + 1,), zeros and left so
    ending : shape (causes, times), zeros and left so
    squares : shape (1 + causes, times), changed
        The sum of squares while under observation: of the logarithm of the survival, then of incidences.
    after : shape (3, 1 + causes, times + 1), changed
        The coefficients of 1, F and F^2 from each time on.
    """
    kinds = len(hazards)
    moved = entering[:kinds].copy()
    for unit in range(len(starts) - 1):
        low, high = len(risk), -1
        for row in range(starts[unit], starts[unit + 1]):
            entering[first[row]] += weights[row]
            entering[last[row] + 1] -= weights[row]
            if causes[row] > 0:
                ending[causes[row] - 1, last[row]] += weights[row]
            low, high = min(low, first[row]), max(high, last[row])
        own = log_moved = 0.0
        moved[:] = 0.0
        for time in range(low, high + 1):
            own += entering[time]
            entering[time] = 0.0
            if risk[time] <= 0:
                continue
            hazard = events = 0.0
            for kind in range(kinds):
                share = hazards[kind, time]
                hazard += share
                events += ending[kind, time]
                moved[kind] += before[time] * (
                    (ending[kind, time] - own * share) / risk[time] - log_moved * share
                )
                ending[kind, time] = 0.0
                squares[1 + kind, time] += moved[kind] ** 2
            if hazard < 1 - 1e-12:
                log_moved += (events - own * hazard) / (risk[time] * (1 - hazard))
            else:
                log_moved = 0.0
            squares[0, time] += log_moved**2
        if high < 0:
            continue
        entering[high + 1] = 0.0
        after[0, 0, high + 1] += log_moved**2
        for kind in range(kinds):
            level = moved[kind] + log_moved * incidence[kind, high]
            after[0, 1 + kind, high + 1] += level**2
            after[1, 1 + kind, high + 1] -= 2 * log_moved * level
            after[2, 1 + kind, high + 1] += log_moved**2
