"""The answer of a detector to one clip: schema `rehearsal.predictions/1`, as one JSON document or as JSON lines.

Owns the reading of an answer. May not judge it: a box with its corners exchanged is read as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from pydantic import Field, FiniteFloat

from harness.cases.documents import parse_json
from harness.core.errors import MalformedDocument

SCHEMA: Literal["rehearsal.predictions/1"] = "rehearsal.predictions/1"

Pixels = Annotated[FiniteFloat, Field(ge=-1e6, le=1e6)]
Seconds = Annotated[FiniteFloat, Field(ge=-1e9, le=1e9)]
Box = tuple[Pixels, Pixels, Pixels, Pixels]


@dataclass(frozen=True)
class Rle:
    """COCO's compressed run lengths; `size` is (height, width)."""

    size: tuple[int, int]
    counts: str


@dataclass(frozen=True)
class Detection:
    """`box` is [x1, y1, x2, y2] in pixels of the source video; `score` from 0 to 1."""

    box: Box
    label_id: int
    label: str
    score: FiniteFloat
    mask: Rle | None = None


@dataclass(frozen=True)
class PredictedFrame:
    frame_index: int
    pts_seconds: Seconds | None
    """None where the input has no time: a stack of pictures, not a video."""
    detections: tuple[Detection, ...]


@dataclass(frozen=True)
class VideoSize:
    width: int
    height: int


@dataclass(frozen=True)
class ClipWarning:
    """What the answer says of its clip: packets that could not be decoded, and frames that are missing for it."""

    code: str
    message: str
    packets: tuple[int, ...] = ()
    lost_frames: tuple[int, ...] = ()
    damaged_frames: tuple[int, ...] = ()
    """In the answer, though they depend on packets that could not be decoded."""


@dataclass(frozen=True)
class Predictions:
    schema: Literal["rehearsal.predictions/1"]
    video: VideoSize
    labels: Mapping[int, str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    frames: tuple[PredictedFrame, ...] = ()
    warnings: tuple[ClipWarning, ...] = ()

    @property
    def lost_frames(self) -> frozenset[int]:
        """The frames that the answer itself calls lost."""
        return frozenset(index for warning in self.warnings for index in warning.lost_frames)

    @property
    def has_square_pixels(self) -> bool:
        """Whether the answer says that it saw the clip in the shape in which it is shown."""
        return self.settings.get("square_pixels") is True

    @property
    def frame_interval(self) -> int | None:
        """What the answer says it sampled at; None if it does not say."""
        stated = self.settings.get("frame_interval")
        return stated if isinstance(stated, int) and stated > 0 else None

    @staticmethod
    def parse(body: bytes, *, what: str = "predictions") -> Predictions:
        """One JSON document, or JSON lines (a header, then a line per frame).

        Raises MalformedDocument, naming `what` and the first place that is wrong.
        """
        if body.lstrip()[:1] == b"[":
            raise MalformedDocument(
                f"{what}: a bare list (layout=plain) says no frame index and no time; ask for the default layout"
            )
        header, _, rest = body.strip().partition(b"\n")
        if rest and _is_header(header):
            return _parse_lines(header, rest, what)
        if b'"frames"' not in body and not _is_header(body):
            raise MalformedDocument(f"{what}: not a {SCHEMA} document; it begins {body[:80]!r}")
        return parse_json(Predictions, body, what=what)


def _is_header(line: bytes) -> bool:
    """A first JSON line is a whole object without `frames`; a document over several lines is neither."""
    try:
        document = json.loads(line)
    except ValueError:
        return False
    return isinstance(document, dict) and "schema" in document and "frames" not in document


def _parse_lines(header: bytes, rest: bytes, what: str) -> Predictions:
    head = parse_json(Predictions, header, what=f"{what}, line 1")
    frames = tuple(
        parse_json(PredictedFrame, line, what=f"{what}, line {number}")
        for number, line in enumerate(rest.splitlines(), start=2)
        if line.strip()
    )
    return replace(head, frames=frames)
