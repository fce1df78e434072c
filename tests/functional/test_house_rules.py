"""Rules of the house that a linter does not know."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
MODULES = sorted((REPOSITORY / "clusterpanel").rglob("*.py"))
VAGUE = {"utils", "util", "core", "base", "common", "shared", "helpers", "misc"}
TEXT = {".py", ".md", ".toml", ".html", ".cff"}
FORBIDDEN_CALLS = {"eval", "exec"}
FORBIDDEN_MODULES = {"pickle", "yaml", "importlib.import_module"}


def text_files() -> list[Path]:
    folders = ("clusterpanel", "data_specs", "docs", "scripts", "tests", "benchmarks")
    files = [file for folder in folders for file in (REPOSITORY / folder).rglob("*") if file.suffix in TEXT]
    return sorted([*files, *REPOSITORY.glob("*.md")])


def test_no_module_has_a_vague_name() -> None:
    assert not [module for module in MODULES if module.stem in VAGUE or module.parent.name in VAGUE]


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(REPOSITORY)))
def test_no_module_asserts_evaluates_text_or_pickles(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.Assert), f"line {node.lineno}: an assert is no guard"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FORBIDDEN_CALLS, f"line {node.lineno}"
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
            assert not names & FORBIDDEN_MODULES, f"line {node.lineno}"


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(REPOSITORY)))
def test_modules_of_other_rooms_are_imported_at_the_top_of_a_module(module: Path) -> None:
    """The floors hold inside functions too; only the command line imports late, to answer quickly."""
    room = module.relative_to(REPOSITORY / "clusterpanel").parts[0]
    if room == "cli":
        return
    functions = [
        node for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))) if is_function(node)
    ]
    imports = [
        node for function in functions for node in ast.walk(function) if isinstance(node, ast.ImportFrom)
    ]
    late = [node.module for node in imports if node.module and node.module.startswith("clusterpanel.")]
    assert not [name for name in late if name.split(".")[1] != room]


def is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


@pytest.mark.parametrize("file", text_files(), ids=lambda f: str(f.relative_to(REPOSITORY)))
def test_no_file_names_a_machine_path(file: Path) -> None:
    text = file.read_text(encoding="utf-8", errors="replace")
    assert not re.search(r"(?<![\w.])/(?:work|root|home|Users|tmp)/\w", text)


def test_importing_the_package_loads_no_heavy_library() -> None:
    heavy = ["geopandas", "matplotlib", "statsmodels", "sklearn", "numba", "duckdb", "typer"]
    code = f"import sys, clusterpanel; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_floors_hold() -> None:
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
    ]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
