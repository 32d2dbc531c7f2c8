"""The checks beside the boxes: sampled frames, time stamps, video size, label names, bounds and masks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from deploy.evidence import Finding
from harness.cases.matching import frames_in_words
from harness.cases.predictions import Box, Predictions
from harness.cases.truth import Truth
from harness.checks.masks import is_sound


def sampling(predictions: Predictions, expected: Sequence[int]) -> Iterator[Finding]:
    """Findings unless every expected frame is answered once, in order, and no other frame."""
    check = "known_answer.sampling"
    answered = [frame.frame_index for frame in predictions.frames]
    count = f"{len(answered)} answers for {len(expected)} sampled frames"
    missing = sorted(set(expected) - set(answered))
    if missing:
        yield Finding(
            check=check,
            severity="error",
            message=f"frames are missing: {count}",
            where=frames_in_words(missing),
            advice=_missing_advice(missing, expected),
        )
    surplus = sorted(set(answered) - set(expected))
    if surplus:
        advice = "sample frames 0, interval, 2 x interval ...; frame_index is the frame's number in the source clip"
        yield Finding(
            check=check,
            severity="error",
            message=f"frames were not asked for: {count}",
            where=frames_in_words(surplus),
            advice=advice,
        )
    repeated = sorted(index for index, times in Counter(answered).items() if times > 1)
    if repeated:
        advice = "answer a frame once; look at how batches overlap or are sent again"
        yield Finding(
            check=check,
            severity="error",
            message=f"frames are answered more than once: {count}",
            where=frames_in_words(repeated),
            advice=advice,
        )
    elif answered != sorted(answered):
        yield Finding(
            check=check,
            severity="error",
            message="the answers are not in the order of the frames",
            where=None,
            advice="keep the batches in order",
        )


def _missing_advice(missing: Sequence[int], expected: Sequence[int]) -> str:
    if list(missing) == list(expected[-len(missing) :]):
        return "only the end is missing: the last, incomplete batch was dropped, or the frame count rounded down"
    return "a frame in which nothing is found is answered with no detections, not left out"


def time_stamps(predictions: Predictions, truth: Truth, tolerance_seconds: float) -> Iterator[Finding]:
    """Findings on the `pts_seconds` of the answered frames, compared with the clip's."""
    known = [frame for frame in predictions.frames if 0 <= frame.frame_index < truth.frame_count]
    timeless = [frame.frame_index for frame in known if frame.pts_seconds is None]
    if timeless:
        message = f"{len(timeless)} of {len(known)} frames have no time stamp, and the clip is a video"
        yield Finding(
            check="known_answer.time_stamps", severity="error", message=message, where=frames_in_words(timeless)
        )
        return
    found = np.array([frame.pts_seconds for frame in known], dtype=np.float64)
    true = np.array([truth.frames[frame.frame_index].pts_seconds for frame in known])
    wrong = np.abs(found - true) > tolerance_seconds
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        message = (
            f"{int(wrong.sum())} of {len(known)} time stamps are wrong; frame {known[first].frame_index} is at "
            f"{true[first]:.3f} s, not {found[first]:.3f} s{_time_cause(found, true, truth.fps, tolerance_seconds)}"
        )
        advice = "take the presentation time from the container, not from a frame count"
        yield Finding(
            check="known_answer.time_stamps",
            severity="error",
            message=message,
            where=f"frame {known[first].frame_index}",
            advice=advice,
        )


def _time_cause(found: NDArray[np.float64], true: NDArray[np.float64], fps: float, tolerance_seconds: float) -> str:
    late = float(np.median(found - true))
    if len(found) > 1 and (np.abs(found - true - late) <= tolerance_seconds).all():
        return f"; all are {abs(late):.3f} s too {'late' if late > 0 else 'early'}"
    ratio = float(found @ true / (true @ true)) if true.any() else 0.0
    if ratio <= 0 or (np.abs(found - ratio * true) > tolerance_seconds * max(1.0, ratio)).any():
        return ""
    if abs(ratio - 1000) < 1:
        return "; they are milliseconds"
    if abs(ratio - fps) < 0.01 * fps:
        return "; they are frame numbers"
    return f"; they run as if the clip had {fps / ratio:.4g} frames a second instead of {fps:.4g}"


def video_size(predictions: Predictions, truth: Truth) -> Iterator[Finding]:
    video = predictions.video
    if (video.width, video.height) != (truth.width, truth.height):
        exchanged = (video.height, video.width) == (truth.width, truth.height)
        message = f"the video is said to be {video.width}x{video.height}; it is {truth.width}x{truth.height}"
        advice = (
            "width and height are exchanged" if exchanged else "state the size of the source, not of the model's input"
        )
        yield Finding(check="known_answer.video_size", severity="error", message=message, where="video", advice=advice)


def names(predictions: Predictions, truth: Truth) -> Iterator[Finding]:
    """Findings on the table of labels, compared with the truth's, and on the labels of the detections."""
    check = "known_answer.labels"
    advice = "the names come from `labels` in model.json"
    for label_id, name in truth.labels.items():
        stated = predictions.labels.get(label_id)
        if stated != name:
            yield Finding(
                check=check,
                severity="error",
                message=f"label {label_id} is {name!r}, not {stated!r}",
                where=f"labels.{label_id}",
                advice=advice,
            )
    used = {detection.label_id: detection.label for frame in predictions.frames for detection in frame.detections}
    for label_id, name in sorted(used.items()):
        if label_id not in truth.labels:
            yield Finding(
                check=check,
                severity="error",
                message=f"there is no label {label_id} ({name!r}) in this clip",
                where=None,
                advice=advice,
            )
        elif name != predictions.labels.get(label_id):
            message = f"detections of label {label_id} are called {name!r}, not as the table of labels has it"
            yield Finding(check=check, severity="error", message=message, where=f"labels.{label_id}", advice=advice)


def bounds(predictions: Predictions, truth: Truth) -> Iterator[Finding]:
    """Findings unless corners are in order and inside the picture, and scores are between 0 and 1."""
    found = [(frame.frame_index, detection) for frame in predictions.frames for detection in frame.detections]
    disordered = {index for index, detection in found if not _has_area(detection.box)}
    outside = {index for index, detection in found if not _inside(detection.box, truth.width, truth.height)}
    scores = {index for index, detection in found if not 0 <= detection.score <= 1}
    if disordered:
        message = "boxes have their second corner left of or above the first, or no area"
        yield Finding(
            check="known_answer.geometry",
            severity="error",
            message=message,
            where=frames_in_words(disordered),
            advice="answer [x1, y1, x2, y2]",
        )
    if outside:
        message = f"boxes reach beyond the picture of {truth.width}x{truth.height}"
        yield Finding(
            check="known_answer.geometry",
            severity="warning",
            message=message,
            where=frames_in_words(outside),
            advice="answer in pixels of the source",
        )
    if scores:
        yield Finding(
            check="known_answer.scores",
            severity="error",
            message="scores lie outside of 0 to 1",
            where=frames_in_words(scores),
            advice="answer probabilities",
        )


def _has_area(box: Box) -> bool:
    return box[2] > box[0] and box[3] > box[1]


def _inside(box: Box, width: int, height: int) -> bool:
    """Whether the box is inside the picture, with a pixel of tolerance for rounding."""
    return min(box) >= -1 and max(box[0], box[2]) <= width + 1 and max(box[1], box[3]) <= height + 1


def masks(predictions: Predictions, truth: Truth) -> Iterator[Finding]:
    """Findings unless no detection has a mask, or every one has a sound mask of the video's size."""
    found = [(frame.frame_index, detection.mask) for frame in predictions.frames for detection in frame.detections]
    if not any(mask for _, mask in found):
        return
    check = "known_answer.masks"
    absent = {index for index, mask in found if mask is None}
    if absent:
        yield Finding(
            check=check,
            severity="error",
            message="some detections have a mask and some have none",
            where=frames_in_words(absent),
            advice=None,
        )
    size = (truth.height, truth.width)
    resized = {index for index, mask in found if mask is not None and mask.size != size}
    if resized:
        advice = f"`size` is [height, width] of the source video, here {list(size)}"
        yield Finding(
            check=check,
            severity="error",
            message="masks have another size than the video",
            where=frames_in_words(resized),
            advice=advice,
        )
    unsound = {index for index, mask in found if mask is not None and not is_sound(mask)}
    if unsound:
        advice = "`counts` is COCO's compressed encoding, column by column, as pycocotools.mask.encode writes it"
        yield Finding(
            check=check,
            severity="error",
            message="masks whose runs do not fill their size",
            where=frames_in_words(unsound),
            advice=advice,
        )
