"""Digests follow contents, and remembering them never hides a change."""

import os
from pathlib import Path

from clusterpanel.pipeline.digests import DigestCache, file_digest, folder_digests


def old_file(path: Path, text: str, seconds: int = 1_000_000_000) -> Path:
    path.write_text(text)
    os.utime(path, (seconds, seconds))
    return path


def test_a_remembered_digest_is_used_until_size_or_time_change(tmp_path: Path) -> None:
    file = old_file(tmp_path / "a", "one")
    cache = DigestCache(tmp_path / "cache")
    first = cache.digest(file)
    assert first == file_digest(file)
    assert len(cache.known) == 1
    old_file(file, "two", 1_000_000_001)
    assert cache.digest(file) == file_digest(file) != first


def test_a_file_changed_just_now_is_not_remembered(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    cache = DigestCache(tmp_path / "cache")
    cache.digest(file)
    assert not cache.known


def test_what_is_remembered_outlives_the_run_and_names_no_path(tmp_path: Path) -> None:
    file = old_file(tmp_path / "a", "one")
    cache = DigestCache(tmp_path / "cache")
    cache.digest(file)
    cache.save()
    assert DigestCache.load(tmp_path / "cache").known == cache.known
    assert str(tmp_path) not in (tmp_path / "cache").read_text()


def test_a_broken_memory_is_no_memory(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("{")
    assert DigestCache.load(tmp_path / "cache").known == {}


def test_an_absent_file_has_a_digest_of_its_own(tmp_path: Path) -> None:
    assert DigestCache(tmp_path / "cache").digest(tmp_path / "none") == "absent"


def test_folder_digests_are_in_order_of_paths(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").write_text("1")
    (tmp_path / "a").write_text("2")
    assert list(folder_digests(tmp_path)) == ["a", "b/x"]


def test_a_file_that_is_gone_is_what_it_was_for_those_who_ask(tmp_path: Path) -> None:
    file = old_file(tmp_path / "a", "one")
    cache = DigestCache(tmp_path / "cache")
    digest = cache.digest_as("ingest 0", file, or_last=False)
    file.unlink()
    assert cache.digest_as("ingest 0", file, or_last=True) == digest
    assert cache.digest_as("ingest 0", file, or_last=False) == "absent"
