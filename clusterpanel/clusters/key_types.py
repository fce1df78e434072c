"""One type of text and of year, whichever program wrote a table, so that keys join."""

import pyarrow as pa


def with_key_types(table: pa.Table) -> pa.Table:
    """Return the table with text as string and ``year`` as int32; everything else as it was."""
    return table.cast(pa.schema([(field.name, _type(field)) for field in table.schema]))


def _type(field: pa.Field) -> pa.DataType:
    if field.name == "year":
        return pa.int32()
    if pa.types.is_large_string(field.type) or pa.types.is_string_view(field.type):
        return pa.string()
    return field.type
