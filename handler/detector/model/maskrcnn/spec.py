"""Reads the part of `model.json` about a Mask R-CNN or Faster R-CNN: classes, input sizes, norms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from detector.core.errors import ModelArtifactError
from detector.model.shared import coco_labels

RESNET50_FPN = "maskrcnn_resnet50_fpn"
RESNET50_FPN_V2 = "maskrcnn_resnet50_fpn_v2"
SMALL_FPN = "maskrcnn_small_fpn"
FASTER_RESNET50_FPN = "fasterrcnn_resnet50_fpn"
FASTER_RESNET50_FPN_V2 = "fasterrcnn_resnet50_fpn_v2"
FASTER_SMALL_FPN = "fasterrcnn_small_fpn"
ARCHITECTURES = (
    RESNET50_FPN,
    SMALL_FPN,
    RESNET50_FPN_V2,
    FASTER_RESNET50_FPN,
    FASTER_RESNET50_FPN_V2,
    FASTER_SMALL_FPN,
)
# torchvision sets the epsilon of these to 0.0 when it loads its COCO_V1 weights.
_EPS_CHANGED_FOR_COCO = (RESNET50_FPN, FASTER_RESNET50_FPN)
COCO_BATCH_NORM_EPS = 0.0


@dataclass(frozen=True)
class MaskRCNNSpec:
    """`labels` names every class but the background (index 0), so it has the keys 1..num_classes-1.

    `min_size` and `max_size` are torchvision's input sizes in pixels: the shorter side is scaled to `min_size` unless
    the longer one would pass `max_size`. `batch_norm_eps` is what the batch norms of the ResNet add to the variance:
    torchvision's networks have 1e-5, and 0.0 where its COCO_V1 weights are loaded (`overwrite_eps` in
    torchvision/models/detection/_utils.py), and so everything that is fine-tuned from them.
    """

    architecture: str
    num_classes: int
    labels: Mapping[int, str]
    min_size: int = 800
    max_size: int = 1333
    batch_norm_eps: float = 1e-5

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

    @property
    def sizes(self) -> Mapping[str, int]:
        return {"num_classes": self.num_classes}


def parse_spec(document: Mapping[str, Any]) -> MaskRCNNSpec:
    """Raises ModelArtifactError, KeyError, TypeError or ValueError."""
    architecture = str(document["architecture"])
    labels = {int(index): str(name) for index, name in document["labels"].items()}
    is_coco = architecture in _EPS_CHANGED_FOR_COCO and labels == coco_labels()
    usual_eps = COCO_BATCH_NORM_EPS if is_coco else MaskRCNNSpec.batch_norm_eps
    return MaskRCNNSpec(
        architecture=architecture,
        num_classes=int(document["num_classes"]),
        labels=labels,
        min_size=int(document.get("min_size", MaskRCNNSpec.min_size)),
        max_size=int(document.get("max_size", MaskRCNNSpec.max_size)),
        batch_norm_eps=float(document.get("batch_norm_eps", usual_eps)),
    )


def coco_spec() -> MaskRCNNSpec:
    """torchvision's COCO Mask R-CNN: 91 classes with the background."""
    labels = coco_labels()
    return MaskRCNNSpec(RESNET50_FPN, len(labels) + 1, labels, batch_norm_eps=COCO_BATCH_NORM_EPS)
