"""Whose endpoint it is that does not serve, and the model's own words."""

from __future__ import annotations

from pathlib import Path

from harness.core.errors import HarnessError
from harness.rehearsal import serving

LOG = """\
2026-01-01T00:00:00,000 [INFO ] W-9000-model_1.0-stdout MODEL_LOG - Traceback (most recent call last):
2026-01-01T00:00:00,000 [INFO ] W-9000-model_1.0-stdout MODEL_LOG -     raise ValueError("no labels")
2026-01-01T00:00:00,000 [INFO ] W-9000-model_1.0-stdout MODEL_LOG - ValueError: no labels
2026-01-01T00:00:00,000 [INFO ] W-9000-model_1.0 org.pytorch.serve.wlm.WorkerThread - Load model failed: model
"""


def test_the_models_own_last_exception_is_found_in_its_log(tmp_path: Path) -> None:
    log = tmp_path / "AllTraffic" / "i-1.log"
    log.parent.mkdir()
    log.write_text(LOG)
    assert serving.load_failure(tmp_path) == "ValueError: no labels"


def test_without_a_log_there_is_no_cause(tmp_path: Path) -> None:
    assert serving.load_failure(tmp_path / "nowhere") is None


def test_a_companion_that_does_not_serve_is_not_called_the_users_model() -> None:
    error = HarnessError("endpoint demo-known is Failed")
    own = serving.cannot_serve("own", error, None, "demo")
    companion = serving.cannot_serve("companion", error, None, "demo-known")
    assert own.message == "the project's own model does not serve: endpoint demo-known is Failed"
    assert "not your model, does not serve: endpoint demo-known is Failed" in companion.message
    assert own.advice != companion.advice
