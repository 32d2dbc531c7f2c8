"""The known answer: a folder with a clip, what is in it frame by frame, and a small model that finds it.

Owns the file names and the check that the folder is whole. May not make the files (`harness.samples` does) or judge.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from harness.cases.clips import open_clip
from harness.cases.truth import Truth
from harness.core.errors import ConfigurationError


@dataclass(frozen=True)
class KnownAnswerFiles:
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


KNOWN_ANSWER = KnownAnswerFiles(Path(__file__).parents[1] / "samples" / "known_answer")


@dataclass(frozen=True)
class KnownAnswer:
    """The files with their truth, read. The truth names the clip."""

    files: KnownAnswerFiles
    truth: Truth

    @property
    def clip_path(self) -> Path:
        return self.files.folder / self.truth.clip

    def has_labels_of(self, spec: Path | None) -> bool:
        """Whether a model of this specification (None: torchvision's COCO) answers with the labels of the truth."""
        if spec is None:
            return False
        labels = json.loads(spec.read_text(encoding="utf-8")).get("labels", {})
        return {str(index): name for index, name in self.truth.labels.items()} == dict(labels)


def open_known_answer(folder: Path | None) -> KnownAnswer:
    """The known answer in `folder`, or the one of the harness. Raises ConfigurationError when a file is missing."""
    files = KnownAnswerFiles(folder) if folder else KNOWN_ANSWER
    if not files.truth.is_file():
        raise ConfigurationError(
            f"{files.folder} holds no truth.json; `validate.known_answer` names a folder with clip and truth"
        )
    known = KnownAnswer(files, Truth.read(files.truth))
    if not known.clip_path.is_file():
        raise ConfigurationError(f"{files.truth} speaks of {known.truth.clip}, which is not beside it")
    if open_clip(known.clip_path).sha256 != known.truth.clip_sha256:
        raise ConfigurationError(f"{known.clip_path} is not the clip that truth.json describes (its sha256 differs)")
    return known
