"""Writes detections as JSON, JSON lines or npy.

Owns: the shape of the answers, described in `predictions.schema.json`. May not: choose among them (`wire`).

Each frame is written as it comes, so that only the answer of a long clip is kept in memory, not its detections.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from detector.core.detections import FrameDetections
from detector.core.frames import ClipWarning
from detector.core.settings import Layout, Settings
from detector.io.wire import Output

SCHEMA = "rehearsal.predictions/1"
# Each detection is one row of the npy answer. Frames without detections have no row; unknown times are NaN.
ROW = np.dtype(
    [("frame_index", "<i8"), ("pts_seconds", "<f8"), ("box", "<f4", (4,)), ("label_id", "<i8"), ("score", "<f4")]
)

_LOST = {"boxes": [], "labels": [], "scores": [], "lost": True}
_BOX_DECIMALS, _SCORE_DECIMALS, _SECONDS_DECIMALS = 3, 6, 6


@dataclass(frozen=True)
class Header:
    """What is said once for a clip; boxes and masks are in pixels of `width` and `height`, the source's.

    `warnings` is complete when the last frame has been read, so it is written after the frames are.
    """

    width: int
    height: int
    labels: Mapping[int, str]
    settings: Settings
    warnings: Sequence[ClipWarning] = ()


def written(output: Output, header: Header, frames: Iterable[FrameDetections]) -> bytes:
    """Write the whole answer; this consumes `frames`."""
    if output is Output.NPY:
        return _npy(frames, header)
    if header.settings.layout is Layout.PLAIN:
        elements = _plain_elements(frames, header)
        return "".join(f"{each}\n" for each in elements).encode() if output is Output.JSON_LINES else _list(elements)
    elements = [_json(_frame(frame, header)) for frame in frames]
    head = _json(_header(header))
    if output is Output.JSON_LINES:
        return "".join(f"{line}\n" for line in (head, *elements)).encode()
    return f'{head[:-1]},"frames":'.encode() + _list(elements) + b"}"


def _list(elements: Sequence[str]) -> bytes:
    return f"[{','.join(elements)}]".encode()


def _plain_elements(frames: Iterable[FrameDetections], header: Header) -> list[str]:
    """One a sampled frame, also for one that is lost: only their places say which is which. The first has warnings."""
    elements = {frame.frame_index: _json(_plain(frame, header)) for frame in frames}
    lost = {index for warning in header.warnings for index in warning.lost_frames}
    elements |= {index: _json(_LOST) for index in lost if index % header.settings.frame_interval == 0}
    ordered = [elements[index] for index in sorted(elements)]
    if header.warnings and ordered:
        ordered[0] = f'{ordered[0][:-1]},"warnings":{_json(list(map(_warning, header.warnings)))}}}'
    return ordered


def _header(header: Header) -> dict[str, Any]:
    settings = header.settings
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "video": {"width": header.width, "height": header.height},
        "labels": {str(label_id): name for label_id, name in header.labels.items()},
        "settings": {
            "frame_interval": settings.frame_interval,
            "score_threshold": settings.score_threshold,
            "frame_width": settings.frame_width,
            "frame_height": settings.frame_height,
            "masks": settings.masks,
            "square_pixels": settings.square_pixels,
        },
    }
    return {**document, "warnings": list(map(_warning, header.warnings))} if header.warnings else document


def _warning(warning: ClipWarning) -> dict[str, Any]:
    told: dict[str, Any] = {"code": warning.code, "message": warning.message}
    if warning.packets:
        told |= {"packets": list(warning.packets), "lost_frames": list(warning.lost_frames)}
    if warning.damaged_frames:
        told["damaged_frames"] = list(warning.damaged_frames)
    return told


def _frame(frame: FrameDetections, header: Header) -> dict[str, Any]:
    columns = zip(_boxes(frame), frame.label_ids.tolist(), _scores(frame), strict=True)
    detections = [
        {"box": box, "label_id": label_id, "label": header.labels.get(label_id, str(label_id)), "score": score}
        for box, label_id, score in columns
    ]
    for detection, mask in zip(detections, _masks(frame, header), strict=False):
        detection["mask"] = mask
    seconds = None if math.isnan(frame.pts_seconds) else round(frame.pts_seconds, _SECONDS_DECIMALS)
    return {"frame_index": frame.frame_index, "pts_seconds": seconds, "detections": detections}


def _plain(frame: FrameDetections, header: Header) -> dict[str, Any]:
    element = {"boxes": _boxes(frame), "labels": frame.label_ids.tolist(), "scores": _scores(frame)}
    return element if frame.masks is None else {**element, "masks": _masks(frame, header)}


def _boxes(frame: FrameDetections) -> list[list[float]]:
    return [[round(side, _BOX_DECIMALS) for side in box] for box in frame.boxes.tolist()]


def _scores(frame: FrameDetections) -> list[float]:
    return [round(score, _SCORE_DECIMALS) for score in frame.scores.tolist()]


def _masks(frame: FrameDetections, header: Header) -> list[dict[str, Any]]:
    return [{"size": [header.height, header.width], "counts": counts} for counts in frame.masks or ()]


def _json(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"), allow_nan=False)


def _npy(frames: Iterable[FrameDetections], header: Header) -> bytes:
    """The rows, and behind them, where there are warnings, a second array: one of JSON a warning."""
    rows = np.concatenate([np.zeros(0, ROW), *map(_rows, frames)])
    file = io.BytesIO()
    np.save(file, rows, allow_pickle=False)
    if header.warnings:
        np.save(file, np.array([_json(_warning(each)) for each in header.warnings]), allow_pickle=False)
    return file.getvalue()


def _rows(frame: FrameDetections) -> np.ndarray[Any, np.dtype[np.void]]:
    rows = np.zeros(len(frame), ROW)
    rows["frame_index"], rows["pts_seconds"] = frame.frame_index, frame.pts_seconds
    rows["box"], rows["label_id"], rows["score"] = frame.boxes, frame.label_ids, frame.scores
    return rows
