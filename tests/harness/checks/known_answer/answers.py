"""Answers to a clip made from its truth: perfect ones, and ones with a known mistake."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from harness.cases import Detection, PredictedFrame, Predictions, TrueObject, Truth, VideoSize
from harness.cases.predictions import SCHEMA, Box


def perfect(truth: Truth, interval: int = 5, *, masks: bool = False, content_offset: int = 0) -> Predictions:
    """The truth as an answer; with `content_offset` what is said of a frame is true of a later one."""
    return Predictions(
        SCHEMA,
        VideoSize(truth.width, truth.height),
        truth.labels,
        {"frame_interval": interval},
        tuple(
            PredictedFrame(
                index,
                truth.frames[index].pts_seconds,
                tuple(detection(thing, masks=masks) for thing in truth.frames[index + content_offset].objects),
            )
            for index in range(0, truth.frame_count - content_offset, interval)
        ),
    )


def detection(thing: TrueObject, *, masks: bool = False, score: float = 0.98) -> Detection:
    return Detection(thing.box, thing.label_id, thing.label, score, thing.mask if masks else None)


def with_frames(predictions: Predictions, change: Callable[[PredictedFrame], PredictedFrame]) -> Predictions:
    return dataclasses.replace(predictions, frames=tuple(change(frame) for frame in predictions.frames))


def with_detections(predictions: Predictions, change: Callable[[Detection], Detection]) -> Predictions:
    return with_frames(
        predictions,
        lambda frame: dataclasses.replace(frame, detections=tuple(change(found) for found in frame.detections)),
    )


def with_boxes(predictions: Predictions, change: Callable[[float, float, float, float], Box]) -> Predictions:
    return with_detections(predictions, lambda found: dataclasses.replace(found, box=change(*found.box)))


def relabelled(predictions: Predictions, change: Callable[[int], int]) -> Predictions:
    """Every detection under another label, named as the table of labels names it."""

    def change_one(found: Detection) -> Detection:
        label_id = change(found.label_id)
        return dataclasses.replace(found, label_id=label_id, label=predictions.labels[label_id])

    return with_detections(predictions, change_one)
