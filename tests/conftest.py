"""What every test may ask for."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of data sets that may not be redistributed; the test is skipped where it is absent."""
    folder = Path(os.environ.get("CLUSTERPANEL_SHARED", REPOSITORY.parent / "shared")) / "data"
    if not folder.exists():
        pytest.skip("the shared data sets are not here; set CLUSTERPANEL_SHARED to their folder")
    return folder
