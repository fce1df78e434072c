"""A delivered text file as plain UTF-8 with one kind of line end, every byte of it checked."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import IO

from clusterpanel.errors import DataError, Fault, MissingInputError, SpecError
from clusterpanel.registry.register_file import RegisterFile

CHUNK_BYTES = 1 << 20
BEGINNINGS = {
    codecs.BOM_UTF16_LE: 'It begins like utf-16: say encoding = "utf-16" in the source spec.',
    codecs.BOM_UTF16_BE: 'It begins like utf-16: say encoding = "utf-16" in the source spec.',
    b"\x1f\x8b": "It begins like a gzip file: give it a name that ends with .gz.",
    b"PK\x03\x04": "It begins like a zip archive or a spreadsheet: unpack or export it as text.",
}


def plain_text(file: RegisterFile, work: Path) -> Path:
    r"""Return a path to the text of `file` as UTF-8 with ``\n`` line ends: itself, or a copy in `work`.

    Lines keep their numbers: ``\r\n`` and a lone ``\r`` each become one ``\n``.

    Raises
    ------
    MissingInputError
        The file is not there or may not be read.
    DataError
        The file is empty, is not what its name or encoding says, breaks off, or holds a NUL character.
    SpecError
        The encoding is none that Python knows.
    """
    check_readable(file)
    name = _codec(file)
    if name == "utf-8" and not file.name.endswith(".gz") and _is_plain(file.path):
        for _ in _decoded(file, name):
            pass
        return file.path
    copy = work / f"{file.number}.txt"
    with copy.open("w", encoding="utf-8", newline="") as plain:
        for text in _decoded(file, name):
            plain.write(text)
    return copy


def check_readable(file: RegisterFile) -> None:
    """Raise an error if the file is not there, is a folder, may not be read, or is empty."""
    try:
        with file.path.open("rb") as opened:
            beginning = opened.read(1)
    except OSError as error:
        came = "no such file" if isinstance(error, FileNotFoundError) else (error.strerror or "unreadable")
        fault = file.fault("", came, "a readable file", _neighbours(file.path))
        raise MissingInputError(f"{file.name} cannot be read", faults=[fault]) from error
    if not beginning:
        raise file.data_error("", "an empty file", "a file with rows")


def _neighbours(path: Path) -> str:
    if not path.parent.is_dir():
        return "Its folder is not there: name it with --data NAME=FOLDER."
    close = get_close_matches(path.name, sorted(other.name for other in path.parent.iterdir()), n=1)
    return f"Did you mean {close[0]}?" if close else ""


def _codec(file: RegisterFile) -> str:
    try:
        name = codecs.lookup(file.table.encoding).name
    except LookupError as error:
        allowed = "an encoding such as utf-8, cp1252, latin-1 or utf-16"
        fault = file.spec_fault("encoding", file.table.encoding, allowed)
        raise SpecError(f"{file.name} cannot be read", faults=[fault]) from error
    return "utf-8" if name in {"utf-8", "utf-8-sig", "ascii"} else name


def _is_plain(path: Path) -> bool:
    # DuckDB reads a path with one of these as a pattern that may match other files.
    if any(sign in str(path) for sign in "*?["):
        return False
    with path.open("rb") as opened:
        return not any(b"\r" in chunk for chunk in iter(lambda: opened.read(CHUNK_BYTES), b""))


def _decoded(file: RegisterFile, codec: str) -> Iterator[str]:
    """Yield the text chunk by chunk, with one kind of line end."""
    decoder = codecs.getincrementaldecoder("utf-8-sig" if codec == "utf-8" else codec)()
    lines_end_alike = io.IncrementalNewlineDecoder(decoder, translate=True)
    line, fed = 1, 0
    for chunk in _chunks(file):
        fed += len(chunk)
        try:
            text = lines_end_alike.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise _undecodable(file, error, line, fed) from error
        if "\0" in text:
            raise _nul(file, line + text[: text.index("\0")].count("\n"))
        line += text.count("\n")
        yield text


def _chunks(file: RegisterFile) -> Iterator[bytes]:
    """Yield the unpacked bytes, and an empty chunk at the end."""
    is_packed = file.name.endswith(".gz")
    try:
        with _opened(file.path, is_packed) as opened:
            while chunk := opened.read(CHUNK_BYTES):
                yield chunk
    except gzip.BadGzipFile as error:
        raise file.data_error("", "no gzip file", "a gzip file, as its name says") from error
    except (EOFError, zlib.error) as error:
        raise file.data_error("", "a gzip file that breaks off", "a whole one", "Fetch it again.") from error
    yield b""


def _opened(path: Path, is_packed: bool) -> IO[bytes]:
    return gzip.open(path) if is_packed else path.open("rb")  # type: ignore[return-value]


def _undecodable(file: RegisterFile, error: UnicodeDecodeError, line: int, fed: int) -> DataError:
    before = error.object[: error.start].decode(error.encoding, "ignore")
    line += before.replace("\r\n", "\n").replace("\r", "\n").count("\n")
    byte = fed - len(error.object) + error.start + 1
    fault = file.fault(
        f"line {line}, byte {byte} of the file",
        f"0x{error.object[error.start]:02X}",
        f"{file.table.encoding} text",
        _guess(file) or 'Say the right encoding in the source spec, such as encoding = "cp1252".',
    )
    return DataError(f"{file.name} is not {file.table.encoding} text", faults=[fault])


def _nul(file: RegisterFile, line: int) -> DataError:
    fault: Fault = file.fault(
        f"line {line}", "a NUL character", "text", _guess(file) or "The file is damaged, binary or utf-16."
    )
    return DataError(f"{file.name} is not text", faults=[fault])


def _guess(file: RegisterFile) -> str:
    with file.path.open("rb") as opened:
        start = opened.read(4)
    return next((hint for beginning, hint in BEGINNINGS.items() if start.startswith(beginning)), "")
