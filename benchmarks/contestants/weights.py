"""Makes a full-size Mask R-CNN whose random weights behave like trained ones as far as speed is concerned.

Untrained torchvision weights find 100 objects in everything, which makes the mask branch look slower than it is. Here
the norms are frozen as in the pretrained networks (with statistics that are not trivial), each residual branch is
scaled down so that activations stay bounded, and the bias of the background class is set by bisection so that about as
many objects are found as in real footage.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.resnet import Bottleneck
from torchvision.ops.misc import FrozenBatchNorm2d

from detector.model import SPEC_SCHEMA
from detector.model.maskrcnn import RESNET50_FPN, MaskRCNNSpec, build_network

# This is the mean of a published answer of the public sample over street and animal footage.
DETECTIONS_PER_FRAME = 28
RESIDUAL_GAIN = 0.2
CLASSES = 91
_BISECTIONS = 24
_SEED = 11
# This part of the cache's key changes whenever the same arguments give other weights.
_RECIPE = "1"


@dataclass(frozen=True)
class Recipe:
    """The network to make; `min_size` and `max_size` are torchvision's input sizes in pixels."""

    min_size: int = 800
    max_size: int = 1333
    detections_per_frame: int = DETECTIONS_PER_FRAME

    @property
    def key(self) -> str:
        text = f"{_RECIPE} {self.min_size} {self.max_size} {self.detections_per_frame} {torch.__version__}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def model_dir(recipe: Recipe, pictures: Sequence[torch.Tensor], cache: Path) -> Path:
    """Make a folder with `model.pth` and `model.json` once, calibrated on `pictures` ((3, h, w), 0 to 1)."""
    folder = cache / f"weights-{recipe.key}"
    if folder.exists():
        return folder
    draft = cache / f"weights-{recipe.key}.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    network = calibrated(recipe, pictures)
    torch.save(network.state_dict(), draft / "model.pth")
    (draft / "model.json").write_text(json.dumps(_document(recipe)), encoding="utf-8")
    draft.rename(folder)
    return folder


def calibrated(recipe: Recipe, pictures: Sequence[torch.Tensor]) -> nn.Module:
    torch.manual_seed(_SEED)
    network = build_network(_spec(recipe)).eval()
    _set_norms(network)
    with torch.no_grad():
        network.roi_heads.box_predictor.cls_score.weight.mul_(20)
        _calibrate_background(network, pictures, recipe.detections_per_frame)
    whole: nn.Module = network
    return whole


def _spec(recipe: Recipe) -> MaskRCNNSpec:
    labels = {index: f"class {index}" for index in range(1, CLASSES)}
    return MaskRCNNSpec(RESNET50_FPN, CLASSES, labels, min_size=recipe.min_size, max_size=recipe.max_size)


def _document(recipe: Recipe) -> dict[str, object]:
    spec = _spec(recipe)
    return {
        "schema": SPEC_SCHEMA,
        "architecture": spec.architecture,
        "num_classes": spec.num_classes,
        "labels": {str(index): name for index, name in spec.labels.items()},
        "min_size": spec.min_size,
        "max_size": spec.max_size,
    }


def _set_norms(network: nn.Module) -> None:
    for norm in (each for each in network.modules() if isinstance(each, FrozenBatchNorm2d)):
        norm.weight.uniform_(0.8, 1.2)
        norm.bias.normal_(0, 0.05)
        norm.running_mean.normal_(0, 0.05)
        norm.running_var.uniform_(0.7, 1.3)
    for block in (each for each in network.modules() if isinstance(each, Bottleneck)):
        block.bn3.weight.mul_(RESIDUAL_GAIN)


def _calibrate_background(network: MaskRCNN, pictures: Sequence[torch.Tensor], wanted: int) -> None:
    """Search the bias. The backbone runs once for each picture; only the last step is repeated."""
    heads = network.roi_heads
    bias = heads.box_predictor.cls_score.bias
    seen = [_before_the_last_step(network, picture) for picture in pictures]
    low, high = -100.0, 100.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        counts = []
        for logits, regression, proposals, sizes in seen:
            shifted = logits.clone()
            shifted[:, 0] += middle
            counts.append(len(heads.postprocess_detections(shifted, regression, proposals, sizes)[0][0]))
        low, high = (middle, high) if sum(counts) > wanted * len(counts) else (low, middle)
    bias[0] += (low + high) / 2


def _before_the_last_step(
    network: MaskRCNN, picture: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor], list[tuple[int, int]]]:
    inputs, _ = network.transform([picture])
    features = network.backbone(inputs.tensors)
    proposals, _ = network.rpn(inputs, features)
    heads = network.roi_heads
    logits, regression = heads.box_predictor(
        heads.box_head(heads.box_roi_pool(features, proposals, inputs.image_sizes))
    )
    return logits, regression, proposals, inputs.image_sizes
