"""Results as JSON and Parquet files, and back."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clusterpanel.designs.cumulative_incidence import IncidenceCurves
from clusterpanel.models.result import Result, SurvivalCurves

Outcome = Result | SurvivalCurves
CURVES = {"curves": SurvivalCurves, "incidence": IncidenceCurves}


def save_result(result: Outcome, folder: Path) -> None:
    """Write a result as ``<label>.json`` and its frames as ``<label>.<frame>.parquet``.

    The influence frame is indexed by unit, often by firm: it stays in the store, never in a report.
    """
    facts = {
        "kind": _kind(result),
        "label": result.label,
        "glance": plain(result.glance),
        "provenance": plain(result.provenance),
    }
    text = json.dumps(facts, indent=1, ensure_ascii=False)
    (folder / f"{result.label}.json").write_text(text, encoding="utf-8")
    for name, frame in _frames(result).items():
        frame.to_parquet(folder / f"{result.label}.{name}.parquet", compression="zstd")


def _kind(result: Outcome) -> str:
    if isinstance(result, IncidenceCurves):
        return "incidence"
    return "curves" if isinstance(result, SurvivalCurves) else "result"


def _frames(result: Outcome) -> dict[str, pd.DataFrame]:
    if isinstance(result, SurvivalCurves):
        return {"curve": result.curve}
    frames = {
        "estimate": result.estimate,
        "influence": result.influence,
        "covariance": result.covariance,
    }
    return {name: frame for name, frame in frames.items() if frame is not None}


def load_result(label: str, folder: Path) -> Outcome:
    """Read the result that `save_result` wrote."""
    facts = json.loads((folder / f"{label}.json").read_text(encoding="utf-8"))
    if facts["kind"] in CURVES:
        curve = pd.read_parquet(folder / f"{label}.curve.parquet")
        return CURVES[facts["kind"]](facts["label"], curve, facts["glance"], facts["provenance"])
    estimate = pd.read_parquet(folder / f"{label}.estimate.parquet")
    influence, covariance = (
        pd.read_parquet(file) if (file := folder / f"{label}.{name}.parquet").exists() else None
        for name in ("influence", "covariance")
    )
    return Result(facts["label"], estimate, influence, facts["glance"], facts["provenance"], covariance)


def load_results(folder: Path) -> dict[str, Outcome]:
    """Read all results of a folder, by label."""
    labels = sorted(file.stem for file in folder.glob("*.json") if not file.name.startswith("_"))
    return {label: load_result(label, folder) for label in labels}


def plain(value: Any) -> Any:
    """Return a value in the types JSON has: tuples become lists, NumPy numbers Python's."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    return value
