"""Names and texts as DuckDB's SQL writes them, so that no column name or value is read as SQL."""

from collections.abc import Iterable


def sql_name(name: str) -> str:
    """Return a column's or table's name, quoted."""
    return '"' + name.replace('"', '""') + '"'


def sql_text(text: str) -> str:
    """Return a text literal."""
    return "'" + text.replace("'", "''") + "'"


def sql_texts(texts: Iterable[str]) -> str:
    """Return text literals in brackets, for IN."""
    return f"({', '.join(sql_text(text) for text in texts)})"
