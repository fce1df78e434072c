"""Turn industry codes into the industries that clusters are drawn in."""

import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.errors import DataError, Fault, SpecError
from clusterpanel.spec.clusters import IndustryScheme


def cluster_industry(codes: pa.Array | pa.ChunkedArray, scheme: IndustryScheme) -> pa.Array:
    """Return the cluster industry of each industry code.

    Parameters
    ----------
    codes : string array, length n
        Industry codes, matched whole and as text.
    scheme : IndustryScheme

    Returns
    -------
    string array, length n
        The group that holds the code; the code itself if no group does and ``ungrouped = "own"``; null if
        the code is missing, excluded, or in no group and ``ungrouped = "none"``.

    Raises
    ------
    SpecError
        A code stands in two groups, or in a group and among the excluded.
    DataError
        A code of its own is called like a group, so that the two would be drawn as one.
    """
    groups = _group_of_code(scheme)
    column = codes.combine_chunks() if isinstance(codes, pa.ChunkedArray) else codes
    encoded = pc.dictionary_encode(column)
    names = encoded.dictionary.to_pylist()
    if scheme.ungrouped == "own":
        _refuse_ambiguous([name for name in names if name not in groups], scheme)
    industries = [_industry(name, groups, scheme) for name in names]
    return pa.array(industries, pa.string()).take(encoded.indices)


def _industry(code: str, groups: dict[str, str], scheme: IndustryScheme) -> str | None:
    if code in scheme.exclude:
        return None
    return groups.get(code, code if scheme.ungrouped == "own" else None)


def _group_of_code(scheme: IndustryScheme) -> dict[str, str]:
    found: dict[str, str] = {}
    faults = []
    for group, codes in scheme.groups.items():
        for code in codes:
            if code in scheme.exclude:
                faults.append(
                    Fault("industries", f"groups.{group}", f"excluded code {code!r}", "one of both")
                )
            elif found.setdefault(code, group) != group:
                faults.append(
                    Fault(
                        "industries",
                        f"groups.{group}",
                        f"{code!r}, also in {found[code]}",
                        "one group a code",
                    )
                )
    if faults:
        raise SpecError("an industry code belongs to two groups", faults=faults)
    return found


def _refuse_ambiguous(ungrouped: list[str], scheme: IndustryScheme) -> None:
    faults = [
        Fault("sites", "column industry_code", f"code {code!r}", "a code not called like a group")
        for code in ungrouped
        if code in scheme.groups and code not in scheme.exclude
    ]
    if faults:
        raise DataError(
            "an industry code is called like a group that does not hold it",
            hint="Put the code into the group, or rename the group in the cluster spec.",
            faults=faults,
        )
