"""Reads the part of `model.json` about a RetinaNet or SSD: classes, and the keys that its architecture has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from detector.core.errors import ModelArtifactError
from detector.model.shared import coco_labels

RETINANET = "retinanet_resnet50_fpn"
RETINANET_V2 = "retinanet_resnet50_fpn_v2"
SSD300 = "ssd300_vgg16"
SSDLITE320 = "ssdlite320_mobilenet_v3_large"

_INPUT_SIZES = ("min_size", "max_size")
_FIXED_SIZE = "it scales every picture to {0} x {0} pixels"
_NOT_PRUNED = "only the MobileNet of ssdlite320_mobilenet_v3_large has a tail"
_SSD300 = {**dict.fromkeys(_INPUT_SIZES, _FIXED_SIZE.format(300)), "batch_norm_eps": "it has no batch norms"}
_SSDLITE320 = {
    **dict.fromkeys(_INPUT_SIZES, _FIXED_SIZE.format(320)),
    "batch_norm_eps": "torchvision builds and trains it with 0.001 alone",
}
# For each architecture the keys that mean nothing there, and why: a key that is passed over is a wrong answer later.
_WITHOUT: Mapping[str, Mapping[str, str]] = {
    RETINANET: {"reduced_tail": _NOT_PRUNED},
    RETINANET_V2: {"reduced_tail": _NOT_PRUNED},
    SSD300: {**_SSD300, "reduced_tail": _NOT_PRUNED},
    SSDLITE320: _SSDLITE320,
}
ARCHITECTURES = tuple(_WITHOUT)
_RETINANETS = (RETINANET, RETINANET_V2)
# torchvision sets the epsilon to 0.0 when it loads the COCO_V1 weights of this one.
_EPS_CHANGED_FOR_COCO = (RETINANET,)


@dataclass(frozen=True)
class OneStageSpec:
    """`labels` names every class but the background (index 0), so it has the keys 1..num_classes-1.

    A RetinaNet has no background: what is trained with classes from 0 on names 0 too. `min_size` and `max_size` are the
    input sizes of a RetinaNet in pixels, and `batch_norm_eps` what its batch norms add to the variance; None is
    torchvision's default (800, 1333, 1e-5). `reduced_tail` is of SSDlite: torchvision halves the channels of the last
    stage of its MobileNet where no `weights_backbone` are given, as for its COCO weights.
    """

    architecture: str
    num_classes: int
    labels: Mapping[int, str]
    min_size: int | None = None
    max_size: int | None = None
    batch_norm_eps: float | None = None
    reduced_tail: bool = True

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise ModelArtifactError(f"architecture {self.architecture!r} is not one of {', '.join(ARCHITECTURES)}")
        named, wanted = set(self.labels), set(range(1, self.num_classes))
        if named - ({0} if self.architecture in _RETINANETS else set()) != wanted:
            raise ModelArtifactError(
                f"labels must name every class from 1 to {self.num_classes - 1} (0 is the background); "
                f"got {len(self.labels)} names for num_classes = {self.num_classes}"
            )
        if not 0 < (self.min_size or 800) <= (self.max_size or 1333):
            raise ModelArtifactError(f"0 < min_size <= max_size must hold; got {self.min_size} and {self.max_size}")

    @property
    def sizes(self) -> Mapping[str, int]:
        tail = {"reduced_tail": self.reduced_tail} if self.architecture == SSDLITE320 else {}
        return {"num_classes": self.num_classes, **tail}


def parse_spec(document: Mapping[str, Any]) -> OneStageSpec:
    """Raises ModelArtifactError, KeyError, TypeError or ValueError."""
    architecture = str(document["architecture"])
    for key, reason in _WITHOUT.get(architecture, {}).items():
        if document.get(key) is not None:
            raise ModelArtifactError(f"{architecture} takes no {key}: {reason}; take the key out")
    labels = {int(index): str(name) for index, name in document["labels"].items()}
    is_coco = architecture in _EPS_CHANGED_FOR_COCO and labels == coco_labels()
    eps = document.get("batch_norm_eps", 0.0 if is_coco else None)
    return OneStageSpec(
        architecture=architecture,
        num_classes=int(document["num_classes"]),
        labels=labels,
        min_size=_whole(document.get("min_size")),
        max_size=_whole(document.get("max_size")),
        batch_norm_eps=None if eps is None else float(eps),
        reduced_tail=_truth(document.get("reduced_tail", True)),
    )


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ModelArtifactError(f"reduced_tail must be true or false, not {value!r}")
    return value
