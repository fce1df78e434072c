"""Content digests of files, remembered while a file's size and time stand still."""

import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

# A file changed within this time of being read may change again without a new time stamp.
RACY_SECONDS = 2.0
ABSENT = "absent"
INPUTS = "_inputs.json"


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def folder_digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder, by its path inside it, in order of that path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}


@dataclass
class DigestCache:
    """Digests of input files by path, size and time, kept in a file between runs.

    Attributes
    ----------
    path : Path
        The JSON file they are kept in; it names inputs only by digests of their paths.
    """

    path: Path
    known: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "DigestCache":
        """Read what an earlier run knew; an unreadable file is the same as none."""
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        return cls(path, known if isinstance(known, dict) else {})

    def digest(self, file: Path) -> str:
        """Return the SHA-256 of a file, `ABSENT` if there is none."""
        if not file.is_file():
            return ABSENT
        facts = file.stat()
        key = text_digest(f"{file.absolute()}|{facts.st_ino}|{facts.st_size}|{facts.st_mtime_ns}")
        if key not in self.known:
            digest = file_digest(file)
            if time.time() - facts.st_mtime < RACY_SECONDS:
                return digest
            self.known[key] = digest
        return self.known[key]

    def digest_as(self, use: str, file: Path, *, or_last: bool) -> str:
        """Return the SHA-256 of a file for a use, such as a stage's first file, and remember it for that use.

        Parameters
        ----------
        use : str
        file : Path
        or_last : bool
            If there is no file: return what was remembered for the use, so that stored results can be read
            where the data are not.
        """
        digest = self.digest(file)
        if digest == ABSENT and or_last:
            return self.known.get(use, ABSENT)
        self.known[use] = digest
        return digest

    def save(self) -> None:
        """Keep what is known for the next run."""
        part = self.path.with_name(f".part-{self.path.name}")
        part.write_text(json.dumps(self.known, indent=0, sort_keys=True), encoding="utf-8")
        part.replace(self.path)
