"""Runs the handler and torchvision on one clip, each in a process of its own, and has their answers compared.

Owns the unpacking of the bundle, the two processes and their time limit. May not judge (`drift`) or import a network.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from harness.cases import Predictions
from harness.cases.clips import Clip
from harness.checks.parity.drift import Parity, Tolerance, judge
from harness.core.errors import HarnessError, TimedOut
from harness.core.state import inherited_environment
from harness.serving.instances.model_data import unpack

_WORKER = Path(__file__).with_name("worker.py")
_LOG_LINES = 30
DEFAULT_SCORE_THRESHOLD = 0.5
# Torchvision's networks of two stages and RetinaNet drop every object below it (`box_score_thresh`, `score_thresh`).
LEAST_SCORE_THRESHOLD = 0.05


@dataclass(frozen=True)
class Subject:
    """The bundle to check. `environment` is the container's, so that the handler runs with its deployed settings."""

    bundle: Path
    environment: Mapping[str, str]

    @property
    def score_threshold(self) -> float:
        return float(self.environment.get("SCORE_THRESHOLD") or DEFAULT_SCORE_THRESHOLD)


def run(
    subject: Subject, clip: Clip, tolerance: Tolerance, *, frame_limit: int = 8, timeout_seconds: float = 600.0
) -> Parity:
    """Compare the answers on at most `frame_limit` frames, evenly spread. Raises HarnessError or TimedOut.

    Where the handler finds nothing at its own threshold, as with weights of other classes, everything above
    torchvision's least score is compared instead, because two empty answers would prove nothing.
    """
    with tempfile.TemporaryDirectory(prefix="rehearsal-parity-") as name:
        folder = Path(name)
        with subject.bundle.open("rb") as archive:
            unpack(archive, folder / "model", source=str(subject.bundle))
        request = {"model_dir": str(folder / "model"), "clip": str(clip.path), "content_type": clip.content_type}
        work, threshold = _Work(folder, subject.environment, timeout_seconds), subject.score_threshold
        answer = work.answered("handler", request)
        if not any(frame.detections for frame in answer.frames):
            threshold = min(threshold, LEAST_SCORE_THRESHOLD)
            lowered = {**subject.environment, "SCORE_THRESHOLD": str(threshold)}
            answer = replace(work, environment=lowered).answered("handler", request)
        reference = work.answered("torchvision", request | _wanted(answer, frame_limit))
        return judge(answer, reference, threshold, tolerance)


def _wanted(answer: Predictions, frame_limit: int) -> dict[str, Any]:
    indices = [frame.frame_index for frame in answer.frames]
    step = max(1, -(-len(indices) // frame_limit))
    sizes = {name: answer.settings.get(name) for name in ("frame_width", "frame_height")}
    return {"frame_indices": indices[::step], **sizes}


@dataclass(frozen=True)
class _Work:
    folder: Path
    environment: Mapping[str, str]
    timeout_seconds: float

    def answered(self, mode: Literal["handler", "torchvision"], request: Mapping[str, Any]) -> Predictions:
        answer, request_path = self.folder / f"{mode}.answer.json", self.folder / f"{mode}.request.json"
        request_path.write_text(json.dumps({**request, "answer": str(answer)}), encoding="utf-8")
        command = [sys.executable, "-P", str(_WORKER), mode, str(request_path)]
        environment = {**inherited_environment(), **self.environment}
        try:
            ran = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=self.timeout_seconds, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise TimedOut(
                f"waited {self.timeout_seconds:g} s for the answer of {mode} to the clip, in vain"
            ) from error
        if ran.returncode != 0:
            tail = "\n".join(ran.stderr.splitlines()[-_LOG_LINES:])
            last = ran.stderr.strip().rpartition("\n")[2]
            raise HarnessError(f"parity: {mode} ended with exit code {ran.returncode}: {last}", log_tail=tail)
        return Predictions.parse(answer.read_bytes(), what=f"the answer of {mode}")
