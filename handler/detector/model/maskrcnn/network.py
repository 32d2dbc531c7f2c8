"""Builds the untrained networks. May not: read weights, or use a device.

The small architectures exist so that the whole stack can be judged by a known answer: a real torchvision Mask R-CNN
(same transform, RPN, RoI heads, outputs) with a four-stage backbone of about a million parameters, so it trains in
minutes on a CPU, and the repository can hold its weights. The other is the same without masks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import nn
from torchvision.models import resnet50
from torchvision.models.detection import (
    FasterRCNN,
    MaskRCNN,
    fasterrcnn_resnet50_fpn_v2,
    maskrcnn_resnet50_fpn_v2,
)
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor as resnet_fpn_extractor
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.misc import FrozenBatchNorm2d

from detector.model.maskrcnn.spec import (
    FASTER_RESNET50_FPN,
    FASTER_RESNET50_FPN_V2,
    FASTER_SMALL_FPN,
    RESNET50_FPN,
    RESNET50_FPN_V2,
    SMALL_FPN,
    MaskRCNNSpec,
)

_SMALL_CHANNELS = 64


def build_network(spec: MaskRCNNSpec) -> FasterRCNN:
    """The untrained network of `spec`, on the CPU in training mode; a MaskRCNN is a FasterRCNN. Downloads nothing."""
    return _BUILDERS[spec.architecture](spec)


def _resnet50_fpn(kind: type[FasterRCNN], spec: MaskRCNNSpec) -> FasterRCNN:
    """Build what torchvision's function of the name does for pretrained weights (`weights=None` has other norms)."""
    norm = partial(FrozenBatchNorm2d, eps=spec.batch_norm_eps)
    backbone = resnet_fpn_extractor(resnet50(weights=None, norm_layer=norm), trainable_layers=0)
    return kind(backbone, num_classes=spec.num_classes, min_size=spec.min_size, max_size=spec.max_size)


def _v2(build: Callable[..., FasterRCNN], spec: MaskRCNNSpec) -> FasterRCNN:
    sizes = {"num_classes": spec.num_classes, "min_size": spec.min_size, "max_size": spec.max_size}
    network = build(weights=None, weights_backbone=None, **sizes)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = spec.batch_norm_eps
    return network


def _small_fpn(spec: MaskRCNNSpec) -> MaskRCNN:
    return MaskRCNN(
        **_small_parts(spec),
        mask_roi_pool=MultiScaleRoIAlign(["0", "1", "2", "3"], output_size=14, sampling_ratio=2),
        mask_head=MaskRCNNHeads(_SMALL_CHANNELS, (64, 64), 1),
        mask_predictor=MaskRCNNPredictor(64, 64, spec.num_classes),
    )


def _faster_small_fpn(spec: MaskRCNNSpec) -> FasterRCNN:
    return FasterRCNN(**_small_parts(spec))


def _small_parts(spec: MaskRCNNSpec) -> dict[str, Any]:
    """What the two small networks share: everything but the masks."""
    return {
        "backbone": BackboneWithFPN(
            _SmallBody(),
            return_layers={"stage1": "0", "stage2": "1", "stage3": "2", "stage4": "3"},
            in_channels_list=[32, 64, 96, 128],
            out_channels=_SMALL_CHANNELS,
        ),
        "num_classes": None,
        "min_size": spec.min_size,
        "max_size": spec.max_size,
        "rpn_anchor_generator": AnchorGenerator(((12,), (24,), (48,), (96,), (192,)), ((0.5, 1.0, 2.0),) * 5),
        "rpn_pre_nms_top_n_train": 300,
        "rpn_pre_nms_top_n_test": 300,
        "rpn_post_nms_top_n_train": 150,
        "rpn_post_nms_top_n_test": 100,
        "box_roi_pool": MultiScaleRoIAlign(["0", "1", "2", "3"], output_size=7, sampling_ratio=2),
        "box_head": TwoMLPHead(_SMALL_CHANNELS * 7 * 7, 128),
        "box_predictor": FastRCNNPredictor(128, spec.num_classes),
        "box_batch_size_per_image": 96,
        "box_detections_per_img": 50,
    }


_BUILDERS: Mapping[str, Callable[[MaskRCNNSpec], FasterRCNN]] = {
    RESNET50_FPN: partial(_resnet50_fpn, MaskRCNN),
    RESNET50_FPN_V2: partial(_v2, maskrcnn_resnet50_fpn_v2),
    SMALL_FPN: _small_fpn,
    FASTER_RESNET50_FPN: partial(_resnet50_fpn, FasterRCNN),
    FASTER_RESNET50_FPN_V2: partial(_v2, fasterrcnn_resnet50_fpn_v2),
    FASTER_SMALL_FPN: _faster_small_fpn,
}


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
