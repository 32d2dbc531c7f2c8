"""The handler in this process: its service, its network, and a batch that is already made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.contestants import handler_side  # first: it keeps what is not needed out of the start
from benchmarks.contestants.contestants import Job

# isort: split
from torch import nn

from benchmarks.gpu_day.measuring.extent import Extent
from benchmarks.gpu_day.measuring.inputs import GOPS, Inputs
from detector.core.frames import FrameBatch
from detector.pipeline import Service


def job_of(inputs: Inputs, extent: Extent, environment: Mapping[str, str], interval: int = 1) -> Job:
    """Of the clip whose key frames are far apart."""
    return Job(inputs.model_dir, inputs.clip(GOPS[0]), interval, extent.size, environment=dict(environment))


def service_of(inputs: Inputs, extent: Extent, environment: Mapping[str, str]) -> Service:
    return handler_side.service_of(job_of(inputs, extent, environment))


def batch_of(inputs: Inputs, extent: Extent, size: int) -> FrameBatch:
    """The first frames of the clip, as the handler makes its batches."""
    return handler_side.first_batch(job_of(inputs, extent, {"BATCH_SIZE": str(size)}, 3))


def network_of(service: Service) -> Any:
    """The tuned network that the predictor holds. Raises LookupError where it holds none."""
    held = [value for value in vars(service.predictor).values() if isinstance(value, nn.Module)]
    if not held:
        raise LookupError(f"{type(service.predictor).__name__} holds no network: measure its parts in another way")
    return held[0]
