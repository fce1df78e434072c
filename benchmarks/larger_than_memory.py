"""Estimate a simulated panel that is read from Parquet block by block, and say what a row costs.

    python benchmarks/larger_than_memory.py --rows 1e8 [--memory-gb 1] [--folder FOLDER]

The panel is written once, in parts of ten million rows at most; the estimate runs in a process of its own, on
firm, region and industry-by-year effects with errors grouped by firm. A sample that takes more than
`--memory-gb` is never held. The floor beside it is one pass that reads the same columns and does nothing.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from simulated_panels import CONTROLS, simulate_panel

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.engine.firm_blocks import firm_borders
from clusterpanel.panel.panel import Panel

PART_ROWS = 10_000_000
ROWS_PER_GROUP = 131_072


def main() -> None:
    """Write the panel if it is not there, estimate, and print one line."""
    arguments = _arguments()
    if arguments.child:
        print(json.dumps(_measure(Path(arguments.child), arguments.memory_gb, arguments.threads)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(arguments.folder or scratch) / f"panel_{int(arguments.rows)}.parquet"
        if not file.exists():
            write_panel(file, int(arguments.rows), arguments.movers)
        command = [sys.executable, __file__, "--child", str(file), "--memory-gb", str(arguments.memory_gb)]
        command += ["--threads", str(arguments.threads)]
        print(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=float, default=1e7)
    parser.add_argument("--movers", type=float, default=0.03)
    parser.add_argument("--memory-gb", type=float, default=1.0, help="memory a sample may take")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", help="where the simulated panel is kept for the next run")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


def write_panel(file: Path, rows: int, movers: float) -> None:
    """Write about `rows` simulated firm-years to one Parquet file whose row groups split no firm."""
    writer, written, firms = None, 0, 0
    while written < rows:
        frame = simulate_panel(min(PART_ROWS, rows - written), movers, seed=1 + written, first_firm=firms)
        table = pa.Table.from_pandas(frame, preserve_index=False)
        writer = writer or pq.ParquetWriter(file, table.schema, compression="lz4")
        for first, last in firm_borders(table.column("firm_id"), ROWS_PER_GROUP):
            writer.write_table(table.slice(first, last - first), row_group_size=last - first)
        written, firms = written + len(frame), int(frame["firm_id"].iloc[-1]) + 1
    if writer:
        writer.close()


def _measure(file: Path, memory_gb: float, threads: int) -> dict[str, object]:
    """Estimate once, after a warm-up that compiles what is to be compiled."""
    wanted = design(
        comparison="within",
        outcome="log_wage",
        exposure="in_cluster",
        controls=CONTROLS,
        absorb=("region_code", "industry_year"),
    )
    estimate(wanted, Panel.from_frame(simulate_panel(5_000)))
    floor = _read_once(file)
    cpu, wall = time.process_time(), time.perf_counter()
    result = estimate(wanted, Panel.open(file), threads=threads, memory_gb=memory_gb)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "rows": int(result.glance["n"]),
        "cpu_s": round(cpu, 2),
        "wall_s": round(wall, 2),
        "cpu_ns_a_row": round(1e9 * cpu / result.glance["n"], 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "estimate": float(result.term("in_cluster")["estimate"]),
        "std_error": float(result.term("in_cluster")["std_error"]),
        "path": result.glance.get("path"),
        **floor,
    }


def _read_once(file: Path) -> dict[str, float]:
    """Read the columns of the estimate once, one row group after the other."""
    columns = ("firm_id", "region_code", "industry_year", "log_wage", "in_cluster", *CONTROLS)
    cpu, wall = time.process_time(), time.perf_counter()
    rows = sum(block.num_rows for block in Panel.open(file).blocks(columns))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "floor_cpu_s": round(cpu, 2),
        "floor_wall_s": round(wall, 2),
        "floor_cpu_ns_a_row": round(1e9 * cpu / rows, 1),
    }


if __name__ == "__main__":
    main()
