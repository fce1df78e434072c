"""Variances of errors that are not related: iid and HC1."""

from clusterpanel.errors import SpecError
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.sums import ScoreSums
from clusterpanel.models.vcov.words import NOT_GROUPED, count_words, distribution_words


def iid(sums: ScoreSums, counts: SampleCounts) -> Covariance:
    """Return the covariance under errors of one variance, or the inverse information of a likelihood.

    The latter is multiplied by (n - 1)/(n - K), fixest's default for `fepois` and `feglm` too; R's `glm`
    leaves it as it is, and so does the conditional logit here, as those of R and Stata do.

    Raises
    ------
    SpecError
        The weights are inverse probabilities: errors then differ in their variance by design.
    NotIdentifiedError
        There are no more rows than parameters.
    """
    if sums.is_probability:
        raise SpecError(
            "the variance iid came with probability weights, under which no formula for it holds",
            hint='Choose vcov = "HC1" or { CRV1 = "firm_id" }, or weights = { analytic = ... }.',
        )
    if sums.squares is None:
        return _inverse_information(sums, counts)
    degrees = counts.residual_degrees(is_grouped=False)
    distribution = distribution_words(degrees)
    variance = sums.squares * counts.parameter_factor(is_grouped=False) / counts.rows
    words = count_words(counts, is_grouped=False)
    rule = f"homoskedastic, residual variance over n - K, {words}, {distribution}"
    return Covariance(sums.bread * variance, degrees, rule, no_influence=NOT_GROUPED)


def _inverse_information(sums: ScoreSums, counts: SampleCounts) -> Covariance:
    degrees = counts.residual_degrees(is_grouped=False)
    rule = "inverse of the expected information"
    if not sums.is_adjusted:
        rule = f"{rule}, {distribution_words(degrees)}"
        return Covariance(sums.bread, degrees, rule, no_influence=NOT_GROUPED)
    factor = counts.parameter_factor(is_grouped=False) * (counts.rows - 1) / counts.rows
    words = count_words(counts, is_grouped=False)
    rule = f"{rule}, times (n - 1)/(n - K), {words}, {distribution_words(degrees)}"
    return Covariance(factor * sums.bread, degrees, rule, no_influence=NOT_GROUPED)


def hc1(sums: ScoreSums, counts: SampleCounts) -> Covariance:
    """Return the heteroskedasticity-robust covariance (White 1980, Econometrica 48) times n/(n - K).

    Raises
    ------
    NotIdentifiedError
        There are no more rows than parameters.
    """
    factor = counts.parameter_factor(is_grouped=False)
    degrees = counts.residual_degrees(is_grouped=False)
    words = count_words(counts, is_grouped=False)
    rule = f"HC1, times n/(n - K), {words}, {distribution_words(degrees)}"
    matrix = factor * (sums.bread @ sums.meat @ sums.bread)
    return Covariance(matrix, degrees, rule, no_influence=NOT_GROUPED)
