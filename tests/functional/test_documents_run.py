"""Every code block of the README and of docs is run: python, console lines in a shell, toml parsed."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOCUMENTS = sorted(
    [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("benchmarks/*.md")]
)
RUN_ELSEWHERE = {
    "python3 scripts/demo.py": "test_scripts.py",
    "python3 scripts/test.py": "what runs this test",
    "python3 scripts/wheelhouse.py": "test_wheelhouse.py",
    "python3 wheelhouse/install.py ENVIRONMENT": "test_wheelhouse.py",
}


def blocks_of(document: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(document.read_text(encoding="utf-8"))


DOCUMENTS_WITH_CODE = [document for document in DOCUMENTS if blocks_of(document)]


@pytest.mark.parametrize("document", DOCUMENTS_WITH_CODE, ids=lambda d: str(d.relative_to(REPOSITORY)))
def test_every_block_of_the_document_runs(
    document: Path, tmp_path: Path, shared_data_or_none: Path | None
) -> None:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    python_so_far = ""
    for language, code in blocks_of(document):
        if language == "python":
            python_so_far += code
        elif language == "console":
            run_console(code, tmp_path, environment, shared_data_or_none)
        elif language == "toml":
            tomllib.loads(code)
        else:
            assert language == "text", f"{document.name}: a block in {language or 'no language'} is not run"
    if python_so_far:
        run(["python", "-W", "error", "-c", python_so_far], tmp_path, environment)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: str(d.relative_to(REPOSITORY)))
def test_every_link_inside_the_repository_leads_somewhere(document: Path) -> None:
    text = BLOCK.sub("", document.read_text(encoding="utf-8"))
    assert not [link for link in LINK.findall(text) if not (document.parent / link).exists()]


def run_console(code: str, folder: Path, environment: dict[str, str], shared: Path | None) -> None:
    for line in code.replace("\\\n", " ").splitlines():
        if not line.strip() or line.startswith("#") or line in RUN_ELSEWHERE:
            continue
        assert line.startswith("clusterpanel "), f"not run by any test: {line}"
        if "SHARED" in line and shared is None:
            continue
        run(line.replace("SHARED", str(shared)).split(), folder, environment)


def run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    program = shutil.which(command[0], path=environment["PATH"])
    assert program is not None, f"{command[0]} is not installed"
    done = subprocess.run(
        [program, *command[1:]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command[:4])}\n{done.stdout}\n{done.stderr}"
