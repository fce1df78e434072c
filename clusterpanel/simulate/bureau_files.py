"""Text files as a bureau writes them: semicolons, and where asked a decimal comma and an old encoding."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from clusterpanel.simulate.country import Floats

ROWS_PER_PIECE = 100_000


def write_bureau_csv(table: pa.Table, path: Path, encoding: str = "utf-8") -> None:
    """Write a table with `;` between columns, one header line and nothing for a missing value."""
    options = csv.WriteOptions(include_header=False, delimiter=";", quoting_style="none")
    with path.open("wb") as file:
        file.write((";".join(table.column_names) + "\n").encode(encoding))
        for first in range(0, table.num_rows, ROWS_PER_PIECE):
            piece = BytesIO()
            csv.write_csv(table.slice(first, ROWS_PER_PIECE), piece, options)
            file.write(piece.getvalue().decode("utf-8").encode(encoding))


def decimal_texts(values: Floats, decimals: int, comma: bool = False) -> pa.Array:
    """Return numbers as texts with a fixed number of decimals, after a point or a comma."""
    texts = pc.cast(pc.cast(pa.array(values.round(decimals)), pa.decimal128(20, decimals)), pa.string())
    return pc.replace_substring(texts, ".", ",", max_replacements=1) if comma else texts


def with_gaps(values: pa.Array, share: float, rng: np.random.Generator) -> pa.Array:
    """Return the values with about `share` of them missing."""
    return pc.if_else(pa.array(rng.random(len(values)) < share), pa.scalar(None, values.type), values)
