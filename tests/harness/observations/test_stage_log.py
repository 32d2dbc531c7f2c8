"""What the handler said of its libraries, among the lines of TorchServe."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.io import libraries
from harness.observations import stage_log

PREFIX = "2026-11-20T12:00:00,123 [INFO ] W-9000-model_1.0-stdout MODEL_LOG - "


def written(folder: Path, *logs: str) -> Path:
    for number, text in enumerate(logs):
        (folder / f"i-{number}.log").write_text(text)
    return folder


def test_the_line_that_the_handler_writes_is_understood(tmp_path: Path) -> None:
    log = stage_log.read(written(tmp_path, f"{PREFIX}{libraries.line()}\n"))
    assert log.decoders == libraries.versions()


def test_a_handler_that_says_nothing_has_no_decoders(tmp_path: Path) -> None:
    assert stage_log.read(written(tmp_path, f"{PREFIX}loaded\n")).decoders == {}


def test_workers_that_differ_are_both_told(tmp_path: Path) -> None:
    logs = [f'{PREFIX}decoders {{"video":"{name}","opencv":"4.14.0"}}\n' for name in ("pyav", "opencv")]
    assert stage_log.read(written(tmp_path, *logs)).decoders == {"video": "opencv and pyav", "opencv": "4.14.0"}


@pytest.mark.parametrize("text", ["decoders {", "decoders [1]", 'decoders {"opencv": 4}', 'decoders {"opencv": "4.1'])
def test_a_line_that_was_torn_is_passed_over(tmp_path: Path, text: str) -> None:
    assert stage_log.read(written(tmp_path, f"{PREFIX}{text}\n")).decoders == {}
