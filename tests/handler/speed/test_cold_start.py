"""What a worker loads before its first answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import detector

HANDLER = Path(detector.__file__).parents[1]
_ANSWER = """
import sys, torch
torch.set_num_threads(1)
import inference
from detector.core.frames import FrameBatch
service = inference.model_fn(sys.argv[1])
import numpy as np
pixels = np.zeros((1, 64, 64, 3), np.uint8)
service.predictor.detect(FrameBatch(pixels, (0,), (0.0,), 64, 64), score_threshold=0.0, with_masks=True)
print([name for name in ("torch._dynamo", "sympy") if name in sys.modules])
"""
_UNFILLED = """
import sys
import inference
from detector.model import maskrcnn, weights
weights.unfilled(lambda: maskrcnn.build_network(maskrcnn.coco_spec()))
print([name for name in ("torch._dynamo", "sympy", "torchvision.datasets") if name in sys.modules])
"""
_LATER = """
import sys
import inference
from torchvision.ops.roi_align import is_compile_supported
import torch, torch.utils.checkpoint
weight = torch.ones(1, requires_grad=True)
checkpointed = torch.utils.checkpoint.checkpoint(lambda x: 3 * x, weight, use_reentrant=False)
checkpointed.backward()
compiled = torch.compile(lambda x: x + 1, backend="eager")
print(is_compile_supported("cpu"), weight.grad.item(), compiled(torch.ones(1)).item())
import torchvision
print(torchvision.datasets.FakeData.__name__)
from torchvision import datasets
print(len(datasets.FakeData(size=3)))
"""


def run(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=HANDLER, capture_output=True, text=True, check=True).stdout.strip()


def test_an_answer_never_loads_torchs_compiler(model_dir: Path) -> None:
    assert run(_ANSWER, str(model_dir)) == "[]"


def test_a_full_size_network_is_built_without_it_either() -> None:
    assert run(_UNFILLED) == "[]"


def test_what_was_put_off_is_there_for_whoever_asks() -> None:
    assert run(_LATER).splitlines() == ["True 3.0 2.0", "FakeData", "3"]
