"""The gazetteer and the zoning of the invented country."""

import json
from typing import Any

import pyarrow as pa

from clusterpanel.simulate.bureau_files import decimal_texts
from clusterpanel.simulate.country import COUNTRY_CODE, Country, Floats
from clusterpanel.simulate.names import place_names, postcodes, region_codes, region_names


def gazetteer_file(country: Country) -> pa.Table:
    """Return gazetteer.csv: one row per postcode, with degrees of WGS84."""
    regions = len(country.borders)
    region = pa.array(country.region)
    table = pa.table(
        {
            "country": pa.array([COUNTRY_CODE] * len(country.latitude)),
            "postcode": postcodes(country),
            "place": place_names(country).take(pa.array(country.place)),
            "region": region_codes(regions).take(region),
            "region_name": region_names(regions).take(region),
            "lat": decimal_texts(country.latitude, 5),
            "lon": decimal_texts(country.longitude, 5),
        }
    )
    return table.sort_by("postcode")


def zoning_text(country: Country) -> str:
    """Return zoning.geojson: the regions as polygons that tile the land."""
    regions = len(country.borders)
    codes, names = region_codes(regions).to_pylist(), region_names(regions).to_pylist()
    features = [
        _feature(code, name, corners)
        for code, name, corners in zip(codes, names, country.borders, strict=True)
    ]
    collection = {"type": "FeatureCollection", "name": "Simulated regions", "features": features}
    return json.dumps(collection, indent=1) + "\n"


def _feature(code: str, name: str, corners: Floats) -> dict[str, Any]:
    ring = corners.tolist()
    return {
        "type": "Feature",
        "properties": {"country_code": COUNTRY_CODE, "region_code": code, "region_name": name},
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
    }
