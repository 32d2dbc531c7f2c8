"""Defines the detections of one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class FrameDetections:
    """Detections of one frame, by falling score. `boxes` is (n, 4) float32: x1, y1, x2, y2 in source pixels.

    `label_ids` is (n,) int64, `scores` is (n,) float32. `masks` holds the counts of COCO's compressed RLE, one a
    detection, in source pixels; None when masks were not asked for.
    """

    frame_index: int
    pts_seconds: float
    boxes: npt.NDArray[np.float32]
    label_ids: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    masks: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        count = len(self.scores)
        if self.boxes.shape != (count, 4) or self.label_ids.shape != (count,):
            raise ValueError(f"{count} scores, but boxes {self.boxes.shape} and label_ids {self.label_ids.shape}")
        if self.masks is not None and len(self.masks) != count:
            raise ValueError(f"{count} scores, but {len(self.masks)} masks")

    def __len__(self) -> int:
        return len(self.scores)
