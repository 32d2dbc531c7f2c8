"""The truth of a clip, frame by frame: schema `rehearsal.truth/1`. Owns the reading and writing of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import PositiveFloat, PositiveInt

from harness.cases.documents import parse_json
from harness.cases.predictions import Box, Rle, Seconds
from harness.core.errors import MalformedDocument

SCHEMA: Literal["rehearsal.truth/1"] = "rehearsal.truth/1"


@dataclass(frozen=True)
class TrueObject:
    """One object in one frame. `track` is the same number in every frame; `box` is [x1, y1, x2, y2] in pixels."""

    track: int
    label_id: int
    label: str
    box: Box
    mask: Rle


@dataclass(frozen=True)
class TrueFrame:
    frame_index: int
    pts_seconds: Seconds
    objects: tuple[TrueObject, ...]


@dataclass(frozen=True)
class Truth:
    """Every frame of a clip, in order."""

    schema: Literal["rehearsal.truth/1"]
    clip: str
    clip_sha256: str
    width: PositiveInt
    height: PositiveInt
    fps: PositiveFloat
    frame_count: PositiveInt
    labels: Mapping[int, str]
    frames: tuple[TrueFrame, ...]

    def __post_init__(self) -> None:
        if [frame.frame_index for frame in self.frames] != list(range(self.frame_count)):
            raise MalformedDocument(
                f"truth of {self.clip}: the frames must be 0 to {self.frame_count - 1}, each once, in order; "
                f"there are {len(self.frames)}"
            )

    @staticmethod
    def read(path: Path) -> Truth:
        """Raises MalformedDocument, naming the file and the first place that is wrong."""
        try:
            body = path.read_bytes()
        except OSError as error:
            raise MalformedDocument(f"{path} cannot be read: {error.strerror}") from error
        return parse_json(Truth, body, what=str(path))

    def to_json(self) -> str:
        """The document with a line per frame, so that two versions compare well."""
        head = {key: value for key, value in _plain(self).items() if key != "frames"}
        lines = ",\n".join("  " + json.dumps(_plain(frame)) for frame in self.frames)
        return json.dumps(head, indent=1)[:-2] + ',\n "frames": [\n' + lines + "\n ]\n}\n"


def _plain(value: Truth | TrueFrame) -> dict[str, object]:
    plain: dict[str, object] = dataclasses.asdict(value)
    return plain
