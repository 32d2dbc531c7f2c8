"""The clips, the picture and the weights of a GPU day.

In full: clips of 20 s made by `prepare`, and the full-size network, calibrated where it is measured, because its
178 MB do not travel. Quick: the clip and the small trained network of the known answer, which lie in the repository.

torch and OpenCV are imported where they are used: the command, which reads this module, needs neither.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import clips
from benchmarks.clips import ClipRecipe
from benchmarks.contestants.worker import ROOT

FOLDER = ROOT / ".gpu"
GOPS = (250, 30)
WHOLE_FRAMES, CUT_FRAMES = 600, 150
CALIBRATED_ON_EVERY = 150
PICTURE = "picture.jpg"
SITE = "site.tar.xz"
COMMIT = "commit.json"
TEST_CLIPS = "test-clips"
_KNOWN_ANSWER = ROOT / "harness" / "samples" / "known_answer"


class NotPrepared(Exception):
    """An input is missing; the message says how to make it."""


def recipe_of(gop: int, frame_count: int) -> ClipRecipe:
    return ClipRecipe(frame_count=frame_count, gop=gop, megabits_per_second=4)


@dataclass(frozen=True)
class Inputs:
    """What is measured on; `folder` is the prepared one, and `quick` takes the known answer instead."""

    folder: Path
    quick: bool

    def clip(self, gop: int) -> Path:
        """20 s of 1080p with key frames `gop` frames apart. Raises CannotMake."""
        return self._clip(gop, WHOLE_FRAMES)

    def cut(self, gop: int) -> Path:
        """The same, shorter: for every frame. Raises CannotMake."""
        return self._clip(gop, CUT_FRAMES)

    def picture(self) -> bytes:
        """One JPEG picture. Raises NotPrepared."""
        if self.quick:
            import cv2

            return bytes(cv2.imencode(".jpg", self.frames(1, every=1)[0])[1])
        path = self.folder / PICTURE
        if not path.is_file():
            raise NotPrepared(f"{path} is missing; run `python -m benchmarks.gpu_day.prepare` where ffmpeg is")
        return path.read_bytes()

    def frames(self, count: int, every: int) -> list[npt.NDArray[np.uint8]]:
        """The first `count` sampled frames of the clip, in BGR and its own size."""
        from benchmarks.contestants import reference

        sampled = reference.sampled_frames(self.clip(GOPS[0]).read_bytes(), every)
        found = [frame for frame, _ in zip(sampled, range(count), strict=False)]
        sampled.close()  # type: ignore[attr-defined]  # it is a generator: its file goes with it
        return found

    @cached_property
    def model_dir(self) -> Path:
        """The weights' folder; made in seconds when it is first asked for."""
        if self.quick:
            return _KNOWN_ANSWER
        from benchmarks.contestants import weights

        pictures = [_tensor(frame) for frame in self.frames(WHOLE_FRAMES // CALIBRATED_ON_EVERY, CALIBRATED_ON_EVERY)]
        return weights.model_dir(weights.Recipe(), pictures, Path(tempfile.gettempdir(), "rehearsal-gpu-day"))

    def _clip(self, gop: int, frame_count: int) -> Path:
        if self.quick:
            return _KNOWN_ANSWER / "clip.mp4"
        return clips.made(recipe_of(gop, frame_count), self.folder / "clips")


def _tensor(frame: npt.NDArray[np.uint8]) -> Any:
    import cv2
    from torchvision.transforms.functional import to_tensor

    return to_tensor(cv2.cvtColor(cv2.resize(frame, (1024, 1024), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB))
