"""Compare Cox regressions on the same simulated annual register in one run.

    python benchmarks/cox.py [--rows 1e6] [--strata] [--repeats 3] [--timeout 600] [--json]

Annual rows with late entry, eight covariates, Efron's ties, errors grouped by firm. Each repeat of each
program runs in a process of its own, the programs taking turns; the table shows medians of one thread's
processor time and of the clock. `errors` says how far the standard errors are from ours, which are R's;
`more_mb` is what the fit takes beyond the data that were there before.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import cox_peers
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from cox_peers import Fit
from simulated_spells import COVARIATES, simulate_spells
from streamed_spells import StreamedSpells

import clusterpanel
from clusterpanel.models.arrays import Codes, ModelArrays, ModelSource
from clusterpanel.models.survival.cox import fit_cox
from clusterpanel.models.survival.cox_variance import survival_variance
from clusterpanel.spec.vcov import GroupedVcov

WARM_UP_ROWS = 20_000
ROW_GROUP = 250_000
THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "NUMBA_NUM_THREADS")
MEASURES = {"cpu_s": 3, "wall_s": 3, "peak_mb": 0, "more_mb": 0}
COLUMNS = ("program", "version", "rows", *MEASURES, "coefficients", "errors", "note")


class Program(NamedTuple):
    """A program: its package, what prepares the function that is timed, and a note.

    `prepare` takes the path of the Parquet file and the column of strata, or None.
    """

    package: str
    prepare: Callable[[Path, str | None], Fit]
    note: str


def ours_in_memory(path: Path, strata: str | None) -> Fit:
    """Prepare the fold over arrays in memory."""
    frame = pd.read_parquet(path).sort_values(["firm_id", "start"])
    _, firms = np.unique(frame["firm_id"], return_inverse=True)
    firm = Codes("firm_id", firms.astype(np.int32), int(firms.max()) + 1)
    effects = ()
    if strata is not None:
        effects = (Codes(strata, frame[strata].to_numpy(dtype=np.int32), int(frame[strata].max()) + 1),)
    names = ("cause", "start", "stop", *COVARIATES)
    columns = tuple(np.ascontiguousarray(frame[name].to_numpy(dtype=float)) for name in names)
    return _fit(ModelArrays(columns, COVARIATES, firm, effects, False, groups=(firm,), outcomes=3))


def ours_streamed(path: Path, strata: str | None) -> Fit:
    """Prepare the fold over the Parquet file, whose rows are in random order."""
    return _fit(StreamedSpells.of(path, strata))


def _fit(source: ModelSource) -> Fit:
    def fit() -> tuple[np.ndarray, np.ndarray]:
        fitted = fit_cox(source).likelihood
        variance = survival_variance(GroupedVcov(CRV1="firm_id"), fitted.sums, fitted.counts)
        return fitted.coefficients, np.sqrt(np.diag(variance.matrix))

    return fit


def peer(prepare: Callable[[pd.DataFrame], Fit]) -> Callable[[Path, str | None], Fit]:
    """Read the frame for a peer, before the clock starts."""

    def prepared(path: Path, strata: str | None) -> Fit:
        if strata is not None:
            raise ValueError("peers are compared without strata")
        return prepare(pd.read_parquet(path))

    return prepared


COX: dict[str, Program] = {
    "clusterpanel": Program("clusterpanel", ours_in_memory, "from arrays in memory"),
    "clusterpanel, streamed": Program("clusterpanel", ours_streamed, "from Parquet in random order"),
    "coxdev": Program("coxdev", peer(cox_peers.coxdev_newton), "Newton's loop ours; no grouped errors"),
    "survival (Rust)": Program("survival", peer(cox_peers.survival_rust), "right errors"),
    "statsmodels": Program("statsmodels", peer(cox_peers.statsmodels_phreg), "entry at an event is at risk"),
    "statsmodels, moved": Program(
        "statsmodels", peer(cox_peers.statsmodels_moved), "entries a millionth later; Breslow's scores"
    ),
    "scikit-survival": Program("scikit-survival", peer(cox_peers.scikit_survival), "no entry, no errors"),
    "lifelines": Program("lifelines", peer(cox_peers.lifelines_cox), "scores depend on the order of ties"),
}


def main() -> None:
    """Run the benchmark and print its table."""
    arguments = _arguments()
    strata = "industry" if arguments.strata else None
    if arguments.child:
        print(json.dumps(_measure(arguments.child, Path(arguments.data), strata)))
        return
    with tempfile.TemporaryDirectory() as folder:
        data, small = Path(folder) / "spells.parquet", Path(folder) / "spells.small.parquet"
        for path, rows in ((data, int(arguments.rows)), (small, WARM_UP_ROWS)):
            frame = simulate_spells(rows).sample(frac=1.0, random_state=1)
            pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=ROW_GROUP)
            del frame
        runs = _take_turns(arguments, data)
    table = [_row(name, repeats, runs, int(arguments.rows)) for name, repeats in runs.items()]
    print(json.dumps(table, indent=1) if arguments.json else _as_text(table))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=float, default=1e6)
    parser.add_argument("--strata", action="store_true", help="by industry; ours only")
    parser.add_argument("--programs", nargs="+", choices=COX, default=list(COX))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=600, help="seconds one process may take")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--data", help=argparse.SUPPRESS)
    return parser.parse_args()


def _measure(program: str, path: Path, strata: str | None) -> dict[str, object]:
    """Fit once in this process, after a warm-up on few rows that compiles what is to be compiled."""
    warnings.simplefilter("ignore")
    COX[program].prepare(path.with_suffix(".small.parquet"), strata)()
    fit = COX[program].prepare(path, strata)
    before = _memory("VmRSS", is_reset=True)
    cpu, wall = time.process_time(), time.perf_counter()
    coefficients, errors = fit()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = _memory("VmHWM")
    return {
        "cpu_s": cpu,
        "wall_s": wall,
        "peak_mb": peak,
        "more_mb": peak - before,
        "coefficients": coefficients.tolist(),
        "errors": errors.tolist(),
    }


def _memory(field: str, *, is_reset: bool = False) -> float:
    """Return this process's memory now (VmRSS) or at most (VmHWM) in MB, as Linux tells it."""
    if is_reset:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def _take_turns(arguments: argparse.Namespace, data: Path) -> dict[str, list[dict]]:
    runs: dict[str, list[dict]] = {program: [] for program in arguments.programs}
    for _ in range(arguments.repeats):
        for program, done in runs.items():
            if not any("failed" in run for run in done):
                done.append(_run_child(program, data, arguments))
    return runs


def _run_child(program: str, data: Path, arguments: argparse.Namespace) -> dict:
    command = [sys.executable, __file__, "--child", program, "--data", str(data)]
    command += ["--strata"] if arguments.strata else []
    environment = os.environ | dict.fromkeys(THREAD_SETTINGS, "1")
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=arguments.timeout, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"more than {arguments.timeout:.0f} s"}
    if done.returncode != 0:
        return {"failed": (done.stderr.strip().splitlines() or ["no message"])[-1][:80]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def _row(name: str, repeats: list[dict], runs: dict[str, list[dict]], rows: int) -> dict[str, object]:
    program = COX[name]
    try:
        release = clusterpanel.__version__ if program.package == "clusterpanel" else version(program.package)
    except PackageNotFoundError:
        release = "missing"
    row: dict[str, object] = {"program": name, "version": release, "rows": rows, "note": program.note}
    failed = next((run["failed"] for run in repeats if "failed" in run), None)
    if failed:
        return {**row, "note": failed}
    for key, digits in MEASURES.items():
        row[key] = round(statistics.median(run[key] for run in repeats), digits)
    ours = next(iter(runs.values()))[0]
    for key in ("coefficients", "errors"):
        if "failed" not in ours and not np.isnan(repeats[0][key]).any():
            apart = np.abs(np.array(repeats[0][key]) / np.array(ours[key]) - 1).max()
            row[key] = f"{apart:.1e}"
    return row


def _as_text(table: list[dict[str, object]]) -> str:
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    lines += ["| " + " | ".join(str(row.get(column, "")) for column in COLUMNS) + " |" for row in table]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
