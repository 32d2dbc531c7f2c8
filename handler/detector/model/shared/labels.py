"""Names the classes of torchvision's COCO weights."""

from __future__ import annotations

from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights


def coco_labels() -> dict[int, str]:
    """The 90 names from 1 on; 0 is the background."""
    categories: list[str] = MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]
    return dict(enumerate(categories[1:], start=1))
