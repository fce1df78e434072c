"""Grouped errors for few or unequal groups: CRV3, which leaves each group out, and CRV2 between it and CRV1.

With H the hat matrix, absorbed effects included, X and e a group's rows of the regressors and residuals once
the effects are out, and M the group's block of the projection off the effects, the estimate without the group
differs by ``-(inv(A) - X'NX)^-1 X'Ne``, N the pseudo-inverse of M and A the bread (Woodbury). Where every
effect is nested in the groups, leaving a group out leaves the others' rows as they are, and N drops out.
"""

from typing import Literal

import numpy as np

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes, Floats
from clusterpanel.models.linearised import Linearised
from clusterpanel.models.vcov.counts import SampleCounts, check_groups
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.hat_blocks import GroupBlocks
from clusterpanel.models.vcov.nesting import effects_are_nested
from clusterpanel.models.vcov.sums import sum_by_code
from clusterpanel.models.vcov.words import distribution_words

# The share of a direction's information that must be left without a group.
LEAST_LEFT = 1e-10
Around = Literal["estimate", "mean"]


def crv3(
    linearised: Linearised, groups: Codes, counts: SampleCounts, around: Around = "estimate"
) -> Covariance:
    """Return the jackknife covariance: (G - 1)/G times the squares of the estimates without each group.

    Bell and McCaffrey (2002, Survey Methodology 28); MacKinnon, Nielsen and Webb (2023, Journal of Applied
    Econometrics 38), whose CV3 is around the estimate and CV3J around the mean. Exact for least squares; for
    likelihoods each estimate without a group is one step from the whole one.

    Raises
    ------
    NotIdentifiedError
        There are fewer than two groups, or a coefficient is not identified without one of them.
    SpecError
        The regression has instruments, or the effects have too many levels.
    """
    _check(linearised, groups, "CRV3")
    moves = moves_without_groups(linearised, groups)
    if around == "mean":
        moves = moves - moves.mean(axis=0)
    influence = np.sqrt((groups.levels - 1) / groups.levels) * moves
    step = ", one step from the estimate each" if linearised.estimator == "likelihood" else ""
    words = f"CRV3: each group left out{step}, around the {around}, times (G - 1)/G"
    return _covariance(words, influence, groups, counts)


def crv2(linearised: Linearised, groups: Codes, counts: SampleCounts) -> Covariance:
    """Return grouped errors with residuals multiplied by ``(I - H)^(-1/2)`` of each group's block.

    Bell and McCaffrey (2002, Survey Methodology 28), without a further factor; tests use t with G - 1
    degrees of freedom.

    Raises
    ------
    NotIdentifiedError
        There are fewer than two groups.
    SpecError
        The regression has instruments, the effects have too many levels, or a group too many rows.
    """
    _check(linearised, groups, "CRV2")
    words = "CRV2: residuals times (I - H)^(-1/2) of each group"
    return _covariance(words, _reduced_influence(linearised, groups), groups, counts)


def moves_without_groups(linearised: Linearised, groups: Codes) -> Floats:
    """Return how far leaving each group out moves each coefficient; shape (groups, coefficients).

    Raises
    ------
    NotIdentifiedError
        A coefficient is not identified without one of the groups.
    """
    if effects_are_nested(linearised.effects, groups):
        grams, scores = _moments(linearised, groups)
    else:
        grams, scores = GroupBlocks.of(linearised, groups).moments_off_effects()
    half = np.linalg.cholesky(linearised.bread)
    left = np.eye(len(half)) - half.T @ grams @ half
    values, vectors = np.linalg.eigh(left)
    _check_left(values, np.asarray(half @ vectors), linearised.names, groups)
    turned = np.einsum("gba,bc,gc->ga", vectors, half.T, scores) / values
    moves: Floats = -np.einsum("ab,gbc,gc->ga", half, vectors, turned)
    return moves


def _moments(linearised: Linearised, groups: Codes) -> tuple[Floats, Floats]:
    """Return each group's cross-products of the regressors, and its score."""
    scaled = linearised.scaled_regressors
    coefficients = scaled.shape[1]
    products = (scaled[:, :, None] * scaled[:, None, :]).reshape(len(scaled), -1)
    grams = sum_by_code(products, groups.codes, groups.levels)
    scores = sum_by_code(linearised.scores, groups.codes, groups.levels)
    return grams.reshape(groups.levels, coefficients, coefficients), scores


def _reduced_influence(linearised: Linearised, groups: Codes) -> Floats:
    if not effects_are_nested(linearised.effects, groups):
        return GroupBlocks.of(linearised, groups).scores_by_root() @ linearised.bread
    grams, scores = _moments(linearised, groups)
    half = np.linalg.cholesky(linearised.bread)
    values, vectors = np.linalg.eigh(np.eye(len(half)) - half.T @ grams @ half)
    # A direction that a group alone tells has residual 0 in it.
    is_there = values > LEAST_LEFT
    roots = np.where(is_there, 1 / np.sqrt(np.where(is_there, values, 1.0)), 0.0)
    turned = np.einsum("gba,bc,gc->ga", vectors, half.T, scores) * roots
    return np.asarray(np.einsum("ab,gbc,gc->ga", half, vectors, turned))


def _check(linearised: Linearised, groups: Codes, kind: str) -> None:
    check_groups(groups.levels, groups.name)
    if linearised.estimator == "instruments":
        raise SpecError(
            f"the variance {kind} came with instruments, for which no closed form leaves a group out",
            hint='Choose vcov = { CRV1 = ... } or { block_bootstrap = "firm_id" }.',
        )


def _check_left(values: Floats, directions: Floats, names: tuple[str, ...], groups: Codes) -> None:
    """Refuse coefficients that some group alone identifies."""
    if (values > LEAST_LEFT).all():
        return
    lost = [np.abs(directions[group, :, place]) for group, place in np.argwhere(values <= LEAST_LEFT)]
    scale = np.sqrt(np.einsum("ij,ij->i", directions[0], directions[0]))
    is_lost = np.any([direction > 1e-6 * scale for direction in lost], axis=0)
    hit = ", ".join(name for name, flag in zip(names, is_lost, strict=True) if flag)
    raise NotIdentifiedError(
        f"CRV3 is not defined: without one of the groups by {groups.name} the coefficient of {hit} is not "
        "identified",
        hint="Absorb the regressors that are dummies of groups as effects, or choose CRV1 or CRV2.",
    )


def _covariance(words: str, influence: Floats, groups: Codes, counts: SampleCounts) -> Covariance:
    degrees = counts.group_degrees(groups.levels)
    rule = f"grouped by {groups.name} ({words}, G = {groups.levels}), {distribution_words(degrees)}"
    facts = {"groups": {groups.name: groups.levels}}
    return Covariance(influence.T @ influence, degrees, rule, facts=facts, influence=influence)
