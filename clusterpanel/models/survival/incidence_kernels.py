"""The compiled loop that carries the variance of a cumulative incidence from one time to the next."""

from clusterpanel.models.arrays import Floats
from clusterpanel.models.kernels import compiled


@compiled
def carry_variance(incidence: Floats, squares: Floats, own: Floats, cross: Floats, variance: Floats) -> None:
    """Set the sum over u up to t of (F(t) - F(u))^2 a(u) + b(u) - 2 (F(t) - F(u)) c(u), for each t.

    Carried from time to time, no difference of large sums is taken.

    Parameters
    ----------
    incidence : shape (curves, times)
        F.
    squares, own, cross : shape (curves, times)
        a, b and c.
    variance : shape (curves, times), changed
        Missing where F is 1, as a survival of 0 has none.
    """
    for curve in range(len(incidence)):
        before = zero = one = two = plain = level = slope = 0.0
        for time in range(incidence.shape[1]):
            now = incidence[curve, time]
            step = now - before
            before = now
            two += 2 * step * one + step * step * zero
            one += step * zero
            slope += step * level
            zero += squares[curve, time]
            plain += own[curve, time]
            level += cross[curve, time]
            total = two + plain - 2 * slope
            # What rounding leaves of terms that cancel is nothing.
            if total < 1e-13 * (two + plain + 2 * abs(slope)):
                total = 0.0
            variance[curve, time] = total if now < 1 - 1e-12 else float("nan")
