"""Making a GPU as small as production's: what can be seen without one. The cap itself: test_gpu.py."""

from __future__ import annotations

import pytest
import torch

from detector.core import settings
from detector.core.errors import BadParameter, SettingsError
from detector.speed import gpu_memory


@pytest.mark.parametrize(
    ("limit_bytes", "total_bytes", "share"),
    [(15 << 30, 60 << 30, 0.25), (16 << 30, 16 << 30, 1.0), (24 << 30, 16 << 30, 1.0)],
)
def test_the_share_of_the_device(limit_bytes: int, total_bytes: int, share: float) -> None:
    assert gpu_memory.fraction(limit_bytes, total_bytes) == share


def test_a_cpu_is_left_alone() -> None:
    gpu_memory.cap(torch.device("cpu"), 1 << 30)


def test_the_limit_comes_from_the_environment() -> None:
    assert settings.from_environment({"GPU_MEMORY_BYTES": "16106127360"}).gpu_memory_bytes == 15 << 30
    assert settings.from_environment({}).gpu_memory_bytes is None


def test_a_limit_that_no_network_fits_into_is_refused() -> None:
    with pytest.raises(SettingsError, match="GPU_MEMORY_BYTES"):
        settings.from_environment({"GPU_MEMORY_BYTES": "1024"})


def test_a_request_cannot_change_it() -> None:
    with pytest.raises(BadParameter, match="unknown parameter"):
        settings.Settings().overridden("gpu_memory_bytes=1073741824")
