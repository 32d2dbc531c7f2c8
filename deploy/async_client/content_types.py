"""Finds a file's content type by its name alone."""

from __future__ import annotations

import mimetypes
from pathlib import Path

FALLBACK_CONTENT_TYPE = "application/octet-stream"
# NumPy arrays have no registered type, so this is the handler's; not every system's table has the video types.
_OWN_TYPES = {".npy": "application/x-npy", ".mkv": "video/x-matroska", ".webm": "video/webm", ".ts": "video/mp2t"}


def content_type_of(file: Path) -> str:
    """The MIME type that a client sends for a file of this name."""
    return _OWN_TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0] or FALLBACK_CONTENT_TYPE
