"""What the disk refuses is told by its family."""

import errno
from pathlib import Path

import pytest

from clusterpanel.errors import ClusterpanelError, MissingInputError, OutputError, RunError
from clusterpanel.pipeline.disk_errors import disk_errors_told


@pytest.mark.parametrize(
    ("number", "file", "family"),
    [
        (errno.ENOSPC, "out/store/x", RunError),
        (errno.EACCES, "out/store/x", OutputError),
        (errno.EROFS, "out", OutputError),
        (errno.EACCES, "data/firms.csv", MissingInputError),
    ],
)
def test_each_refusal_has_its_family(
    tmp_path: Path, number: int, file: str, family: type[ClusterpanelError]
) -> None:
    with pytest.raises(family), disk_errors_told(tmp_path / "out"):
        raise OSError(number, "refused", str(tmp_path / file))


def test_other_errors_pass_untouched(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), disk_errors_told(tmp_path):
        raise FileNotFoundError(errno.ENOENT, "none", "x")


def test_a_folder_that_no_disk_can_have_is_an_output_error(tmp_path: Path) -> None:
    out = tmp_path / ("x" * 400)
    with pytest.raises(OutputError, match="cannot be made"), disk_errors_told(out):
        out.mkdir(parents=True, exist_ok=True)


def test_a_file_in_the_place_of_the_folder_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError), disk_errors_told(tmp_path / "out"):
        (tmp_path / "out").mkdir(parents=True, exist_ok=True)
