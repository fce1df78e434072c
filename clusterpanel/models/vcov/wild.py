"""The wild bootstrap by group, for few groups: restricted residuals, t statistics, groups' sums only.

Cameron, Gelbach and Miller (2008, Review of Economics and Statistics 90); by sums as MacKinnon, Nielsen and
Webb (2023, Journal of Applied Econometrics 38) and Roodman and others (2019, Stata Journal 19). With b the
column of the bread of the coefficient tested, d its distance from the hypothesis, s the groups' scores and A
their Gram matrices, the restricted scores are ``s + A b d / b_j``; all a draw needs of the rows is these and
the matrices A. The draws' statistics are ratios of a number linear, and a root quadratic, in the hypothesis,
so that the interval, which inverts the test, costs no further draws.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, diags_array

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Codes, Floats
from clusterpanel.models.linearised import Linearised
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.grouped import crv1
from clusterpanel.models.vcov.hat import hat_of
from clusterpanel.models.vcov.inversion import DrawnTest, interval, p_value
from clusterpanel.models.vcov.nesting import effects_are_nested
from clusterpanel.models.vcov.sums import sum_by_code, sums_of_rows
from clusterpanel.models.vcov.wild_draws import WildWeights, is_enumerated, number_of_draws, wild_draws


@dataclass(frozen=True)
class GroupMoments:
    """What the bootstrap of one coefficient needs of the groups.

    Attributes
    ----------
    estimate : float
    scores : float array, shape (groups, coefficients)
        At the estimate.
    direction : float array, shape (groups, coefficients)
        How the scores change by a unit of distance between estimate and hypothesis.
    own : float array, shape (coefficients,)
        The bread's column of the coefficient.
    bread : float array, shape (coefficients, coefficients)
    weighted : float array, shape (groups, coefficients)
        The groups' Gram matrices times `own`.
    crossed : pair of float arrays, each of shape (groups, groups), or None
        What effects that cross the groups take of each group's bootstrap errors (columns), as each group's
        score along `own` (rows) sees it: at the estimate, and by a unit of distance. None where none cross.
    """

    estimate: float
    scores: Floats
    direction: Floats
    own: Floats
    bread: Floats
    weighted: Floats
    crossed: tuple[Floats, Floats] | None


def wild_bootstrap(
    linearised: Linearised,
    groups: Codes,
    counts: SampleCounts,
    *,
    weights: WildWeights = "rademacher",
    draws: int = 9999,
    seed: int = 1,
) -> Covariance:
    """Return CRV1 with the restricted wild bootstrap's p-values and 95 % intervals of each coefficient.

    The p-value is the share of draws whose statistic is at least as far from 0 as the sample's, the sample
    counted as one of them; it is never 0. The interval holds the hypotheses that are not rejected at 5 %; its
    ends are infinite where none is, as with fewer than six groups and signs.

    Parameters
    ----------
    linearised : Linearised
        Of least squares.
    groups : Codes
    counts : SampleCounts
    weights : "rademacher" or "webb"
    draws : int
        Where there are no more patterns of signs, each of these is used once.
    seed : int

    Raises
    ------
    SpecError
        The regression is no least squares.
    NotIdentifiedError
        There are fewer than two groups, or no more rows than parameters.
    """
    if linearised.estimator != "least squares":
        raise SpecError(
            "the wild bootstrap came with an estimator other than least squares, whose errors it cannot "
            "redraw",
            hint='Choose { CRV3 = ... } or { block_bootstrap = "firm_id" }.',
        )
    grouped = crv1(sums_of_rows(linearised, [groups]), counts, [groups.name])
    tests = drawn_tests(linearised, groups, weights, draws, seed)
    ends = [interval(test, np.sqrt(grouped.matrix[place, place])) for place, test in enumerate(tests)]
    made, every = number_of_draws(groups.levels, weights, draws), is_enumerated(groups.levels, weights, draws)
    how = f"all {made} patterns of signs" if every else f"{made} draws of {weights} weights, seed {seed}"
    return Covariance(
        matrix=grouped.matrix,
        degrees_of_freedom=grouped.degrees_of_freedom,
        rule=f"{grouped.rule}; p-values and intervals by the restricted wild bootstrap, {how}",
        facts={**grouped.facts, "draws": made, "all_patterns": every},
        influence=grouped.influence,
        p_values=np.array([p_value(test, 0.0) for test in tests]),
        intervals=np.array(ends),
    )


def drawn_tests(
    linearised: Linearised, groups: Codes, weights: WildWeights, draws: int, seed: int
) -> list[DrawnTest]:
    """Return the bootstrap's statistics of each coefficient, as functions of the hypothesis."""
    moments = _moments(linearised, groups)
    parts: list[list[tuple[Floats, Floats]]] = [[] for _ in moments]
    for signs in wild_draws(groups.levels, weights, draws, seed):
        for part, one in zip(parts, moments, strict=True):
            part.append(_statistics(one, signs))
    is_sampled = not is_enumerated(groups.levels, weights, draws)
    return [_joined(one, part, is_sampled) for one, part in zip(moments, parts, strict=True)]


def _moments(linearised: Linearised, groups: Codes) -> list[GroupMoments]:
    scaled, bread = linearised.scaled_regressors, linearised.bread
    scores = sum_by_code(linearised.scores, groups.codes, groups.levels)
    directions = [scaled @ (column / column[place]) for place, column in enumerate(bread)]
    crossing = None if effects_are_nested(linearised.effects, groups) else _Crossing(linearised, groups)
    moments = []
    for place, (estimate, own) in enumerate(zip(linearised.coefficients, bread, strict=True)):
        along = directions[place]
        gram = sum_by_code(scaled * along[:, None], groups.codes, groups.levels)
        crossed = None
        if crossing is not None:
            crossed = crossing.between(along * own[place], linearised.scaled_residuals, along)
        moments.append(GroupMoments(float(estimate), scores, gram, own, bread, gram * own[place], crossed))
    return moments


class _Crossing:
    """Effects that cross the groups: their projection between each group and each other."""

    def __init__(self, linearised: Linearised, groups: Codes) -> None:
        hat = hat_of(linearised)
        if hat is None:
            raise SpecError("nothing is absorbed: no effect crosses the groups")
        self.hat = hat
        rows = len(groups.codes)
        self.members = csr_array(
            (np.ones(rows), (groups.codes, np.arange(rows))), shape=(groups.levels, rows)
        )

    def between(self, regressor: Floats, *errors: Floats) -> tuple[Floats, Floats]:
        """Return ``x_g' P_gh e_h`` of each pair of groups, for two vectors e."""
        firms, rest = self._by_group(regressor)
        first, second = (self._joined(firms, rest, error) for error in errors)
        return first, second

    def _by_group(self, column: Floats) -> tuple[csr_array, Floats]:
        loaded = self.members @ diags_array(column)
        return csr_array(loaded @ self.hat.firms), np.asarray((loaded @ self.hat.rest).toarray())

    def _joined(self, firms: csr_array, rest: Floats, error: Floats) -> Floats:
        other_firms, other_rest = self._by_group(error)
        joined = np.asarray((firms @ other_firms.T).toarray(), dtype=np.float64)
        return joined + rest @ self.hat.inverse @ other_rest.T if self.hat.levels else joined


def _statistics(one: GroupMoments, signs: Floats) -> tuple[Floats, Floats]:
    """Return each draw's numerator and the squares of its denominator, as polynomials in the distance."""
    numerators, groups_scores = [], []
    for place, scores in enumerate((one.scores, one.direction)):
        moved = (signs @ scores) @ one.bread
        numerators.append((signs @ scores) @ one.own)
        along = signs * (scores @ one.own) - moved @ one.weighted.T
        if one.crossed is not None:
            along -= signs @ one.crossed[place].T
        groups_scores.append(along)
    fixed, sloped = groups_scores
    squares = [np.einsum("dg,dg->d", a, b) for a, b in ((fixed, fixed), (fixed, sloped), (sloped, sloped))]
    return np.stack(numerators), np.stack([squares[0], 2 * squares[1], squares[2]])


def _joined(one: GroupMoments, parts: list[tuple[Floats, Floats]], is_sampled: bool) -> DrawnTest:
    along = one.scores @ one.own
    return DrawnTest(
        estimate=one.estimate,
        squared_error=float(along @ along),
        numerators=np.concatenate([part[0] for part in parts], axis=1),
        squares=np.concatenate([part[1] for part in parts], axis=1),
        is_sampled=is_sampled,
    )
