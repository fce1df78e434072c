"""The block bootstrap: the whole estimate again on firms drawn with replacement."""

from collections.abc import Callable

import numpy as np

from clusterpanel.errors import NotConvergedError, NotIdentifiedError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.vcov.counts import check_groups
from clusterpanel.models.vcov.covariance import Covariance

MOST_FAILED = 0.05


def block_bootstrap(
    refit: Callable[[Floats], Floats], firms: int, draws: int = 999, seed: int = 1, name: str = "firm"
) -> Covariance:
    """Return the covariance of the estimates of samples of firms drawn with replacement.

    Parameters
    ----------
    refit : function
        Takes how often each firm was drawn, shape (firms,), as frequency weights of its rows (0: left out),
        and returns the coefficients.
    firms : int
    draws : int
    seed : int
    name : str
        The firms' column.

    Raises
    ------
    NotIdentifiedError
        There are fewer than two firms, or more than one draw in twenty has no estimate.

    Notes
    -----
    Draws in which the model is not identified or does not converge are left out and counted. Draws use
    numpy's PCG64: the same seed gives the same ones on every machine and whatever the threads.
    """
    check_groups(firms, name)
    generator = np.random.Generator(np.random.PCG64(seed))
    shares = np.full(firms, 1 / firms)
    found: list[Floats] = []
    for _ in range(draws):
        counts = generator.multinomial(firms, shares).astype(np.float64)
        try:
            found.append(refit(counts))
        except (NotIdentifiedError, NotConvergedError):
            continue
    failed = draws - len(found)
    if failed > MOST_FAILED * draws or len(found) < 2:
        raise NotIdentifiedError(
            f"the block bootstrap has no estimate in {failed} of {draws} draws of {firms} firms",
            hint="The exposure varies in too few firms: widen the sample, or choose { CRV1 = ... }.",
        )
    drawn = np.stack(found)
    without = f", {failed} without an estimate left out" if failed else ""
    return Covariance(
        matrix=np.atleast_2d(np.cov(drawn, rowvar=False)),
        degrees_of_freedom=float("inf"),
        rule=f"block bootstrap by {name}, {draws} draws of {firms} firms, seed {seed}{without}, normal",
        facts={"draws": draws, "failed_draws": failed, "groups": {name: firms}},
        no_influence="the errors come from bootstrap draws, which the result holds instead",
        draws=drawn,
    )
