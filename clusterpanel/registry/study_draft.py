"""The text of a study that a newcomer edits."""

DRAFT = """\
# A draft of a study of the register {name}. Look at every line that says TODO, then run
# `clusterpanel check` on this file: it says what is missing before anything is computed.

name = "{name}"
title = "{name}"  # TODO: the title of the report
question = "Do firms do better because they are in a cluster, or are they there because they are better?"

sources = ["{name}"]  # the source specs: names of files in ../sources, or paths
places = []  # TODO: a gazetteer that turns postcodes into points, if the sites have no coordinates; zonings
clusters = "{name}"  # TODO: a cluster spec: which industries belong together, and how clusters are drawn

[panel]
first_year = 2000  # TODO: the first year of the panel
last_year = 2020  # TODO: the last year in which every firm that lived was recorded
size = "employment"  # TODO: the account or site column whose growth is measured
logs = ["employment"]  # TODO: columns that also get a log_ column

# TODO: firms whose disappearance says nothing about them, such as a country that left the register.
# [[panel.censor]]
# where = {{ country_code = ["XS"] }}
# after_year = 2018
# reason = "the country left the register"

# Three comparisons of the same exposure: all firms, firms of a region, a firm with itself over time.
[[designs]]
name = "pooled"
comparison = "pooled"
estimator = "ols"
outcome = "log_employment"
exposure = "in_cluster"
controls = ["age"]
absorb = ["year"]
vcov = {{ CRV1 = "firm_id" }}

[[designs]]
name = "region"
comparison = "region"
estimator = "ols"
outcome = "log_employment"
exposure = "in_cluster"
controls = ["age"]
absorb = ["year"]
vcov = {{ CRV1 = "firm_id" }}

[[designs]]
name = "within"
comparison = "within"
estimator = "ols"
outcome = "log_employment"
exposure = "in_cluster"
absorb = ["year"]
vcov = {{ CRV1 = "firm_id" }}

[[designs]]
name = "survival"
comparison = "region"
estimator = "cloglog"
outcome = "is_exit"
exposure = "in_cluster"
controls = ["age"]
absorb = ["year"]
vcov = {{ CRV1 = "firm_id" }}

# What is left of the pooled gap once each firm is compared with itself is not sorting.
[[contrasts]]
name = "sorting"
title = "Sorting: the pooled gap less the gap within firms"
terms = [{{ design = "pooled", weight = 1 }}, {{ design = "within", weight = -1 }}]

[report]
minimum_firms = 5  # TODO: the bureau's rule: a cell with fewer firms is not shown
headline = "sorting"
"""


def draft_study(name: str) -> str:
    """Return the draft for the source called `name`, a word of lower-case letters, digits and underscores."""
    return DRAFT.format(name=name)
