"""The text of a study, drafted from what its register looks like."""

from clusterpanel.registry.sniff import Sniffed
from clusterpanel.registry.year_range import YearRange

NO_YEARS = YearRange(2000, 2020)

DRAFT = """\
# A draft of a study of the register {name}. Look at every line that says TODO, then run
# `clusterpanel check` on this file: it says what is missing before anything is computed.

name = "{name}"
title = "{name}"  # TODO: the title of the report
question = "Do firms do better because they are in a cluster, or are they there because they are better?"

{sources}
{places}
clusters = "{name}"  # ../clusters/{name}.toml: which industries belong together, how clusters are drawn

[panel]
first_year = {first_year}  # TODO: the first year of the panel
last_year = {last_year}  # TODO: the last year in which every firm that lived was recorded
{size}
logs = ["employment"]  # TODO: columns that also get a log_ column

# TODO: firms whose disappearance says nothing about them, such as a country that left the register.
# [[panel.censor]]
# where = {{ country_code = ["XS"] }}
# after_year = 2018
# reason = "the country left the register"

# Size: all firms of an industry and year, then each firm with itself over time, before and after it moved
# or a cluster grew around it.

[[designs]]
name = "size_pooled"
comparison = "pooled"
outcome = "log_employment"
exposure = "in_cluster"
absorb = ["industry_code^year"]

[[designs]]
name = "size_within"
comparison = "within"
outcome = "log_employment"
exposure = "in_cluster"
absorb = ["industry_code^year"]

# TODO: firms of one region, once a zoning, the gazetteer or the register itself gives region_code.
# [[designs]]
# name = "size_region"
# comparison = "region"
# outcome = "log_employment"
# exposure = "in_cluster"
# absorb = ["industry_code^year"]

# Exit happens once, so no firm can be compared with itself.

[[designs]]
name = "exit_pooled"
comparison = "pooled"
outcome = "is_exit"
exposure = "in_cluster"
absorb = ["industry_code^year"]

{survival}
# What is left of the pooled gap once each firm is compared with itself is not sorting.
[[contrasts]]
name = "sorting"
title = "Sorting in size: all firms less a firm with itself"
terms = [{{ design = "size_pooled", weight = 1 }}, {{ design = "size_within", weight = -1 }}]

[[profiles]]
name = "size_by_radius"
title = "Size and the number of firms of the industry within a radius"
design = "size_within"
measure = "own_count"

[report]
minimum_firms = 5  # TODO: the bureau's rule: a cell with fewer firms is not shown
headline = "sorting"
describe = ["employment", "growth_dhs", "is_exit", "in_cluster"]
"""

SURVIVAL = """\
[[designs]]
name = "survival"
comparison = "pooled"
estimator = "kaplan_meier"
outcome = "is_exit"
exposure = "in_cluster"
"""


def draft_study(name: str, sniffed: Sniffed) -> str:
    """Return a study of the register `name` with the places and clusters drafted beside it.

    ``TODO`` says what a person must decide. The text parses as a `StudySpec`.
    """
    years = sniffed.years or NO_YEARS
    return DRAFT.format(
        name=name,
        sources=_sources(name, sniffed),
        places=_places(name, sniffed),
        first_year=years.first,
        last_year=years.last,
        size=_size(sniffed),
        survival=_survival(sniffed),
    )


def _sources(name: str, sniffed: Sniffed) -> str:
    more = "names of files in ../sources, or paths"
    if sniffed.table != "sites":
        more = f"add one with a table of sites: {more}"
    return f'sources = ["{name}"]  # TODO: every register the study reads: {more}'


def _places(name: str, sniffed: Sniffed) -> str:
    has_address = sniffed.has("postcode") or sniffed.has("place")
    if sniffed.has_coordinates:
        more = f'; "{name}" places sites without coordinates by their address' if has_address else ""
        return f"places = []  # TODO: zonings, which give region_code{more}"
    if has_address:
        return f'places = ["{name}"]  # ../places/{name}.toml; TODO: zonings, which give region_code'
    return "places = []  # TODO: a gazetteer that turns postcodes or places into points, and zonings"


def _size(sniffed: Sniffed) -> str:
    what = "the account or site column whose growth is measured"
    if not sniffed.has("employment"):
        what = f"no column of persons was found; {what}, here and below"
    return f'size = "employment"  # TODO: {what}'


def _survival(sniffed: Sniffed) -> str:
    """Return curves by age, commented out where no register says when firms were born."""
    if sniffed.table == "firms" and sniffed.has("birth_year"):
        return SURVIVAL
    lines = [f"# {line}" for line in SURVIVAL.splitlines()]
    return "\n".join(["# TODO: survival by age, once a table of firms gives birth_year.", *lines, ""])
