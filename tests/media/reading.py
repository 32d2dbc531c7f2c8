"""What the handler makes of a file: the pictures that its network would see, or the refusal.

Imports nothing but the handler, numpy and the standard library: `serve` runs in an environment with another OpenCV.
"""

from __future__ import annotations

import pickle
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detector.core.errors import RequestError
from detector.core.frames import ClipWarning, batches
from detector.io import media
from tests.media.marks import Pixels


@dataclass(frozen=True)
class Seen:
    """`pixels` is (frames, height, width, 3) RGB."""

    indices: tuple[int, ...]
    times: tuple[float, ...]
    pixels: Pixels
    warnings: tuple[ClipWarning, ...]


@dataclass(frozen=True)
class Refused:
    status: int
    code: str
    message: str


def read(body: bytes, interval: int, content_type: str | None = None) -> Seen | Refused:
    try:
        with media.open_clip(body, content_type, interval) as clip:
            found = list(batches(clip, 8, None, None))
            assert {(batch.source_height, batch.source_width) for batch in found} <= {(clip.height, clip.width)}
    except RequestError as error:
        return Refused(error.status, error.code, str(error))
    return Seen(
        tuple(index for batch in found for index in batch.frame_indices),
        tuple(time for batch in found for time in batch.pts_seconds),
        np.concatenate([batch.pixels for batch in found]),
        tuple(clip.warnings),
    )


def serve() -> None:
    """For each path on a line of stdin, the pickled answer on stdout; any other error is an answer of status 500."""
    for line in sys.stdin:
        try:
            answer = read(Path(line.rstrip("\n")).read_bytes(), 1)
        except Exception:
            answer = Refused(500, "internal", traceback.format_exc())
        pickle.dump(answer, sys.stdout.buffer)
        sys.stdout.buffer.flush()
