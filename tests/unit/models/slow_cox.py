"""A Cox model written out: every risk set is a row of flags, every tied death a term of its own.

It is slow (events times rows) and has no cleverness, so that tests can hold the folds to it. At an event
time with d deaths of mean weight m, Efron's likelihood has d terms: in term k = 0, ..., d - 1 each death is
at risk with the part 1 - k / d of its weight, and the term's hazard is m over the weighted risk. Breslow's
has one term with the deaths whole and m their sum. Everything else (information, residuals, baseline, test of
proportional hazards) is a sum over the terms.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Term(NamedTuple):
    """One term of the likelihood: its stratum, time and mass, and the part of each row that is at risk."""

    stratum: int
    time: float
    mass: float
    part: Floats
    dies: NDArray[np.bool_]
    share: float


@dataclass(frozen=True)
class SlowCox:
    """A fitted Cox model; rows are in the order they were given."""

    event: Floats
    start: Floats
    stop: Floats
    regressors: Floats
    weights: Floats
    strata: NDArray[np.int64]
    offset: Floats
    ties: str
    coefficients: Floats = field(default_factory=lambda: np.zeros(0))

    @cached_property
    def terms(self) -> list[Term]:
        found = []
        for stratum in np.unique(self.strata):
            inside = self.strata == stratum
            for time in np.unique(self.stop[inside & (self.event > 0)]):
                at_risk = inside & (self.start < time) & (self.stop >= time)
                dies = inside & (self.event > 0) & (self.stop == time)
                found += self._terms_at(int(stratum), float(time), at_risk, dies)
        return found

    def _terms_at(
        self, stratum: int, time: float, at_risk: NDArray[np.bool_], dies: NDArray[np.bool_]
    ) -> list[Term]:
        deaths, total = int(dies.sum()), float(self.weights[dies].sum())
        if self.ties == "breslow":
            return [Term(stratum, time, total, at_risk.astype(float), dies, 1.0)]
        parts = [at_risk - step / deaths * dies for step in range(deaths)]
        return [Term(stratum, time, total / deaths, part, dies, 1 / deaths) for part in parts]

    def at(self, coefficients: Floats) -> "SlowCox":
        """Return the same model at other coefficients."""
        return SlowCox(
            self.event,
            self.start,
            self.stop,
            self.regressors,
            self.weights,
            self.strata,
            self.offset,
            self.ties,
            coefficients,
        )

    @cached_property
    def risk(self) -> Floats:
        """Each row's hazard ratio against a row of zeros, the offset included."""
        return np.exp(self.regressors @ self.coefficients + self.offset)

    def weighted(self, term: Term) -> Floats:
        return self.weights * self.risk * term.part

    def hazard(self, term: Term) -> float:
        return term.mass / float(self.weighted(term).sum())

    def mean(self, term: Term) -> Floats:
        """The weighted mean of the regressors over the risk set."""
        weighted = self.weighted(term)
        return weighted @ self.regressors / weighted.sum()

    def spread(self, term: Term) -> Floats:
        """The regressors' weighted variance over the risk set, times the term's mass: its information."""
        weighted, left = self.weighted(term), self.regressors - self.mean(term)
        return term.mass * (left * weighted[:, None]).T @ left / weighted.sum()

    @cached_property
    def loglik(self) -> float:
        log_risk = np.log(self.risk)
        dies = self.weights * (self.event > 0)
        return float(dies @ log_risk) - sum(
            term.mass * np.log(self.weighted(term).sum()) for term in self.terms
        )

    @cached_property
    def score(self) -> Floats:
        return (self.weights * (self.event > 0)) @ self.regressors - sum(
            term.mass * self.mean(term) for term in self.terms
        )

    @cached_property
    def information(self) -> Floats:
        return np.sum([self.spread(term) for term in self.terms], axis=0)

    @cached_property
    def bread(self) -> Floats:
        return np.linalg.inv(self.information)

    @cached_property
    def martingale(self) -> Floats:
        expected = sum(self.hazard(term) * self.risk * term.part for term in self.terms)
        return (self.event > 0) - expected

    @cached_property
    def deviance(self) -> Floats:
        left, event = self.martingale, self.event > 0
        logs = np.where(event, np.log(np.where(event, event - left, 1.0)), 0.0)
        return np.sign(left) * np.sqrt(-2 * (left + logs))

    @cached_property
    def score_residuals(self) -> Floats:
        """Each row's share in the score, unweighted; its weighted sum is the score."""
        left = np.zeros_like(self.regressors)
        for term in self.terms:
            away = self.regressors - self.mean(term)
            left += (term.dies * term.share)[:, None] * away
            left -= (self.hazard(term) * self.risk * term.part)[:, None] * away
        return left

    @cached_property
    def dfbeta(self) -> Floats:
        return self.weights[:, None] * self.score_residuals @ self.bread

    @cached_property
    def schoenfeld(self) -> Floats:
        """Each row's regressors less their mean at its death; missing where it does not die."""
        left = np.full_like(self.regressors, np.nan)
        left[self.event > 0] = 0
        for term in self.terms:
            left[term.dies] += term.share * (self.regressors[term.dies] - self.mean(term))
        return left

    @cached_property
    def scaled_schoenfeld(self) -> Floats:
        deaths = int((self.event > 0).sum())
        return deaths * self.schoenfeld @ self.bread + self.coefficients

    def zph(self, transformed: Floats) -> tuple[Floats, float]:
        """Return the score tests of proportional hazards by regressor and of all.

        `transformed` is the time's transform for every row, read at the rows that die.
        """
        size = len(self.coefficients)
        centred = transformed - transformed[self.event > 0].mean()
        information, score = np.zeros((2 * size, 2 * size)), np.zeros(2 * size)
        for term in self.terms:
            g = centred[term.dies][0]
            information += np.kron(np.array([[1, g], [g, g * g]]), self.spread(term))
            dying = self.weights[term.dies] @ (self.regressors[term.dies] - self.mean(term))
            score[size:] += g * term.share * dying
        single = []
        for place in range(size):
            chosen = [*range(size), size + place]
            part = score[chosen]
            single.append(part @ np.linalg.solve(information[np.ix_(chosen, chosen)], part))
        return np.array(single), float(score @ np.linalg.solve(information, score))

    def cumulative_hazard(self, time: float, stratum: int = 0) -> float:
        """The baseline's cumulative hazard, of a row whose regressors and offset are 0."""
        return sum(self.hazard(term) for term in self._until(time, stratum))

    def survival(self, time: float, pattern: Floats, stratum: int = 0) -> tuple[float, float]:
        """Return survival and its standard error for a pattern of regressors."""
        terms = self._until(time, stratum)
        ratio = float(np.exp(pattern @ self.coefficients))
        hazard = ratio * sum(self.hazard(term) for term in terms)
        own = sum(self.hazard(term) ** 2 / term.mass for term in terms)
        parts = [self.hazard(term) * (self.mean(term) - pattern) for term in terms]
        away = np.sum([np.zeros_like(pattern), *parts], axis=0)
        variance = ratio**2 * (own + np.sum(away @ self.bread * away))
        return float(np.exp(-hazard)), float(np.exp(-hazard) * np.sqrt(variance))

    def _until(self, time: float, stratum: int) -> list[Term]:
        return [term for term in self.terms if term.stratum == stratum and term.time <= time]


def slow_cox(  # noqa: PLR0917
    event: Floats,
    start: Floats,
    stop: Floats,
    regressors: Floats,
    weights: Floats | None = None,
    strata: NDArray[np.int64] | None = None,
    offset: Floats | None = None,
    ties: str = "efron",
) -> SlowCox:
    """Fit by Newton's steps, halved where the likelihood falls."""
    rows = len(stop)
    model = SlowCox(
        np.asarray(event, float),
        np.asarray(start, float),
        np.asarray(stop, float),
        np.asarray(regressors, float).reshape(rows, -1),
        np.ones(rows) if weights is None else np.asarray(weights, float),
        np.zeros(rows, np.int64) if strata is None else np.asarray(strata, np.int64),
        np.zeros(rows) if offset is None else np.asarray(offset, float),
        ties,
    )
    model = model.at(np.zeros(model.regressors.shape[1]))
    for _ in range(50):
        step = np.linalg.solve(model.information, model.score)
        if np.abs(step * model.score).max(initial=0.0) < 1e-20:
            return model
        further = model.at(model.coefficients + step)
        while further.loglik < model.loglik - 1e-10 * abs(model.loglik):
            step /= 2
            further = model.at(model.coefficients + step)
        model = further
    return model


def slow_concordance(  # noqa: PLR0917
    event: Floats,
    start: Floats,
    stop: Floats,
    risk: Floats,
    weights: Floats | None = None,
    strata: NDArray[np.int64] | None = None,
) -> dict[str, float]:
    """Compare every death with every row at risk beyond it, pair by pair."""
    rows = len(stop)
    weights = np.ones(rows) if weights is None else weights
    strata = np.zeros(rows, np.int64) if strata is None else strata
    counts = dict.fromkeys(["concordant", "discordant", "tied_risk", "tied_time", "tied_both"], 0.0)
    moves = np.zeros((rows, 3))
    for one in np.flatnonzero(event > 0):
        for other in range(rows):
            if other == one or strata[other] != strata[one]:
                continue
            pair, at = weights[one] * weights[other], stop[one]
            if event[other] > 0 and stop[other] == at:
                counts["tied_both" if risk[one] == risk[other] else "tied_time"] += pair / 2
            elif start[other] < at <= stop[other]:
                place = 0 if risk[one] > risk[other] else 1 if risk[one] < risk[other] else 2
                counts[["concordant", "discordant", "tied_risk"][place]] += pair
                moves[one, place] += weights[other]
                moves[other, place] += weights[one]
    pairs = counts["concordant"] + counts["discordant"] + counts["tied_risk"]
    concordance = (counts["concordant"] + counts["tied_risk"] / 2) / pairs
    influence = (moves[:, 0] + moves[:, 2] / 2 - concordance * moves.sum(axis=1)) / pairs
    error = float(np.sqrt(((weights * influence) ** 2).sum()))
    return {**counts, "concordance": concordance, "std_error": error}
