"""Where the known answer lies. Owns the file names; may not read the files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class KnownAnswer:
    """The four files in `folder`: three inputs of a rehearsal, and the truth that its result is held against."""

    folder: Path

    @property
    def clip(self) -> Path:
        return self.folder / "clip.mp4"

    @property
    def truth(self) -> Path:
        return self.folder / "truth.json"

    @property
    def weights(self) -> Path:
        return self.folder / "model.pth"

    @property
    def model_spec(self) -> Path:
        return self.folder / "model.json"


KNOWN_ANSWER = KnownAnswer(Path(__file__).parents[1] / "samples" / "known_answer")
