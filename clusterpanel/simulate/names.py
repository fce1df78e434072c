"""The codes and names of the simulated country, each of which says or shows that it is simulated."""

import numpy as np
import pyarrow as pa

from clusterpanel.simulate.country import Country, Ints

PLACE_KINDS = ("Harbour", "Mill", "Château", "Bridge", "Å", "Ford", "Moor", "Köping")
STREETS = (
    "Mill Street",
    "Château Road",
    "Åker Lane",
    "Köping Way",
    "Harbour Row",
    "Señor Square",
    "Long Hill",
)


def firm_codes(firms: Ints) -> pa.Array:
    """Return the codes of firms, such as SIM0000012; they sort as the firms do."""
    return pa.array([f"SIM{firm + 1:08d}" for firm in firms.tolist()], pa.string())


def industry_codes(industries: int) -> pa.Array:
    """Return four-digit industry codes; the first is 01.10, which must not be read as a number."""
    return pa.array([f"{1 + number % 99:02d}.{10 * (1 + number // 99):02d}" for number in range(industries)])


def region_codes(regions: int) -> pa.Array:
    """Return region codes such as XS-07."""
    return pa.array([f"XS-{number + 1:02d}" for number in range(regions)])


def region_names(regions: int) -> pa.Array:
    """Return region names such as Simulated Region 7."""
    return pa.array([f"Simulated Region {number + 1}" for number in range(regions)])


def postcodes(country: Country) -> pa.Array:
    """Return postcodes: two digits of the region, then a running number; many begin with a zero."""
    order = np.argsort(country.region, kind="stable")
    region = country.region[order]
    running = np.arange(len(order)) - np.searchsorted(region, region)
    width = max(3, len(str(running.max() + 1)))
    texts = np.empty(len(order), dtype=object)
    texts[order] = [
        f"{r + 1:02d}{n + 1:0{width}d}" for r, n in zip(region.tolist(), running.tolist(), strict=True)
    ]
    return pa.array(texts, pa.string())


def place_names(country: Country) -> pa.Array:
    """Return the name of each place, such as Simulated Harbour 12."""
    kinds = len(PLACE_KINDS)
    return pa.array(
        [f"Simulated {PLACE_KINDS[n % kinds]} {n + 1}" for n in range(int(country.place.max()) + 1)]
    )
