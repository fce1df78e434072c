"""What a places spec must satisfy beyond its keys and types."""

from collections.abc import Iterator

from clusterpanel.errors import Fault
from clusterpanel.spec.faults import listed
from clusterpanel.spec.parse import SpecFile
from clusterpanel.spec.places import GazetteerSpec, PlacesSpec
from clusterpanel.spec.source_checks import check_encoding

MATCHED = ("postcode", "place")


def check_places(file: SpecFile[PlacesSpec]) -> Iterator[Fault]:
    """Yield every fault of a places spec that can be seen without other files."""
    spec = file.model
    if isinstance(spec, GazetteerSpec):
        yield from check_encoding(file, (), spec.encoding)
        yield from _check_gazetteer(file, spec)
    elif spec is not None and "region_code" not in spec.columns:
        yield file.fault(("columns",), "no region_code", "region_code, and country_code, region_name if any")


def _check_gazetteer(file: SpecFile[PlacesSpec], spec: GazetteerSpec) -> Iterator[Fault]:
    missing = [str(name) for name in ("latitude", "longitude") if name not in spec.columns]
    if missing:
        yield file.fault(("columns",), f"no {listed(missing)}", "latitude and longitude, degrees in WGS84")
    if not any(name in spec.columns for name in MATCHED):
        yield file.fault(("columns",), "nothing to look an address up by", f"one of {listed(MATCHED)}")
    if ("country_code" in spec.columns) == (spec.country_code is not None):
        came = "two" if spec.country_code else "nothing"
        allowed = "either country_code = the country of every row, or the column in [columns]"
        yield file.fault(("country_code",), came, allowed)
