"""Clips to send, and what they hold, which is found out independently of the handler.

Owns the reading of a clip to its end, which says how many frames an answer must cover. May not know requests or
predictions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deploy import evidence
from deploy.async_client import content_type_of
from deploy.core.digests import digest_of_file
from harness.cases.opencv import cv2
from harness.core.errors import ConfigurationError


@dataclass(frozen=True)
class ClipFacts:
    """The facts of a file that was decoded to its end; sizes are in pixels after rotation metadata."""

    width: int
    height: int
    frame_count: int
    duration_seconds: float

    def sampled_count(self, frame_interval: int) -> int:
        """How many frames a handler that looks at every `frame_interval`-th one must answer."""
        return -(-self.frame_count // frame_interval)


@dataclass(frozen=True)
class Clip:
    """A file to send, and what is known of it; `facts` is None where no frame can be decoded."""

    path: Path
    size_bytes: int
    sha256: str
    content_type: str
    facts: ClipFacts | None


def open_clip(path: Path) -> Clip:
    """Read and decode `path`; raises ConfigurationError when there is no such file."""
    if not path.is_file():
        raise ConfigurationError(f"{path}: no such file; give --video the path of a clip")
    return Clip(path, path.stat().st_size, digest_of_file(path), content_type_of(path), _decode_facts(path))


def _decode_facts(path: Path) -> ClipFacts | None:
    return _array_facts(path) if content_type_of(path) == "application/x-npy" else _video_facts(path)


def _array_facts(path: Path) -> ClipFacts | None:
    try:
        frames = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception:  # its header is a Python literal, which numpy parses: TokenError, RecursionError, KeyError...
        return None
    return ClipFacts(frames.shape[2], frames.shape[1], frames.shape[0], 0.0) if frames.ndim == 4 else None


def _video_facts(path: Path) -> ClipFacts | None:
    capture = cv2.VideoCapture(str(path))
    try:
        ok, frame = capture.read()
        if not ok:
            return None
        count, last_ms = 1, 0.0
        while capture.grab():
            count, last_ms = count + 1, max(last_ms, capture.get(cv2.CAP_PROP_POS_MSEC))
        return ClipFacts(int(frame.shape[1]), int(frame.shape[0]), count, last_ms / 1000)
    finally:
        capture.release()


def input_record(clip: Clip) -> evidence.InputFile:
    """The clip as the evidence names it."""
    facts = clip.facts
    return evidence.InputFile(
        file=clip.path.name,
        size_bytes=clip.size_bytes,
        sha256=clip.sha256,
        content_type=clip.content_type,
        width_pixels=facts.width if facts else None,
        height_pixels=facts.height if facts else None,
        frame_count=facts.frame_count if facts else None,
        duration_seconds=facts.duration_seconds if facts else None,
    )
