"""The tests that a sample may be too small for: each is made, or a note says why not."""

from collections.abc import Sequence

import numpy as np

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.instruments.anderson_rubin import (
    AndersonRubin,
    anderson_rubin_set,
    anderson_rubin_test,
)
from clusterpanel.models.instruments.confidence_set import ConfidenceSet
from clusterpanel.models.instruments.endogeneity import Endogeneity, endogeneity_test
from clusterpanel.models.instruments.equation import Equation
from clusterpanel.models.instruments.overidentification import Overidentification, hansen_test, sargan_test
from clusterpanel.models.instruments.prepare import Prepared
from clusterpanel.models.instruments.reduced_form import ReducedForm
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.covariance import Covariance


class Checks:
    """The tests that a sample may be too small for: each is made, or a note says why not."""

    def __init__(self, prepared: Prepared, form: ReducedForm) -> None:
        self.parts, self.form = prepared.parts, form
        self.notes: list[str] = []

    def anderson_rubin(self) -> AndersonRubin | None:
        """Return the test of no effect at all."""
        try:
            return anderson_rubin_test(self.form)
        except NotIdentifiedError as error:
            self._not_made("Anderson-Rubin test", error)
            return None

    def anderson_rubin_set(self) -> ConfidenceSet | None:
        """Return the set of values kept, with one endogenous regressor."""
        if len(self.parts.endogenous) > 1:
            return None
        try:
            return anderson_rubin_set(self.form)
        except NotIdentifiedError:
            return None

    def overidentification(
        self, structural: Equation, covariance: Covariance, counts: SampleCounts
    ) -> Overidentification | None:
        """Return Sargan's test where the variance is homoskedastic, Hansen's elsewhere.

        Parameters
        ----------
        structural : Equation
        covariance : Covariance
            Of the equation of `plan_moments`, without factors for small samples.
        counts : SampleCounts
        """
        if covariance.rule.startswith("homoskedastic"):
            return sargan_test(self.parts, structural, counts.rows)
        try:
            gram = self.form.gram
            return hansen_test(self.parts, gram @ covariance.matrix @ gram)
        except np.linalg.LinAlgError:
            self.notes.append(
                "No test of over-identification was made: the variance of the moments is singular, as with "
                "fewer groups than instruments."
            )
            return None

    def endogeneity(self, control: Equation | None, covariances: Sequence[Covariance]) -> Endogeneity | None:
        """Return the Durbin-Wu-Hausman test.

        Parameters
        ----------
        control : Equation or None
            None: the instruments fit an endogenous regressor perfectly.
        covariances : sequence of Covariance
            The first is the equation's.
        """
        if control is None:
            self.notes.append(
                "No test of endogeneity was made: the instruments fit an endogenous regressor perfectly."
            )
            return None
        count, covariance = len(self.parts.endogenous), covariances[0]
        try:
            return endogeneity_test(control, count, covariance.matrix, covariance.degrees_of_freedom)
        except NotIdentifiedError as error:
            self._not_made("test of endogeneity", error)
            return None

    def _not_made(self, test: str, error: NotIdentifiedError) -> None:
        self.notes.append(f"No {test} was made: {error.message}.")
