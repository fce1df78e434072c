"""Why a design has no result survives the store, with the exit code it asks for."""

from pathlib import Path

import pytest

from clusterpanel.errors import NotConvergedError, NotIdentifiedError
from clusterpanel.pipeline.failures import NO_ANSWER, failure_of, read_failures, write_failure


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        (NotIdentifiedError("no firm moves", hint="Widen it."), 10, "not identified"),
        (NotConvergedError("stopped after 100 steps"), 11, "not converged"),
    ],
)
def test_a_failure_keeps_its_reason_and_exit_code(
    error: NotIdentifiedError | NotConvergedError, code: int, kind: str, tmp_path: Path
) -> None:
    write_failure("wage_within", failure_of(error), tmp_path)
    failure = read_failures(tmp_path)["wage_within"]

    assert isinstance(error, NO_ANSWER)
    assert (failure.reason, failure.exit_code, failure.kind) == (str(error), code, kind)


def test_a_stage_with_a_result_has_no_failure(tmp_path: Path) -> None:
    assert read_failures(tmp_path) == {}
