"""Small stand-ins: a predictor that needs no network, and a server's context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detector.core.detections import FrameDetections
from detector.core.frames import FrameBatch
from detector.core.settings import Settings
from detector.pipeline import Service

EVERYTHING = Settings(score_threshold=0.0)


@dataclass
class MeanColour:
    """Finds one object a frame, the whole picture; its score is the mean red, so answers depend on the pixels."""

    batch_sizes: list[int] = field(default_factory=list)
    shapes: set[tuple[int, ...]] = field(default_factory=set)

    plain_batch_count = 0

    def detect(self, batch: FrameBatch, *, score_threshold: float, with_masks: bool) -> list[FrameDetections]:
        self.batch_sizes.append(len(batch.pixels))
        self.shapes.add(batch.pixels.shape[1:])
        reds = batch.pixels[..., 0].mean(axis=(1, 2)) / 255
        return [self._found(batch, place, float(red), score_threshold) for place, red in enumerate(reds)]

    def _found(self, batch: FrameBatch, place: int, score: float, threshold: float) -> FrameDetections:
        count = int(score >= threshold)
        return FrameDetections(
            frame_index=batch.frame_indices[place],
            pts_seconds=batch.pts_seconds[place],
            boxes=np.array([[0, 0, batch.source_width, batch.source_height]] * count, np.float32).reshape(count, 4),
            label_ids=np.ones(count, np.int64),
            scores=np.full(count, score, np.float32),
        )


def service(settings: Settings = EVERYTHING, batch_size: int = 4) -> Service:
    return Service(MeanColour(), {1: "picture"}, settings, batch_size)


@dataclass
class FakeContext:
    """What the handler uses of `ts.context.Context`."""

    headers: Mapping[str, Any] = field(default_factory=dict)
    system_properties: Mapping[str, Any] = field(default_factory=dict)
    status: tuple[int, str] = (200, "")

    def get_all_request_header(self, idx: int) -> Mapping[str, Any]:
        return self.headers

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        self.status = (code, phrase)
