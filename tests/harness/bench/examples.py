"""A benchmark of four points, and clients that answer without a server."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from deploy import evidence
from deploy.async_client import Completed, Failed, Outcome, Request, Submitted, Unanswered
from deploy.config.case_sections import ExpectSection
from deploy.evidence.bench import Bench, BenchPoint, Price, Recommendation
from harness.bench.load.reading import Frames, Meter, Reader
from harness.bench.load.requests import Load, Sent
from harness.bench.measurement.points import Axis, Point, batch_sizes
from harness.bench.measurement.stability import chance, spread
from harness.cases import Clip, ClipFacts

CLIP = Clip(Path("street.mp4"), 1000, "c" * 64, "video/mp4", ClipFacts(640, 360, 61, 2.44))
LOAD = Load((Sent("street.mp4", CLIP, Request(CLIP.path, CLIP.content_type), Reader(Frames(), 1 << 30)),), True)
ACCEPTED = Submitted("id", "s3://b/in", "s3://b/out", "s3://b/failure")
MACHINE = evidence.Machine(
    cpu_model="A chip", cpu_count=2, memory_bytes=1 << 34, operating_system="Linux", python="3.11"
)


def load_of(*names: str, meter: Meter) -> Load:
    """Cases of these names, each read by `meter`, which expect an answer and no more."""
    request = Request(CLIP.path, CLIP.content_type)
    return Load(tuple(Sent(name, CLIP, replace(request, attributes=name), reader_of(meter)) for name in names))


def reader_of(meter: Meter) -> Reader:
    return Reader(meter, 1 << 30, ExpectSection())


def batch(size: int, concurrency: int = 1) -> Point:
    return Point(batch_sizes((size,)), concurrency)


def batches(*sizes: int) -> Axis:
    return batch_sizes(sizes)


def point(
    name: str,
    rate: float | None = None,
    *,
    memory: int = 10**9,
    p95: float = 1.0,
    outcome: str = "stable",
    oom: int = 0,
) -> BenchPoint:
    return BenchPoint.model_validate(
        {
            "name": name,
            "settings": {"BATCH_SIZE": name.partition(" ")[2]} if name.startswith("batch") else {},
            "outcome": outcome,
            "note": "" if rate else "it broke",
            "repeats": 3,
            "frames_per_second": spread([rate * 0.99, rate, rate * 1.01]) if rate else None,
            "jobs_per_second": rate / 13 if rate else None,
            "request_p50_seconds": p95 / 2,
            "request_p95_seconds": p95,
            "stage_seconds_per_frame": {"download": 0.001, "decode": 0.01, "forward": 0.03} if rate else {},
            "peak_host_bytes": memory,
            "out_of_memory": chance(oom, 8),
        }
    )


def bench(*points: BenchPoint, chosen: str | None = "batch 2", clip_sha256: str = "c" * 64) -> Bench:
    price = Price(
        instance_type="ml.g4dn.xlarge",
        usd_per_hour=0.7,
        source="a table",
        usd_per_1000_frames=0.01,
        usd_per_video_minute=0.005,
    )
    return Bench(
        tool_version="0",
        run_id="run",
        created=datetime(2026, 1, 2, tzinfo=UTC),
        bundle=evidence.Bundle(sha256="a" * 64, size_bytes=10, handler_sha256="b" * 64, weights_sha256="d" * 64),
        configuration=evidence.Configuration(path="rehearsal.toml", sha256="e" * 64),
        runtime=evidence.RuntimeUsed(kind="process", assurance="process"),
        machine=MACHINE,
        clip=evidence.InputFile(file="<street>.mp4", size_bytes=10, sha256=clip_sha256, content_type="video/mp4"),
        rule="three agree",
        points=points,
        recommendation=Recommendation(point=chosen, reason="it is the fastest", prices=(price,)),
    )


def answer(frame_count: int) -> bytes:
    frames = [{"frame_index": 5 * index, "pts_seconds": 0.2 * index, "detections": []} for index in range(frame_count)]
    document = {
        "schema": "rehearsal.predictions/1",
        "video": {"width": 640, "height": 360},
        "labels": {"1": "cat"},
        "settings": {},
        "frames": frames,
    }
    return json.dumps(document).encode()


@dataclass
class ScriptedClient:
    """Takes the given seconds, the last of them for ever. Requests numbered in `failing`, or all where there are no
    seconds, fail with `failure`, or go unanswered."""

    seconds: Sequence[float] = ()
    failure: bytes = b""
    failing: Collection[int] = ()
    frame_count: int = 10
    requests: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Outcome:
        self.requests.append(request)
        place = min(len(self.requests), len(self.seconds)) - 1
        if place < 0 or len(self.requests) in self.failing:
            return Failed(ACCEPTED, self.failure, 1.0, 0.1) if self.failure else Unanswered(ACCEPTED, 600)
        return Completed(ACCEPTED, answer(self.frame_count), "application/json", self.seconds[place], 0.1)


def of_items(name: str, rate: float, **more: object) -> BenchPoint:
    """A point of a handler whose cases say their items: three in each request."""
    made = point(name, rate).model_dump(exclude={"frames_per_second", "stage_seconds_per_frame"})
    return BenchPoint.model_validate(
        {
            **made,
            "requests": 30,
            "answered_requests": 30,
            "items_per_second": spread([rate]),
            "requests_per_second": spread([rate / 3]),
            "jobs_per_second": rate / 3,
            "request_p90_seconds": 0.8,
            "request_p99_seconds": 1.2,
            "stage_seconds_per_request": {"queue": 0.001, "container": 0.02},
            **more,
        }
    )
