"""What every answer must satisfy, whatever the model: one result per sampled frame, in order, inside the picture.

The answer is judged against an independent reading of the clip. That needs no truth, so it also works for users' clips.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from deploy.evidence import Finding
from harness.cases import PredictedFrame, Predictions
from harness.cases.clips import ClipFacts

# Rounding may put a corner a little outside; more than that is a wrong coordinate system.
BOX_SLACK_PIXELS = 1.0


def judge(predictions: Predictions, facts: ClipFacts, frame_interval: int) -> tuple[Finding, ...]:
    return (
        *_frames(predictions, facts, frame_interval),
        *_times(predictions),
        *_size(predictions, facts),
        *_boxes(predictions, facts),
    )


def _frames(predictions: Predictions, facts: ClipFacts, frame_interval: int) -> Iterator[Finding]:
    answered = [frame.frame_index for frame in predictions.frames]
    wanted = list(range(0, facts.frame_count, frame_interval))
    if answered != wanted:
        pairs = enumerate(zip(answered, wanted, strict=False))
        first = next((index for index, (got, due) in pairs if got != due), None)
        place = "" if first is None else f"; result {first} is of frame {answered[first]}, expected {wanted[first]}"
        yield Finding(
            check="answer.frames",
            severity="error",
            message=f"{len(answered)} results for {len(wanted)} sampled frames "
            f"({facts.frame_count} frames, every {frame_interval}){place}",
            advice="the handler must answer frames 0, N, 2N ... to the end of the clip, each once",
        )


def _times(predictions: Predictions) -> Iterator[Finding]:
    timed = [(frame.frame_index, frame.pts_seconds) for frame in predictions.frames if frame.pts_seconds is not None]
    for (_, before), (frame_index, after) in pairwise(timed):
        if after <= before:
            yield Finding(
                check="answer.times",
                severity="error",
                message=f"time stamps do not increase: {before:.3f} s, then {after:.3f} s",
                where=f"frame {frame_index}",
                advice="take pts_seconds from the decoder for the very frame that is sampled",
            )
            return
    if timed and timed[0][1] < 0:
        yield Finding(
            check="answer.times",
            severity="error",
            message=f"the first time stamp is {timed[0][1]:.3f} s, before the clip begins",
        )


def _size(predictions: Predictions, facts: ClipFacts) -> Iterator[Finding]:
    said = (predictions.video.width, predictions.video.height)
    if said != (facts.width, facts.height):
        yield Finding(
            check="answer.size",
            severity="error",
            message=f"the answer speaks of a picture of {said[0]}x{said[1]} pixels, "
            f"the clip has {facts.width}x{facts.height}",
            advice="boxes belong in source pixels, after rotation metadata and before any resizing",
        )


def _boxes(predictions: Predictions, facts: ClipFacts) -> Iterator[Finding]:
    outside = [frame for frame in predictions.frames if _has_box_outside(frame, facts)]
    if outside:
        yield Finding(
            check="answer.boxes",
            severity="error",
            message=f"boxes outside the picture or with exchanged corners in {len(outside)} frames",
            where=f"frame {outside[0].frame_index}",
            advice="boxes are [x1, y1, x2, y2] in source pixels, x1 < x2 and y1 < y2",
        )


def _has_box_outside(frame: PredictedFrame, facts: ClipFacts) -> bool:
    def inside(box: tuple[float, float, float, float]) -> bool:
        x1, y1, x2, y2 = box
        low = -BOX_SLACK_PIXELS
        return low <= x1 < x2 <= facts.width - low and low <= y1 < y2 <= facts.height - low

    return not all(inside(detection.box) for detection in frame.detections)
