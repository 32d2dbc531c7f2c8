"""Which kind a file is, by its first bytes: whatever its name says, as the handler sniffs plain bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.cases.footage.arrays import array_facts
from harness.cases.footage.facts import ClipFacts
from harness.cases.footage.stills import is_stream, still_facts
from harness.cases.footage.videos import video_facts

_SIGNATURES: dict[bytes, Callable[[Path], ClipFacts | None]] = {
    b"\x93NUMPY": array_facts,
    b"\x89PNG\r\n\x1a\n": still_facts,
    b"\xff\xd8\xff": still_facts,
}


def facts_of(path: Path, content_type: str) -> ClipFacts | None:
    """What the file shows when it is sent with `content_type`; None where nothing can be seen in it."""
    with path.open("rb") as file:
        head = file.read(8)
    read = next((read for start, read in _SIGNATURES.items() if head.startswith(start)), video_facts)
    is_bytes = content_type == "application/octet-stream"
    # A video, however it begins: raw Motion JPEG begins like a JPEG.
    if content_type.startswith("video/") or (is_bytes and read is still_facts and is_stream(path)):
        read = video_facts
    return read(path)
