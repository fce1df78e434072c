"""One exhibit: a table, a figure or both, the designs it shows, and a digest of what it holds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from clusterpanel.report.disclosure import Results
from clusterpanel.report.renderers import to_csv, to_latex, to_markdown
from clusterpanel.report.tables import Table

Format = Literal["csv", "tex", "md"]
WRITERS: Mapping[Format, Callable[[Table], str]] = {"csv": to_csv, "tex": to_latex, "md": to_markdown}


@dataclass(frozen=True)
class Exhibit:
    """A table or figure of the report.

    Attributes
    ----------
    name : str
        The stem of its files and its anchor on the page.
    title, caption : str
        Its heading, and the sentences under it.
    table : Table or None
        The whole table, as it is written to files.
    page_table : Table or None
        What the page prints instead of the whole table: a part of it, or the same in everyday units.
    figure : str or None
        SVG.
    alt : str
        What the figure shows, in a sentence, for those who cannot see it.
    designs : tuple of str
        Labels of the results it shows.
    formats : tuple of str
        The formats the table is written in.
    is_folded : bool
        Whether the page prints the table closed, to be opened by the reader.
    has_whole_below : bool
        Whether the page prints the whole table too, closed, under `page_table`.
    """

    name: str
    title: str
    caption: str = ""
    table: Table | None = None
    page_table: Table | None = None
    figure: str | None = None
    alt: str = ""
    designs: tuple[str, ...] = ()
    formats: tuple[Format, ...] = ("csv",)
    is_folded: bool = False
    has_whole_below: bool = False

    @property
    def printed_table(self) -> Table | None:
        """The table that the page prints; nothing where it has no rows."""
        table = self.page_table or self.table
        return table if table and table.rows else None

    def files(self) -> dict[str, str]:
        """Return the text of each of its files, by file name."""
        tables = {f"{self.name}.{f}": WRITERS[f](self.table) for f in self.formats} if self.table else {}
        return tables | ({f"{self.name}.svg": self.figure} if self.figure else {})

    @property
    def digest(self) -> str:
        """The SHA-256 of its files, names included."""
        hasher = sha256()
        for name, text in sorted(self.files().items()):
            hasher.update(f"{name}\0{text}\0".encode())
        return hasher.hexdigest()


@dataclass(frozen=True)
class Section:
    """A part of the page: some sentences and some exhibits under one heading."""

    identifier: str
    title: str
    paragraphs: tuple[str, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()


def manifest(exhibits: Sequence[Exhibit], results: Results) -> dict[str, Any]:
    """Return which exhibit shows which designs, from which sample, in which files."""
    return {
        exhibit.name: {
            "title": exhibit.title,
            "digest": exhibit.digest,
            "files": sorted(exhibit.files()),
            "designs": {label: sample_digest(results, label) for label in exhibit.designs},
        }
        for exhibit in exhibits
    }


def sample_digest(results: Results, label: str) -> str:
    """Return the digest of the sample that a result was estimated on; empty where it has none."""
    result = results.get(label)
    return "" if result is None else str(result.provenance.get("digest", ""))
