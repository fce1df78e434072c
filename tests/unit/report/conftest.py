"""Simulated inputs of a report, built once."""

import runpy
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """All that `write_report` takes but the folder: 900 simulated firms over ten years."""
    built = runpy.run_path(str(Path(__file__).with_name("simulated_inputs.py")))
    return built["build_inputs"](tmp_path_factory.mktemp("inputs"))
