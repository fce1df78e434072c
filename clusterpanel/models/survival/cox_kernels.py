"""The compiled loops of scores, by their former name."""

from clusterpanel.models.survival.cox_score_kernels import add_products as add_products  # noqa: PLC0414
from clusterpanel.models.survival.cox_score_kernels import write_hazards as write_hazards  # noqa: PLC0414
from clusterpanel.models.survival.cox_score_kernels import write_scores as write_scores  # noqa: PLC0414
