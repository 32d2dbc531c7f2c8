"""Every Mask R-CNN and Faster R-CNN of the table that torchvision has: its weights load, its answers are found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models import detection
from torchvision.ops.misc import FrozenBatchNorm2d

from detector.core.detections import FrameDetections
from detector.core.errors import BadParameter, ModelArtifactError
from detector.core.settings import Forward, Kernels, Precision, Settings
from detector.model.architectures import load, load_network
from detector.model.maskrcnn import ARCHITECTURES, coco_spec, tuning
from tests.handler.networks import CPU, assert_same, batch_of, eager

ARCHITECTURES_OF_TORCHVISION = [name for name in ARCHITECTURES if hasattr(detection, name)]
SIZES = {"min_size": 96, "max_size": 160}
PICTURES = batch_of(2)


def own(architecture: str, classes: int = 4) -> nn.Module:
    """A network as torchvision makes it to be trained on three classes, with norms that differ from the identity."""
    torch.manual_seed(3)
    build = getattr(detection, architecture)
    network: Any = build(weights=None, weights_backbone=None, num_classes=classes, **SIZES)
    for norm in (each for each in network.modules() if isinstance(each, nn.BatchNorm2d)):
        assert norm.running_mean is not None
        assert norm.running_var is not None
        nn.init.uniform_(norm.running_mean, -0.1, 0.1)
        nn.init.uniform_(norm.running_var, 2.0, 3.0)
        nn.init.uniform_(norm.weight, 0.3, 0.6)
    whole: nn.Module = network.eval()
    return whole


def archive(folder: Path, network: nn.Module, architecture: str, **more: Any) -> Path:
    torch.save(network.state_dict(), folder / "model.pth")
    document = {
        "schema": "rehearsal.model/1", "architecture": architecture, "num_classes": 4,
        "labels": {"1": "cat", "2": "dog", "3": "cow"}, **SIZES,
    }  # fmt: skip
    (folder / "model.json").write_text(json.dumps({**document, **more}))
    return folder


def found_in(folder: Path, *, with_masks: bool, forward: Forward = Forward.AUTO) -> list[FrameDetections]:
    settings = Settings(batch_size=2, precision=Precision.FP32, forward=forward, kernels=Kernels.AUTO)
    predictor, _ = load(folder, CPU, settings)
    return predictor.detect(PICTURES, score_threshold=0.0, with_masks=with_masks)


def test_the_table_has_both_kinds_in_both_versions() -> None:
    assert set(ARCHITECTURES_OF_TORCHVISION) == {
        "maskrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn_v2", "fasterrcnn_resnet50_fpn", "fasterrcnn_resnet50_fpn_v2",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("architecture", "forward"),
    [
        ("maskrcnn_resnet50_fpn", Forward.BATCHED),
        ("fasterrcnn_resnet50_fpn", Forward.PLAIN),
        ("fasterrcnn_resnet50_fpn", Forward.BATCHED),
    ],
)
def test_what_torchvision_finds_with_weights_of_ones_own_classes_is_found(
    architecture: str, forward: Forward, tmp_path: Path
) -> None:
    network = own(architecture)
    folder = archive(tmp_path, network, architecture)
    expected = eager(network, PICTURES)
    for frame, wanted in zip(found_in(folder, with_masks=False, forward=forward), expected, strict=True):
        assert len(frame) > 5
        assert_same(frame, wanted)


@torch.no_grad()
def numbers(network: Any) -> list[torch.Tensor]:
    """What the parts make of a picture and of three places in it: logits and offsets of RPN and box head."""
    features = network.backbone(torch.rand(1, 3, 96, 128, generator=torch.Generator().manual_seed(1)))
    places = torch.tensor([[0.0, 0.0, 40.0, 30.0], [10.0, 20.0, 100.0, 90.0], [60.0, 5.0, 128.0, 96.0]])
    heads = network.roi_heads
    found = heads.box_predictor(heads.box_head(heads.box_roi_pool(features, [places], [(96, 128)])))
    maps, offsets = network.rpn.head(list(features.values()))
    return [*found, *maps, *offsets]


@pytest.mark.parametrize("architecture", ARCHITECTURES_OF_TORCHVISION)
def test_every_number_is_that_of_the_network_as_torchvision_builds_it(architecture: str, tmp_path: Path) -> None:
    """Compared before objects are chosen: the second version's are too alike with random weights."""
    network = own(architecture)
    loaded, _ = load_network(archive(tmp_path, network, architecture))
    ours = tuning.tuned(loaded, CPU, Precision.FP32)
    assert not any(isinstance(each, nn.BatchNorm2d | FrozenBatchNorm2d) for each in ours.modules())
    for found, expected in zip(numbers(ours), numbers(network), strict=True):
        assert expected.std() > 0
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3 * float(expected.std()))


@pytest.mark.parametrize("architecture", ARCHITECTURES_OF_TORCHVISION)
def test_masks_are_given_by_the_networks_that_have_them(architecture: str, tmp_path: Path) -> None:
    folder = archive(tmp_path, own(architecture), architecture)
    if architecture.startswith("fasterrcnn"):
        with pytest.raises(BadParameter, match="boxes alone; ask for masks=none"):
            found_in(folder, with_masks=True)
    else:
        assert all(len(frame.masks or ()) == len(frame) > 0 for frame in found_in(folder, with_masks=True))


def test_weights_of_the_other_kind_are_refused(tmp_path: Path) -> None:
    folder = archive(tmp_path, own("fasterrcnn_resnet50_fpn"), "maskrcnn_resnet50_fpn")
    with pytest.raises(ModelArtifactError, match=r"do not fit maskrcnn_resnet50_fpn.*missing: roi_heads\.mask_head"):
        load_network(folder)


def epsilons(network: nn.Module) -> set[float]:
    return {each.eps for each in network.modules() if isinstance(each, nn.BatchNorm2d | FrozenBatchNorm2d)}


@pytest.mark.parametrize(
    ("architecture", "more", "eps"),
    [
        ("maskrcnn_resnet50_fpn", {}, 1e-5),
        ("fasterrcnn_resnet50_fpn", {}, 1e-5),
        ("fasterrcnn_resnet50_fpn_v2", {}, 1e-5),
        ("fasterrcnn_resnet50_fpn_v2", {"batch_norm_eps": 0.001}, 0.001),
        ("maskrcnn_resnet50_fpn", {"batch_norm_eps": 0.0}, 0.0),
    ],
)
def test_norms_have_torchvisions_epsilon_or_the_specifications(
    architecture: str, more: dict[str, Any], eps: float, tmp_path: Path
) -> None:
    network, _ = load_network(archive(tmp_path, own(architecture), architecture, **more))
    assert epsilons(network) == {eps}


@pytest.mark.parametrize(("suffix", "eps"), [("", 0.0), ("_v2", 1e-5)])
@pytest.mark.parametrize("kind", ["maskrcnn", "fasterrcnn"])
def test_coco_labels_mean_the_epsilon_that_torchvision_sets_for_its_coco_weights(
    kind: str, suffix: str, eps: float, tmp_path: Path
) -> None:
    architecture, labels = f"{kind}_resnet50_fpn{suffix}", coco_spec().labels
    spec = {"num_classes": 91, "labels": {str(index): name for index, name in labels.items()}}
    network, _ = load_network(archive(tmp_path, own(architecture, 91), architecture, **spec))
    assert epsilons(network) == {eps}
