"""The store gives a stage's folder its name only when it is whole, and trusts no folder that was touched."""

from pathlib import Path

import pytest

from clusterpanel.pipeline.store import PART, RECORD, Store

KEY = "a" * 64
OTHER_KEY = "b" * 64


def write_two_files(folder: Path) -> None:
    (folder / "one.txt").write_text("1")
    (folder / "deep").mkdir()
    (folder / "deep" / "two.txt").write_text("2")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_a_filled_stage_is_done_and_recorded(store: Store) -> None:
    folder = store.fill("panel", KEY, write_two_files)
    assert store.state("panel", KEY) == "done"
    assert sorted(p.name for p in folder.rglob("*") if p.is_file()) == [RECORD, "one.txt", "two.txt"]


@pytest.mark.parametrize("name", ["one.txt", "deep/two.txt", RECORD])
def test_an_edited_file_is_damage(store: Store, name: str) -> None:
    folder = store.fill("panel", KEY, write_two_files)
    with (folder / name).open("a") as file:
        file.write("!")
    assert store.state("panel", KEY) == "damaged"


def test_a_removed_or_added_file_is_damage(store: Store) -> None:
    folder = store.fill("panel", KEY, write_two_files)
    (folder / "extra.txt").write_text("3")
    assert store.state("panel", KEY) == "damaged"
    (folder / "extra.txt").unlink()
    (folder / "one.txt").unlink()
    assert store.state("panel", KEY) == "damaged"


def test_work_that_fails_leaves_nothing(store: Store) -> None:
    def fail(folder: Path) -> None:
        write_two_files(folder)
        raise ValueError

    with pytest.raises(ValueError):
        store.fill("panel", KEY, fail)
    assert store.state("panel", KEY) == "missing"
    assert not list(store.root.iterdir())


def test_what_a_killed_run_left_is_removed(store: Store) -> None:
    part = store.root / f"{PART}panel-{KEY[:16]}"
    part.mkdir(parents=True)
    write_two_files(part)
    store.remove_leftovers()
    assert not list(store.root.iterdir())


def test_a_damaged_stage_is_replaced_whole(store: Store) -> None:
    folder = store.fill("panel", KEY, write_two_files)
    (folder / "extra.txt").write_text("3")
    store.fill("panel", KEY, write_two_files)
    assert store.state("panel", KEY) == "done"
    assert [path.name for path in store.root.iterdir()] == [f"panel-{KEY[:16]}"]


def test_a_stage_made_of_other_inputs_is_outdated(store: Store) -> None:
    store.fill("panel", KEY, write_two_files)
    assert store.state("panel", OTHER_KEY) == "outdated"
    assert store.state("report", OTHER_KEY) == "missing"


def test_a_stage_whose_name_begins_like_another_does_not_make_it_outdated(store: Store) -> None:
    store.fill("design-wage", KEY, write_two_files)
    assert store.state("design", OTHER_KEY) == "missing"


def test_only_the_folders_in_use_are_kept(store: Store) -> None:
    store.fill("panel", OTHER_KEY, write_two_files)
    used = store.fill("panel", KEY, write_two_files)
    (store.root / "_inputs.json").write_text("{}")
    store.keep_only([used])
    assert sorted(path.name for path in store.root.iterdir()) == ["_inputs.json", used.name]
