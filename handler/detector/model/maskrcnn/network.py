"""What `model.json` may name, and the untrained network each name stands for.

Owns: the model specification beside the weights (`ModelSpec`) and the construction of the network.
May not: read weights, touch devices or know about requests.

The small architecture exists so that the whole stack can be judged against a known answer: it is a real
torchvision Mask R-CNN (same transform, RPN, RoI heads, outputs), only with a four-stage backbone of about a
million parameters, so it trains in minutes on a CPU and its weights travel with the repository.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torchvision.models import resnet50
from torchvision.models.detection import MaskRCNN, MaskRCNN_ResNet50_FPN_Weights
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor as resnet_fpn_extractor
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.misc import FrozenBatchNorm2d

from detector.core.errors import ModelArtifactError

SPEC_SCHEMA = "rehearsal.model/1"
RESNET50_FPN = "maskrcnn_resnet50_fpn"
SMALL_FPN = "maskrcnn_small_fpn"
ARCHITECTURES = (RESNET50_FPN, SMALL_FPN)


@dataclass(frozen=True)
class ModelSpec:
    """The contents of `model.json`.

    `labels` names every class but the background (index 0), so it has the keys 1..num_classes-1.
    `min_size` and `max_size` are torchvision's input sizes in pixels: the shorter side is scaled to `min_size` unless
    the longer one would pass `max_size`. `batch_norm_eps` is what the frozen batch norms of the ResNet add to the
    variance: torchvision sets 0.0 for its COCO_V1 weights, and so for everything fine-tuned from them
    (`overwrite_eps` in torchvision/models/detection/_utils.py).
    """

    architecture: str
    num_classes: int
    labels: Mapping[int, str]
    min_size: int = 800
    max_size: int = 1333
    batch_norm_eps: float = 0.0

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise ModelArtifactError(f"architecture {self.architecture!r} is not one of {', '.join(ARCHITECTURES)}")
        if set(self.labels) != set(range(1, self.num_classes)):
            raise ModelArtifactError(
                f"labels must name every class from 1 to {self.num_classes - 1} (0 is the background); "
                f"got {len(self.labels)} names for num_classes = {self.num_classes}"
            )
        if not 0 < self.min_size <= self.max_size:
            raise ModelArtifactError(f"0 < min_size <= max_size must hold; got {self.min_size} and {self.max_size}")


def coco_spec() -> ModelSpec:
    """What an artifact without `model.json` means: torchvision's COCO Mask R-CNN (91 classes with the background)."""
    categories = MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]
    return ModelSpec(RESNET50_FPN, len(categories), dict(enumerate(categories[1:], start=1)))


def read_spec(path: Path) -> ModelSpec:
    """Parse `model.json`; raises ModelArtifactError naming the file and what is wrong with it."""
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SPEC_SCHEMA:
            raise ModelArtifactError(f"schema is {document['schema']!r}, expected {SPEC_SCHEMA!r}")
        return ModelSpec(
            architecture=str(document["architecture"]),
            num_classes=int(document["num_classes"]),
            labels={int(index): str(name) for index, name in document["labels"].items()},
            min_size=int(document.get("min_size", ModelSpec.min_size)),
            max_size=int(document.get("max_size", ModelSpec.max_size)),
            batch_norm_eps=float(document.get("batch_norm_eps", ModelSpec.batch_norm_eps)),
        )
    except ModelArtifactError as error:
        raise ModelArtifactError(f"{path}: {error}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"key {error} is missing" if isinstance(error, KeyError) else error
        raise ModelArtifactError(f"{path} is not a model specification ({SPEC_SCHEMA}): {reason}") from error


def build(spec: ModelSpec) -> MaskRCNN:
    """The untrained network of `spec`, on the CPU in training mode. Never downloads anything."""
    return _resnet50_fpn(spec) if spec.architecture == RESNET50_FPN else _small_fpn(spec)


def _resnet50_fpn(spec: ModelSpec) -> MaskRCNN:
    """What torchvision's `maskrcnn_resnet50_fpn` builds for pretrained weights (its `weights=None` has other norms)."""
    norm = partial(FrozenBatchNorm2d, eps=spec.batch_norm_eps)
    backbone = resnet_fpn_extractor(resnet50(weights=None, norm_layer=norm), trainable_layers=0)
    return MaskRCNN(backbone, num_classes=spec.num_classes, min_size=spec.min_size, max_size=spec.max_size)


def _small_fpn(spec: ModelSpec) -> MaskRCNN:
    channels = 64
    return MaskRCNN(
        BackboneWithFPN(
            _SmallBody(),
            return_layers={"stage1": "0", "stage2": "1", "stage3": "2", "stage4": "3"},
            in_channels_list=[32, 64, 96, 128],
            out_channels=channels,
        ),
        num_classes=None,
        min_size=spec.min_size,
        max_size=spec.max_size,
        rpn_anchor_generator=AnchorGenerator(((12,), (24,), (48,), (96,), (192,)), ((0.5, 1.0, 2.0),) * 5),
        rpn_pre_nms_top_n_train=300,
        rpn_pre_nms_top_n_test=300,
        rpn_post_nms_top_n_train=150,
        rpn_post_nms_top_n_test=100,
        box_roi_pool=MultiScaleRoIAlign(["0", "1", "2", "3"], output_size=7, sampling_ratio=2),
        box_head=TwoMLPHead(channels * 7 * 7, 128),
        box_predictor=FastRCNNPredictor(128, spec.num_classes),
        mask_roi_pool=MultiScaleRoIAlign(["0", "1", "2", "3"], output_size=14, sampling_ratio=2),
        mask_head=MaskRCNNHeads(channels, (64, 64), 1),
        mask_predictor=MaskRCNNPredictor(64, 64, spec.num_classes),
        box_batch_size_per_image=96,
        box_detections_per_img=50,
    )


class _SmallBody(nn.Module):
    """Four stages at strides 4, 8, 16 and 32; GroupNorm, because batches of four are too small for batch statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _block(3, 16)
        self.stage1 = _block(16, 32)
        self.stage2 = _block(32, 64)
        self.stage3 = _block(64, 96)
        self.stage4 = _block(96, 128)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.stage4(self.stage3(self.stage2(self.stage1(self.stem(images)))))
        return features


def _block(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride=2, padding=1, bias=False),
        nn.GroupNorm(8, channels_out),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
        nn.GroupNorm(8, channels_out),
        nn.ReLU(inplace=True),
    )
