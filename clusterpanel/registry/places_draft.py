"""The text of a gazetteer's spec, drafted from what a register looks like."""

from clusterpanel.registry.sniff import Sniffed
from clusterpanel.registry.toml_text import toml_text

DRAFT = """\
# A draft of a gazetteer: a file that turns the addresses of the register {name} into points, with
# a row for each postcode or place. Sites whose coordinates are known need none.

kind = "gazetteer"
name = "{name}"  # TODO: another name, here and in the study, if the file is not in the register's folder
title = "Gazetteer of {name}"  # TODO: what the report calls it
origin = "TODO"  # TODO: who made it, and how to cite it
licence = "TODO"  # TODO: on what terms it may be used
file = "gazetteer.csv"  # TODO: its file, below the folder named with --data {name}=FOLDER
format = "csv"  # TODO: csv or parquet
separator = ","  # TODO: the sign between fields
encoding = "utf-8"  # TODO: such as cp1252
country_code = {country}  # TODO: the country of every row; none if a column says it

# On the left what clusterpanel calls a column, on the right what the file does.
[columns]
# country_code = "country"  # TODO: take the # away if the file covers several countries
{postcode}
{place}
latitude = "latitude"  # TODO: degrees north, WGS84
longitude = "longitude"  # TODO: degrees east, WGS84
# region_code = "region"  # TODO: take the # away if the file has one
"""


def draft_places(name: str, sniffed: Sniffed) -> str | None:
    """Return a gazetteer's spec called `name`, or None where the register has no postcodes and no places.

    ``TODO`` says what a person must decide. The text parses as a `GazetteerSpec`.
    """
    if not (sniffed.has("postcode") or sniffed.has("place")):
        return None
    return DRAFT.format(
        name=name,
        country=toml_text(sniffed.country or "XX"),
        postcode=_line("postcode", sniffed),
        place=_line("place", sniffed),
    )


def _line(column: str, sniffed: Sniffed) -> str:
    line = f'{column} = "{column}"  # TODO: none if the file has no such column'
    return line if sniffed.has(column) else f"# {line}"
