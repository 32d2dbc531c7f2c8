"""Answers of every kind, and their goldens."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from PIL import Image

from harness.goldens import Golden, Model, Recorded, Sent, content_of, kind_of

SENT = Sent("rose.jpg", "a" * 64, "image/jpeg", "application/json")
MODEL = Model("b" * 64, "c" * 64)
RECORDED = Recorded(datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), "sagemaker-rehearsal 0.1.0", "process")


def golden(body: bytes, content_type: str = "application/json", case: str = "rose") -> Golden:
    kind = kind_of(body, content_type)
    return Golden(case, kind, content_type, SENT, MODEL, RECORDED, content_of(kind, body, content_type))


def npy(*arrays: Any) -> bytes:
    file = io.BytesIO()
    for array in arrays:
        np.save(file, np.asarray(array), allow_pickle=False)
    return file.getvalue()


def picture(pixels: Any, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(file, form)
    return file.getvalue()


def found(box: Sequence[float], score: float = 0.9, label: str = "dog", mask: str | None = None) -> dict[str, Any]:
    labels = {"dog": 1, "cat": 2}
    detection = {"box": list(box), "label_id": labels[label], "label": label, "score": score}
    return detection if mask is None else detection | {"mask": {"size": [4, 4], "counts": mask}}


def predictions(*frames: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The answer of a detector: for each frame its detections."""
    return {
        "schema": "rehearsal.predictions/1",
        "video": {"width": 640, "height": 360},
        "labels": {"1": "dog", "2": "cat"},
        "settings": {"frame_interval": 1, "score_threshold": 0.5},
        "frames": [
            {"frame_index": index, "pts_seconds": index / 10, "detections": list(detections)}
            for index, detections in enumerate(frames)
        ],
        **more,
    }


def body_of(document: Any) -> bytes:
    return json.dumps(document).encode()
