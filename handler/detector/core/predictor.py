"""Defines the interface of a model of any family."""

from __future__ import annotations

from typing import Protocol

from detector.core.detections import FrameDetections
from detector.core.frames import FrameBatch


class Predictor(Protocol):
    """Batches hold RGB, unless the predictor has an attribute `takes_planes` that is true."""

    @property
    def plain_batch_count(self) -> int:
        """How many batches, since the model was loaded, could not be computed in the fast way that was meant."""
        ...

    def detect(self, batch: FrameBatch, *, score_threshold: float, with_masks: bool) -> list[FrameDetections]:
        """One `FrameDetections` for each frame, in order, with the detections of at least `score_threshold`.

        A model without masks raises BadParameter when masks are asked for; any model may raise OutOfMemory.
        """
        ...


def takes_planes(predictor: Predictor) -> bool:
    """Whether batches may hold planes that the predictor converts and scales itself (`FrameBatch.planes`)."""
    return bool(getattr(predictor, "takes_planes", False))
