"""The content type of a file, by its name alone."""

from __future__ import annotations

import mimetypes
from pathlib import Path

FALLBACK_CONTENT_TYPE = "application/octet-stream"
# NumPy arrays as the handler calls them (no registry has a name for them), and videos that not every system knows.
_OWN_TYPES = {".npy": "application/x-npy", ".mkv": "video/x-matroska", ".webm": "video/webm", ".ts": "video/mp2t"}


def content_type_of(file: Path) -> str:
    """The MIME type that a client sends for a file of this name."""
    return _OWN_TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0] or FALLBACK_CONTENT_TYPE
