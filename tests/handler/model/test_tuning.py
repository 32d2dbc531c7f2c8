"""What is done to a network for speed leaves its answers as they were."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.misc import FrozenBatchNorm2d

import detector
from detector.core.errors import SettingsError
from detector.core.settings import Precision
from detector.model.maskrcnn import RESNET50_FPN, MaskRCNNSpec, build_network, inputs, layout
from detector.model.maskrcnn.detector import Detector
from detector.model.maskrcnn.tuning import tuned
from detector.speed import folding, precision
from tests.handler.networks import CPU, assert_same, batch_of, eager

HANDLER = Path(detector.__file__).parents[1]


@pytest.fixture(scope="module")
def resnet() -> Any:
    """The full architecture on small pictures, its frozen norms far from trivial."""
    torch.manual_seed(5)
    network = build_network(MaskRCNNSpec(RESNET50_FPN, 4, {1: "a", 2: "b", 3: "c"}, min_size=64, max_size=128)).eval()
    for norm in (each for each in network.modules() if isinstance(each, FrozenBatchNorm2d)):
        norm.weight.uniform_(0.2, 0.6)
        norm.bias.normal_(0, 0.1)
        norm.running_mean.normal_(0, 0.1)
        norm.running_var.uniform_(0.5, 1.5)
    return network


def test_every_frozen_norm_of_the_resnet_is_folded_and_the_features_stay(resnet: Any) -> None:
    pictures = torch.rand(2, 3, 64, 96)
    folded = copy.deepcopy(resnet.backbone)
    count = sum(isinstance(each, FrozenBatchNorm2d) for each in folded.modules())
    with torch.no_grad():
        before = folded(pictures)
        assert folding.fold_frozen_norms(folded) == count == 53
        after = folded(pictures)
    assert not any(isinstance(each, FrozenBatchNorm2d) for each in folded.modules())
    for name, features in before.items():
        assert torch.allclose(after[name], features, rtol=1e-4, atol=1e-5 * float(features.abs().max()))


def test_a_convolution_with_a_bias_is_folded_with_it() -> None:
    torch.manual_seed(1)
    block = nn.Sequential(nn.Conv2d(2, 3, 1), FrozenBatchNorm2d(3))
    block[1].running_mean.normal_()
    block[1].running_var.uniform_(0.5, 2)
    pictures = torch.rand(1, 2, 4, 4)
    before = block(pictures)
    assert folding.fold_frozen_norms(block) == 1
    assert torch.allclose(block(pictures), before, atol=1e-6)


@pytest.mark.parametrize("capability", ["AVX2", "AVX512"])
@pytest.mark.parametrize("with_masks", [False, True])
def test_a_tuned_resnet_finds_what_torchvision_finds(
    resnet: Any, with_masks: bool, capability: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    batch = batch_of(2, 96, 64)
    detector = Detector(tuned(copy.deepcopy(resnet), CPU, Precision.FP32), CPU)
    found = detector.detect(batch, score_threshold=0.0, with_masks=with_masks)
    expected = eager(resnet, batch)
    assert sum(len(frame) for frame in found) > 5
    for frame, other in zip(found, expected, strict=True):
        assert_same(frame, other)


@pytest.mark.parametrize(
    ("device", "capability", "memory_format"),
    [
        ("cpu", "AVX512", torch.channels_last),
        ("cpu", "AVX2", torch.contiguous_format),
        ("cpu", "NO AVX", torch.contiguous_format),
        ("cpu", "SVE256", torch.channels_last),
        ("cuda", "AVX2", torch.channels_last),
    ],
)
def test_the_layout_is_chosen_by_what_the_device_is_fastest_in(
    device: str, capability: str, memory_format: torch.memory_format
) -> None:
    assert layout.chosen(torch.device(device), capability) == memory_format


@pytest.mark.parametrize("compute", [Precision.FP32, Precision.BF16])
@pytest.mark.parametrize("capability", ["AVX2", "AVX512"])
def test_every_convolution_of_backbone_and_rpn_head_is_given_the_chosen_layout(
    resnet: Any, capability: str, compute: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    network: Any = tuned(copy.deepcopy(resnet), CPU, compute)
    seen: list[bool] = []

    def note(_: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        if given[0].shape[1] > 1 and min(given[0].shape[2:]) > 1:  # else both layouts are one
            seen.append(given[0].is_contiguous(memory_format=layout.chosen(CPU)))

    for part in (network.backbone, network.rpn.head):
        for module in part.modules():
            if isinstance(module, nn.Conv2d):
                module.register_forward_pre_hook(note)
    Detector(network, CPU).detect(batch_of(1, 96, 64), score_threshold=0.0, with_masks=False)
    assert len(seen) > 50
    assert all(seen)


@pytest.mark.parametrize(("width", "height"), [(160, 120), (97, 61), (640, 64), (64, 640)])
def test_pictures_are_prepared_as_torchvision_prepares_them(resnet: Any, width: int, height: int) -> None:
    pixels = torch.randint(0, 256, (3, height, width, 3), dtype=torch.uint8).numpy()
    expected, _ = resnet.transform(list(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255))
    found = inputs.computed(inputs.uploaded(pixels, resnet.transform, CPU), resnet.transform)
    assert found.image_sizes == expected.image_sizes
    assert found.tensors.shape == expected.tensors.shape
    assert torch.allclose(found.tensors, expected.tensors, atol=1e-6)


def test_reduced_precision_keeps_boxes_and_scores_in_float32_and_near(small_network: nn.Module) -> None:
    batch = batch_of(1)
    network = tuned(copy.deepcopy(small_network), CPU, Precision.BF16)
    (found,) = Detector(network, CPU).detect(batch, score_threshold=0.0, with_masks=True)
    (expected,) = eager(small_network, batch)
    assert str(found.boxes.dtype) == str(found.scores.dtype) == "float32"
    assert len(found.masks or ()) == len(found) > 5
    assert found.scores.max() == pytest.approx(float(expected["scores"].max()), abs=0.02)


class Items(TorchDispatchMode):
    """Counts the calls that make the host wait for a number from the device."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


def test_boxes_are_found_without_reading_a_single_number_back(resnet: Any) -> None:
    detector = Detector(tuned(copy.deepcopy(resnet), CPU, Precision.FP32), CPU)
    with Items() as items:
        detector.detect(batch_of(2, 96, 64), score_threshold=0.0, with_masks=False)
    assert items.count == 0


def test_auto_precision_is_fp32_on_a_cpu() -> None:
    assert precision.chosen(Precision.AUTO, CPU) is Precision.FP32
    assert precision.chosen(Precision.BF16, CPU) is Precision.BF16


def test_auto_precision_is_fp16_on_a_gpu() -> None:
    assert precision.chosen(Precision.AUTO, torch.device("cuda")) is Precision.FP16


def test_half_precision_on_a_cpu_is_refused_with_the_setting_to_change() -> None:
    with pytest.raises(SettingsError, match="PRECISION=fp16 needs a CUDA device"):
        precision.chosen(Precision.FP16, CPU)


_FAULTS = """
import resource, sys, torch
from detector.speed import allocator
torch.set_num_threads(1)
def use():
    for _ in range(20):
        torch.ones(8, 1024, 1024).add_(1)
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    use()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
use()
before = faults()
assert allocator.keep_freed_memory()
use()
print(before, faults())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt is glibc's")
def test_the_allocator_keeps_what_is_freed() -> None:
    """In a process of its own: the knobs are for good."""
    ran = subprocess.run([sys.executable, "-c", _FAULTS], cwd=HANDLER, capture_output=True, text=True, check=True)
    before, after = (int(word) for word in ran.stdout.split())
    assert before > 10_000
    assert after < before / 50


def test_a_network_that_pools_in_its_own_way_computes_in_reduced_precision_too(small_network: nn.Module) -> None:
    """With a sampling ratio that depends on the region, regions are not pooled as rows."""
    network: Any = copy.deepcopy(small_network)
    network.roi_heads.box_roi_pool = MultiScaleRoIAlign(["0", "1", "2", "3"], 7, sampling_ratio=0)
    reduced = Detector(tuned(network, CPU, Precision.BF16), CPU)
    (found,) = reduced.detect(batch_of(1), score_threshold=0.0, with_masks=False)
    assert len(found) > 5
