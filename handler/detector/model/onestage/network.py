"""Builds the untrained networks with torchvision's own constructors. May not: read weights, or use a device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import nn
from torchvision.models import mobilenet_v3_large
from torchvision.models.detection import (
    retinanet_resnet50_fpn,
    retinanet_resnet50_fpn_v2,
    ssd300_vgg16,
    ssdlite320_mobilenet_v3_large,
)
from torchvision.models.detection._utils import retrieve_out_channels
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.ssd import SSD
from torchvision.models.detection.ssdlite import SSDLiteHead
from torchvision.models.detection.ssdlite import _mobilenet_extractor as mobilenet_extractor

from detector.model.onestage.spec import RETINANET, RETINANET_V2, SSD300, SSDLITE320, OneStageSpec

_SSDLITE_SIZE = (320, 320)


def build_network(spec: OneStageSpec) -> nn.Module:
    """The untrained network of `spec`, on the CPU in training mode. Downloads nothing."""
    return _BUILDERS[spec.architecture](spec)


def _retinanet(build: Callable[..., nn.Module], spec: OneStageSpec) -> nn.Module:
    sizes = {name: size for name in ("min_size", "max_size") if (size := getattr(spec, name)) is not None}
    network: nn.Module = build(weights=None, weights_backbone=None, num_classes=spec.num_classes, **sizes)
    if spec.batch_norm_eps is not None:
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = spec.batch_norm_eps
    return network


def _ssd300(spec: OneStageSpec) -> nn.Module:
    network: nn.Module = ssd300_vgg16(weights=None, weights_backbone=None, num_classes=spec.num_classes)
    return network


def _ssdlite320(spec: OneStageSpec) -> nn.Module:
    if not spec.reduced_tail:
        return _with_whole_tail(spec.num_classes)
    network: nn.Module = ssdlite320_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=spec.num_classes
    )
    return network


def _with_whole_tail(num_classes: int) -> nn.Module:
    """What torchvision's function does with `weights_backbone`, which it downloads before it makes this network."""
    norm = partial(nn.BatchNorm2d, eps=0.001, momentum=0.03)
    backbone: Any = mobilenet_extractor(mobilenet_v3_large(weights=None, norm_layer=norm), 6, norm)
    anchors = DefaultBoxGenerator([[2, 3] for _ in range(6)], min_ratio=0.2, max_ratio=0.95)
    channels, boxes = retrieve_out_channels(backbone, _SSDLITE_SIZE), anchors.num_anchors_per_location()
    network: nn.Module = SSD(
        backbone,
        anchors,
        _SSDLITE_SIZE,
        num_classes,
        head=SSDLiteHead(channels, boxes, num_classes, norm),
        score_thresh=0.001,
        nms_thresh=0.55,
        detections_per_img=300,
        topk_candidates=300,
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
    )
    return network


_BUILDERS: Mapping[str, Callable[[OneStageSpec], nn.Module]] = {
    RETINANET: partial(_retinanet, retinanet_resnet50_fpn),
    RETINANET_V2: partial(_retinanet, retinanet_resnet50_fpn_v2),
    SSD300: _ssd300,
    SSDLITE320: _ssdlite320,
}
