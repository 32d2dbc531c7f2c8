"""A batch's memory is plain where no GPU takes it, or pinned memory cannot be had."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch

from detector.core.frames import pageable
from detector.speed.pictures import pinned


def test_a_cpu_has_plain_memory() -> None:
    assert pinned.allocator(torch.device("cpu")) is pageable


@pytest.mark.skipif(torch.cuda.is_available(), reason="pinned memory can be had here")
def test_where_no_memory_can_be_pinned_it_is_plain_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    allocate = pinned.allocator(torch.device("cuda"))
    with caplog.at_level(logging.WARNING):
        block = allocate((2, 3, 5))
    assert block.shape == (2, 3, 5)
    assert block.dtype == np.uint8
    assert "no pinned memory for a batch" in caplog.text


def test_more_than_a_few_giant_pictures_are_not_pinned() -> None:
    assert pinned.allocator(torch.device("cuda"))((1 << 15, (1 << 13) + 1)).nbytes > 1 << 28
