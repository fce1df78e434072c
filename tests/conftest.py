"""What every test may ask for."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data_or_none() -> Path | None:
    """The folder of data sets that may not be redistributed, if it is here."""
    folder = Path(os.environ.get("CLUSTERPANEL_SHARED", REPOSITORY.parent / "shared")) / "data"
    return folder if folder.exists() else None


@pytest.fixture(scope="session")
def shared_data(shared_data_or_none: Path | None) -> Path:
    """The same folder; the test is skipped where it is absent."""
    if shared_data_or_none is None:
        pytest.skip("the shared data sets are not here; set CLUSTERPANEL_SHARED to their folder")
    return shared_data_or_none
