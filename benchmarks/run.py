"""Compare clusterpanel with its peers on the same simulated data in one run.

    python benchmarks/run.py fixed_effects --rows 1e6 [--movers 0.03] [--repeats 3] [--json]

Each repeat of each program runs in a process of its own, the programs taking turns; the table shows medians:
processor time with one thread, the clock with two. A peer that is missing, fails or runs out of time is a row
that says so.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd
from programs import BENCHMARKS
from simulated_panels import simulate_panel

import clusterpanel

WARM_UP_ROWS = 5_000
THREAD_SETTINGS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
)
COLUMNS = ("program", "version", "rows", "cpu_s", "wall_s", "peak_mb", "max_rel_diff", "note")


def main() -> None:
    """Run a benchmark and print its table."""
    arguments = _arguments()
    if arguments.child:
        data = Path(arguments.data)
        print(json.dumps(_measure(arguments.name, arguments.child, data, arguments.threads)))
        return
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "panel.parquet"
        frame = simulate_panel(int(arguments.rows), arguments.movers)
        frame.to_parquet(data)
        rows = len(frame)
        del frame
        runs = _take_turns(arguments.name, data, arguments.repeats, arguments.timeout)
    table = [_row(arguments.name, program, repeats, runs, rows) for program, repeats in runs.items()]
    print(json.dumps(table, indent=1) if arguments.json else _as_text(table))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=BENCHMARKS)
    parser.add_argument("--rows", type=float, default=1e6)
    parser.add_argument("--movers", type=float, default=0.03, help="share of firms that ever move region")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=600, help="seconds one fit may take")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--data", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    return parser.parse_args()


def _measure(name: str, program: str, data: Path, threads: int) -> dict[str, object]:
    """Fit once in this process, after a warm-up on few rows that compiles what is to be compiled."""
    warnings.simplefilter("ignore")
    frame = pd.read_parquet(data)
    prepare = BENCHMARKS[name][program].prepare
    prepare(frame.iloc[:WARM_UP_ROWS], threads)()
    fit = prepare(frame, threads)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, wall = time.process_time(), time.perf_counter()
    coefficients, errors = fit()
    return {
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - wall,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "before_mb": before / 1024,
        "coefficients": coefficients.tolist(),
        "errors": errors.tolist(),
    }


def _take_turns(name: str, data: Path, repeats: int, timeout: float) -> dict[str, list[dict[str, object]]]:
    runs: dict[str, list[dict[str, object]]] = {program: [] for program in BENCHMARKS[name]}
    for _ in range(repeats):
        for program, done in runs.items():
            if not any("failed" in run for run in done):
                one = _run_child(name, program, data, timeout, threads=1)
                two = one if "failed" in one else _run_child(name, program, data, timeout, threads=2)
                done.append({**one, "wall_s": two.get("wall_s", float("nan"))})
    return runs


def _run_child(name: str, program: str, data: Path, timeout: float, threads: int) -> dict[str, object]:
    command = [sys.executable, __file__, name, "--child", program, "--data", str(data)]
    command += ["--threads", str(threads)]
    environment = os.environ | dict.fromkeys(THREAD_SETTINGS, str(threads))
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"more than {timeout:.0f} s"}
    if done.returncode != 0:
        return {"failed": (done.stderr.strip().splitlines() or ["no message"])[-1][:80]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def _row(
    name: str, program: str, repeats: list[dict], runs: dict[str, list[dict]], rows: int
) -> dict[str, object]:
    entry = BENCHMARKS[name][program]
    try:
        release = clusterpanel.__version__ if entry.package == "clusterpanel" else version(entry.package)
    except PackageNotFoundError:
        release = "missing"
    row = {"program": program, "version": release, "rows": rows}
    failed = next((run["failed"] for run in repeats if "failed" in run), None)
    if failed:
        return {**row, "note": failed}
    for key in ("cpu_s", "wall_s", "peak_mb"):
        row[key] = round(statistics.median(run[key] for run in repeats), 0 if key == "peak_mb" else 3)
    ours = next(iter(runs.values()))[0]
    if np.isnan(repeats[0]["coefficients"]).any():
        return {**row, "note": entry.note}
    row["max_rel_diff"] = _difference(repeats[0], ours, "coefficients")
    return {**row, "note": f"{entry.note}; errors differ by {_difference(repeats[0], ours, 'errors'):.1e}"}


def _difference(run: dict, ours: dict, key: str) -> float:
    if "failed" in ours:
        return float("nan")
    mine = np.array(ours[key])
    return float(np.max(np.abs(np.array(run[key]) / mine - 1)))


def _as_text(table: list[dict[str, object]]) -> str:
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    for row in table:
        row = {**row, "max_rel_diff": f"{row['max_rel_diff']:.1e}"} if "max_rel_diff" in row else row  # noqa: PLW2901
        lines.append("| " + " | ".join(str(row.get(column, "")) for column in COLUMNS) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
