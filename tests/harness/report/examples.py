"""Honest little reports and clips for the tests of the report and its schema."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from deploy.evidence import (
    Bundle,
    Case,
    Check,
    Configuration,
    Endpoint,
    Failure,
    Finding,
    Frames,
    GitState,
    InputFile,
    LocalCloud,
    Machine,
    Metric,
    Notification,
    Report,
    RuntimeUsed,
    Stage,
    Timings,
    judge,
)
from harness.report.drawing.clip import CasePictures
from harness.report.drawing.pictures import Detection, FrameDetections

STARTED = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
FRAMES_PER_SECOND = 10


def good_case(name: str = "known answer", *, kind: str = "known_answer", map_50: float | None = 0.98) -> Case:
    return Case(
        name=name,
        kind=kind,
        outcome="completed",
        input=InputFile(file="clip.mp4", size_bytes=9000, sha256="ab" * 32, content_type="video/mp4", frame_count=20),
        output_location="s3://bucket/async/output/1.out",
        notification=Notification(topic="success", invocation_status="Completed", received_after_seconds=1.5),
        timings=Timings(upload_seconds=0.1, queue_seconds=0.2, model_seconds=1.0, total_seconds=1.4),
        frames=Frames(expected=10, sampled=10),
        detection_count=10,
        metrics=(Metric(name="map_50", value=map_50, at_least=0.9),),
    )


def refused_case(name: str = "notes.mp4") -> Case:
    body = '{"error":{"code":"unreadable_media","message":"not a video"}}'
    return Case(
        name=name,
        kind="bad_input",
        expected_outcome="failed",
        outcome="failed",
        failure_location="s3://bucket/async/failure/1-error.out",
        failure=Failure(reason="not a video", http_status=400, code="unreadable_media", body=body),
        notification=Notification(topic="error", invocation_status="Failed", failure_reason="client error (400)"),
        timings=Timings(total_seconds=0.3),
    )


def error(message: str, *, check: str = "known_answer", advice: str = "feed RGB") -> Finding:
    return Finding(check=check, severity="error", message=message, where="frame 5", advice=advice)


def report(
    cases: Sequence[Case] | None = None, checks: Sequence[Check] = (), findings: Sequence[Finding] = ()
) -> Report:
    tried = (good_case(), refused_case()) if cases is None else tuple(cases)
    return Report(
        tool_version="0.1.0",
        run_id="20260314-092653",
        created=STARTED + timedelta(seconds=5),
        arguments=("harness", "validate"),
        bundle=Bundle(
            sha256="3f" * 32,
            size_bytes=18_000_000,
            handler_sha256="aa" * 32,
            weights_sha256="bb" * 32,
            git=GitState(commit="6d" * 20, dirty=False),
        ),
        configuration=Configuration(path=None, sha256="cc" * 32),
        runtime=RuntimeUsed(kind="process", assurance="process", facts={"java": "17"}),
        machine=Machine(
            cpu_model="A CPU", cpu_count=2, memory_bytes=2**34, operating_system="Linux 6", python="3.11.9"
        ),
        versions={"torch": "2.6.0"},
        local_cloud=LocalCloud(kind="embedded", url="http://127.0.0.1:4566"),
        endpoint=Endpoint(name="detector", config_name="detector-1", instance_type="ml.g4dn.xlarge"),
        stages=(
            Stage(name="bundle", started=STARTED, seconds=1.0),
            Stage(name="deploy endpoint", started=STARTED + timedelta(seconds=1), seconds=3.0),
        ),
        cases=tried,
        checks=tuple(checks),
        verdict=judge(tried, checks, findings),
    )


def clip(folder: Path, *, frame_count: int = 20, width: int = 160, height: int = 96) -> Path:
    """A grey clip that gets brighter: frame n has the level 4 n (Motion JPEG, near enough to compare)."""
    path = folder / "clip.avi"
    fourcc = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), fourcc, FRAMES_PER_SECOND, (width, height))
    for index in range(frame_count):
        writer.write(np.full((height, width, 3), 4 * index, dtype=np.uint8))
    writer.release()
    return path


def pictures(case: str, media: Path, *, frame_count: int = 20, interval: int = 2) -> CasePictures:
    frames = tuple(
        FrameDetections(
            index, index / FRAMES_PER_SECOND, (Detection((10.0 + index, 20.0, 60.0 + index, 70.0), "red circle", 0.9),)
        )
        for index in range(0, frame_count, interval)
    )
    return CasePictures(case, media, frames)
