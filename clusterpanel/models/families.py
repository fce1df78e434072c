"""The families of generalised linear models: Poisson with log link, logit, and complementary log-log.

A row's score in eta is s, its expected information v, and working residuals are s/v (Nelder and Wedderburn
1972, JRSS A 135). Poisson: mean m = exp(eta), v = m, s = y - m; any outcome that is not negative will do
(Gourieroux, Monfort and Trognon 1984, Econometrica 52). Logit: p = 1/(1 + exp(-eta)), v = p(1 - p),
s = y - p. Complementary log-log: h = 1 - exp(-exp(eta)) and ``m = exp(eta)/(exp(exp(eta)) - 1)``, v =
exp(eta) m, ``s = y m - (1 - y) exp(eta)``; Prentice and Gloeckler (1978, Biometrics 34): the coefficients are
those of the proportional hazards model whose times are known to the year.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import gammaln, xlogy

from clusterpanel.models.arrays import Floats

TABLE_SIZE = 256

FamilyName = Literal["poisson", "logit", "cloglog"]


@dataclass(frozen=True)
class Family:
    """A distribution with its link.

    Attributes
    ----------
    name : str
    code : int
        As the compiled loops know it (`glm_kernels`).
    words : str
        What the model is called in messages.
    ratio : str
        The exponential of the exposure's coefficient: "irr", "odds_ratio" or "hazard_ratio".
    separated : str
        The rows that a regressor may separate from the others.
    """

    name: FamilyName
    code: int
    words: str
    ratio: str
    separated: str

    @property
    def is_count(self) -> bool:
        """Whether outcomes are any numbers from 0 on; otherwise 0 or 1."""
        return self.name == "poisson"

    @property
    def is_canonical(self) -> bool:
        """Whether the expected information is the observed one."""
        return self.name != "cloglog"

    @property
    def effect(self) -> str:
        """What the exponential of a coefficient is called in messages."""
        return {"irr": "rate ratio", "odds_ratio": "odds ratio", "hazard_ratio": "hazard ratio"}[self.ratio]

    def link(self, mean: float) -> float:
        """Return eta of a mean inside the family's bounds."""
        if self.name == "poisson":
            return float(np.log(mean))
        if self.name == "logit":
            return float(np.log(mean) - np.log1p(-mean))
        return float(np.log(-np.log1p(-mean)))

    def terms(self, eta: Floats, outcome: Floats, weights: Floats) -> tuple[Floats, Floats, float]:
        """Return each row's expected information and score in eta, and the sum of losses, all weighted.

        Parameters
        ----------
        eta : float array, shape (rows,)
            Held inside bounds beyond which a mean is 0 or 1 to the last digit.
        outcome : float array, shape (rows,)
        weights : float array, shape (rows,) or (0,)
            None of them for 1 in every row.
        """
        from clusterpanel.models import glm_kernels

        information, scores = np.empty_like(eta), np.empty_like(eta)
        loss = glm_kernels.write_terms(self.code, eta, outcome, weights, information, scores)
        return information, scores, loss

    def constants(self, outcome: Floats, weights: Floats) -> tuple[float, float]:
        """Return what the losses leave out: of the log-likelihood, and the loss of a perfect fit.

        Log-likelihood = first - loss; deviance = 2 (loss - second).
        """
        if not self.is_count:
            return 0.0, 0.0
        constants, perfect = count_constants(outcome)
        if len(weights):
            return -float(weights @ constants), float(weights @ perfect)
        return -float(constants.sum()), float(perfect.sum())


def count_constants(outcome: Floats) -> tuple[Floats, Floats]:
    """Return log(y!) and the loss y - y log(y) of a perfect fit, from a table where y are small counts."""
    if outcome.max() < TABLE_SIZE:
        counts = outcome.astype(np.int64)
        if (counts == outcome).all():
            table = np.arange(TABLE_SIZE, dtype=np.float64)
            return gammaln(table + 1)[counts], (table - xlogy(table, table))[counts]
    return gammaln(outcome + 1), outcome - xlogy(outcome, outcome)


POISSON = Family("poisson", 0, "the Poisson regression", "irr", "zeros")
LOGIT = Family("logit", 1, "the logit", "odds_ratio", "events")
CLOGLOG = Family("cloglog", 2, "the hazard", "hazard_ratio", "events")
FAMILIES = {family.name: family for family in (POISSON, LOGIT, CLOGLOG)}
