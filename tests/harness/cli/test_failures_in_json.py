"""A command that is asked for JSON prints one document, whatever happens; and words on stderr all the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.cli.program import documents
from deploy.core.errors import AwsRefused, ConfigurationError, GateRefused, TimedOut
from harness.core.errors import MachineCannot
from tests.harness.cli.test_commands_have_files import EVERY_COMMAND, IDS, PROGRAMS


def failed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any], str]:
    with pytest.raises(SystemExit) as ended:
        PROGRAMS[words[0]].main(list(words[1:]))
    captured = capsys.readouterr()
    return int(str(ended.value.code)), json.loads(captured.out)["error"], captured.err


@pytest.mark.parametrize("words", [words for words, _ in EVERY_COMMAND], ids=IDS)
def test_a_wrong_option_of_every_command(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, error, said = failed(capsys, *words, "-o", "json", "--no-such-option")
    assert (code, error["code"]) == (2, "usage")
    assert error["message"] in said


PROJECT_COMMANDS = [
    ("harness", "validate"), ("harness", "bench"), ("harness", "golden", "check"), ("deploy", "gate"),
    ("deploy", "bundle"), ("deploy", "status"), ("deploy", "cost"), ("deploy", "verify"), ("deploy", "rollback"),
]  # fmt: skip


@pytest.mark.parametrize("words", PROJECT_COMMANDS, ids=" ".join)
@pytest.mark.parametrize("asked", [["-o", "json"], ["-ojson"], ["--output", "json"], ["--output=json"]])
def test_a_project_that_is_not_there(
    words: tuple[str, ...], asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "rehearsal.toml"
    code, error, said = failed(capsys, *words, *asked, "--config", str(missing))
    assert (code, error["code"]) == (2, "configuration")
    assert str(missing) in error["message"]
    assert "error: " in said


def test_the_next_command_is_one_that_the_message_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, error, _ = failed(capsys, "harness", "status", "--state-dir", str(tmp_path), "-o", "json")
    assert (code, error["code"], error["next"]) == (3, "machine_cannot", "harness up --detach")


def test_without_json_nothing_is_printed_where_results_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        PROGRAMS["harness"].main(["status", "--state-dir", str(tmp_path)])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "harness up" in captured.err


def test_a_document_that_was_printed_is_the_only_one(capsys: pytest.CaptureFixture[str]) -> None:
    documents.begin()
    documents.print_document('{"verdict": "failed"}')
    documents.print_failure("timed_out", "too late")
    assert json.loads(capsys.readouterr().out) == {"verdict": "failed"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("x"), "configuration"), (TimedOut("x"), "timed_out"), (GateRefused("x"), "gate_refused"),
        (AwsRefused("x"), "aws_refused"), (MachineCannot("x"), "machine_cannot"),
    ],
)  # fmt: skip
def test_codes_are_the_errors_own_names(error: Any, code: str) -> None:
    assert documents.code_of(error) == code
