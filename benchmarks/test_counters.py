"""Counts what a noisy machine cannot change, so the gates have no slack."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks import pairs
from benchmarks.conftest import SAMPLED_EVERY, Extent
from benchmarks.contestants.contestants import Job
from benchmarks.contestants.handler_side import first_batch, service_of
from detector.core import frames
from detector.io import media
from detector.io.video.decoder import Source

pytestmark = pytest.mark.timeout(3600)

OPERATIONS_PER_PICTURE = 250
FAULTS_PER_FRAME = 5000
READ_BACK = torch.ops.aten._local_scalar_dense.default  # noqa: SLF001  the kernel behind Tensor.item


class Operations(TorchDispatchMode):
    """Counts operations that compute (a view of a tensor does not), and how often a number is read from the device."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.count = 0
        self.item_count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += not func.is_view
        self.item_count += func is READ_BACK
        return func(*args, **(kwargs or {}))


def test_operations_per_picture_of_a_batch_of_four(benchmark: Any, end_to_end: Job) -> None:
    job = Job(end_to_end.model_dir, end_to_end.clip, 20, (512, 512), environment={"BATCH_SIZE": "4"})
    service, batch = service_of(job), first_batch(job)
    with Operations() as operations:
        benchmark.pedantic(
            service.predictor.detect, (batch,), {"score_threshold": 0.0, "with_masks": False}, rounds=1, iterations=1
        )
    per_picture = operations.count / 4
    benchmark.extra_info.update(operations_per_picture=per_picture, item_count=operations.item_count)
    assert operations.item_count == 0
    assert per_picture <= OPERATIONS_PER_PICTURE


def test_only_sampled_frames_are_converted_and_nothing_is_left_behind(
    benchmark: Any, end_to_end: Job, extent: Extent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    converted: list[int] = []

    def counting(convert: Any) -> Any:
        def counted(*given: Any, **named: Any) -> Any:
            converted.append(1)
            return convert(*given, **named)

        return counted

    # PyAV converts a picture as it is read, OpenCV when it is put into its batch.
    monkeypatch.setattr(Source, "frame", counting(Source.frame))
    monkeypatch.setattr(cv2, "cvtColor", counting(cv2.cvtColor))

    def decode() -> int:
        with media.open_clip(end_to_end.clip.read_bytes(), "video/mp4", SAMPLED_EVERY) as clip:
            return sum(len(batch.frame_indices) for batch in frames.batches(clip, 4, 64, 64))

    assert benchmark.pedantic(decode, rounds=1, iterations=1) == len(converted) == extent.frame_count
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="the allocator of the CPU")
def test_a_warm_handler_takes_no_new_memory(benchmark: Any, end_to_end: Job) -> None:
    job = Job(end_to_end.model_dir, end_to_end.clip, 45, (256, 256))
    with pairs.working("handler", job) as handler:
        handler.run()
        handler.run()
        warm = benchmark.pedantic(handler.run, rounds=1, iterations=1)
    benchmark.extra_info["minor_faults_per_frame"] = warm.minor_faults / warm.frame_count
    assert warm.minor_faults / warm.frame_count < FAULTS_PER_FRAME
