"""`harness validate` of the flagship's handler around networks of one stage, untrained and of classes of one's own.

The companion, a small Mask R-CNN, answers the known clip; the own model gets the same clip, and must find what
torchvision's own constructor and forward find with the same weights.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.top_level import HANDLER
from tests.e2e.runs import validate
from tests.handler.model import test_onestage as networks

pytestmark = pytest.mark.e2e

PROJECT = f"""
[project]
name = "own"
[model]
weights = "model.pth"
spec = "model.json"
[handler]
source = "{HANDLER}"
[handler.environment]
FRAME_INTERVAL = 20
SCORE_THRESHOLD = 0.25
"""


@pytest.mark.parametrize("architecture", ["retinanet_resnet50_fpn_v2", "ssdlite320_mobilenet_v3_large"])
def test_a_network_of_one_stage_is_rehearsed_like_the_flagship(architecture: str, tmp_path: Path) -> None:
    networks.archive(tmp_path, networks.own(architecture), architecture)
    (tmp_path / "rehearsal.toml").write_text(PROJECT)
    done = validate(tmp_path, config=tmp_path / "rehearsal.toml")
    assert done.exit_code == 0, done.stdout + done.stderr
    assert [(case.kind, case.served_by) for case in done.report.cases[:2]] == [
        ("known_answer", "companion"),
        ("own_model", "own"),
    ]
    assert done.report.cases[1].detection_count
    (parity,) = [check for check in done.report.checks if check.name == "parity"]
    assert parity.judgement == "passed"
    assert ({metric.name: metric.value for metric in parity.metrics}["matched_count"] or 0) > 50
