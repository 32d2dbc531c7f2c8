"""Clips to send, and what they hold, which is found out independently of the handler.

Owns what is known of a file; `footage` reads it. May not know requests or predictions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deploy import evidence
from deploy.async_client import content_type_of
from deploy.core.digests import digest_of_file
from harness.cases.footage import ClipFacts, facts_of
from harness.core.errors import ConfigurationError


@dataclass(frozen=True)
class Clip:
    """A file to send, and what is known of it; `facts` is None where nothing can be seen in it."""

    path: Path
    size_bytes: int
    sha256: str
    content_type: str
    facts: ClipFacts | None


def open_clip(path: Path) -> Clip:
    """Read `path` to its end; raises ConfigurationError when there is no such file."""
    if not path.is_file():
        raise ConfigurationError(f"{path}: no such file; give --video the path of a clip")
    content_type = content_type_of(path)
    return Clip(path, path.stat().st_size, digest_of_file(path), content_type, facts_of(path, content_type))


def open_file(path: Path, content_type: str | None = None) -> Clip:
    """Any file, in which nothing is looked for; by default its content type follows from its name."""
    return Clip(path, path.stat().st_size, digest_of_file(path), content_type or content_type_of(path), None)


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
