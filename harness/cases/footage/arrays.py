"""A stack of pictures in an npy file, by its header."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.cases.footage.facts import ClipFacts


def array_facts(path: Path) -> ClipFacts | None:
    """Of an array of shape (frames, height, width, channels); it has no times."""
    try:
        frames = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception:  # its header is a Python literal, which numpy parses: TokenError, RecursionError, KeyError...
        return None
    return ClipFacts(frames.shape[2], frames.shape[1], frames.shape[0], 0.0) if frames.ndim == 4 else None
