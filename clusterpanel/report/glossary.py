"""The words and columns that the page uses, explained at its foot."""

from clusterpanel.report.column_labels import labels_of
from clusterpanel.report.descriptive_table import described_columns
from clusterpanel.spec.columns import panel_columns
from clusterpanel.spec.study import Study

WORDS = {
    "cluster": "a place where related firms are dense; standard errors are said to be grouped, "
    "never clustered",
    "neighbour": "another firm's site nearby; a firm's own sites are never its neighbours",
    "pooled": "all firms are compared with each other, so what firms bring along is part of the estimate",
    "region": "firms are compared with firms of the same region, so what sets regions apart drops out",
    "within": "each firm is compared with itself over time, so what does not change about it drops out",
    "sorting": "better (or worse) firms being found in clusters for reasons of their own",
    "switchers": "firms whose exposure changes in the sample; only they inform a within estimate",
    "std error": "the standard error, grouped as the methods section says",
    "p": "the two-sided p-value against zero; the page uses no stars, so read the interval first",
    "log point": "a hundredth of a difference in logarithms; close to one per cent where small",
    "within R²": "the share of the outcome's variance, after the absorbed effects, that the terms explain",
    "set aside": "rows not used, with the reason; never deleted silently",
}


def glossary() -> list[tuple[str, str]]:
    """Return the page's words with their meaning."""
    return list(WORDS.items())


def named_columns(study: Study) -> list[tuple[str, str]]:
    """Return the panel columns that the study's designs and descriptions name, with what they hold."""
    known = panel_columns(study.spec, study.sources, study.cluster_spec)
    used = [*described_columns(study)]
    used += [name for design in study.designs for name in (design.outcome, design.exposure, *design.controls)]
    labels = labels_of(study)
    return [(name, f"{labels.title(name)}: {known[name]}") for name in dict.fromkeys(used) if name in known]
