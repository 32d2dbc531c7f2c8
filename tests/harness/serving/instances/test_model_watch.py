"""The watch on a model that never loads."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.serving.instances.model_watch import ModelWatch
from harness.serving.stacks.torchserve import TORCHSERVE

WORKER = "2026-11-20T06:34:43,557 [INFO ] W-9000-model_1.0-stdout MODEL_LOG - "
SERVER = "2026-11-20T06:34:43,564 [WARN ] W-9000-model_1.0 org.pytorch.serve.wlm.BatchAggregator - "
TRACEBACK = (
    "Traceback (most recent call last):",
    '  File "inference.py", line 1',
    "ModuleNotFoundError: No module 'it'",
)
SILENT_DEATH = f"{SERVER}Load model failed: model, error: Worker died.\n"


def log_in(folder: Path, text: str) -> Path:
    path = folder / "AllTraffic" / "i-1.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as log:
        log.write(text)
    return path


def test_a_traceback_while_loading_ends_the_wait_with_the_models_exception(tmp_path: Path) -> None:
    path = log_in(tmp_path, "".join(f"{WORKER}{line}\n" for line in TRACEBACK))
    with pytest.raises(HarnessError, match="ModuleNotFoundError: No module 'it'") as caught:
        ModelWatch(tmp_path, TORCHSERVE.log).check()
    assert "Traceback" in caught.value.log_tail
    assert str(path) in str(caught.value)


def test_one_silent_death_may_still_be_explained(tmp_path: Path) -> None:
    log_in(tmp_path, SILENT_DEATH)
    ModelWatch(tmp_path, TORCHSERVE.log).check()


def test_the_second_silent_death_ends_the_wait(tmp_path: Path) -> None:
    log_in(tmp_path, SILENT_DEATH * 2)
    with pytest.raises(HarnessError, match="died while it loaded the model"):
        ModelWatch(tmp_path, TORCHSERVE.log).check()


def test_no_log_yet_is_no_verdict(tmp_path: Path) -> None:
    ModelWatch(tmp_path / "not-there", TORCHSERVE.log).check()
