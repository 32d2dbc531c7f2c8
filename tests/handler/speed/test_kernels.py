"""The kernels for GPUs give torchvision's answers, run by Triton's interpreter where there is no GPU."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections import OrderedDict

import pytest
import torch
from torchvision.ops import MultiScaleRoIAlign

from detector.speed import kernels

_INTERPRETED = "TRITON_INTERPRET"
is_child = os.environ.get(_INTERPRETED) == "1"
in_child = pytest.mark.skipif(not is_child, reason="run by test_the_interpreter_agrees in a process of its own")


@pytest.mark.skipif(is_child, reason="is what runs the others")
@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="no Triton: torch is not built for CUDA here")
def test_the_interpreter_agrees() -> None:
    """Triton decides when it is imported whether it interprets."""
    # The interpreter computes with numpy, which warns of what is right here: the overlap of two empty boxes is a NaN.
    arguments = ["-q", "-p", "no:cacheprovider", "-n", "0", "-W", "ignore", __file__]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        env={**os.environ, _INTERPRETED: "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "6 passed" in ran.stdout


def test_no_kernel_is_usable_on_a_cpu() -> None:
    assert not kernels.are_usable(torch.device("cpu"))


@in_child
@pytest.mark.parametrize(("count", "kinds"), [(1, 1), (33, 2), (130, 4)])
def test_the_boxes_kept_are_those_without_kernels(count: int, kinds: int) -> None:
    from detector.model.maskrcnn.batched import suppression

    torch.manual_seed(count)
    boxes = (torch.rand(3, count, 2, 2) * 64).round().sort(dim=2).values.flatten(2)
    valid, kind = torch.rand(3, count) > 0.1, torch.randint(0, kinds, (3, count))
    found, _ = suppression.kept_by_kernels(boxes, valid, 0.5, kind)
    expected, settled = suppression.kept(boxes, valid, 0.5, kind)
    assert settled
    assert torch.equal(found, expected)


@in_child
@pytest.mark.parametrize("counts", [(3, 2), (0, 4)])
def test_the_regions_are_roi_aligns(counts: tuple[int, int]) -> None:
    from detector.speed.regions import RowPool

    torch.manual_seed(1)
    maps = [torch.randn(2, 6, 128 // stride, 192 // stride) for stride in (4, 8, 16, 32)]
    features = OrderedDict(
        (str(level), each.contiguous(memory_format=torch.channels_last)) for level, each in enumerate(maps)
    )
    boxes = [torch.rand(count, 2, 2).sort(dim=1).values.flatten(1) * 220 - 20 for count in counts]
    pool = MultiScaleRoIAlign(["0", "1", "2", "3"], 7, 2)
    found = RowPool(pool, with_kernels=True)(features, boxes, [(128, 192)] * 2)
    assert torch.allclose(found, pool(features, boxes, [(128, 192)] * 2), rtol=0, atol=5e-6)
