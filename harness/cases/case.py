"""What a rehearsal sends: the known answer, the user's clips, one clip that cannot be read, and a good one after it.

Owns: which cases there are and in which order. May not: send or judge them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.cases.clips import Clip, open_clip
from harness.cases.truth import Truth
from harness.core.errors import ConfigurationError

Kind = Literal["known_answer", "user_video", "bad_input", "recovery"]
KNOWN_ANSWER = Path(__file__).parents[1] / "samples" / "known_answer"


@dataclass(frozen=True)
class Case:
    name: str
    kind: Kind
    clip: Clip
    expects: Literal["completed", "failed"] = "completed"
    truth: Truth | None = None


@dataclass(frozen=True)
class KnownAnswer:
    """A folder with a clip, what is in it frame by frame, and the small model that knows it."""

    folder: Path
    truth: Truth

    @property
    def clip_path(self) -> Path:
        return self.folder / self.truth.clip

    @property
    def weights(self) -> Path:
        return self.folder / "model.pth"

    @property
    def spec(self) -> Path:
        return self.folder / "model.json"

    def is_known_to(self, spec: Path | None) -> bool:
        """Whether a model of this specification (None: torchvision's COCO) answers with the labels of the truth."""
        if spec is None:
            return False
        labels = json.loads(spec.read_text(encoding="utf-8")).get("labels", {})
        return {str(index): name for index, name in self.truth.labels.items()} == dict(labels)


def open_known_answer(folder: Path | None) -> KnownAnswer:
    """Without a folder, the one that comes with the harness. Raises ConfigurationError when it is not whole."""
    folder = folder or KNOWN_ANSWER
    if not (folder / "truth.json").is_file():
        raise ConfigurationError(
            f"{folder} holds no truth.json; `validate.known_answer` names a folder with clip and truth"
        )
    known = KnownAnswer(folder, Truth.read(folder / "truth.json"))
    if not known.clip_path.is_file():
        raise ConfigurationError(f"{folder / 'truth.json'} speaks of {known.truth.clip}, which is not beside it")
    if open_clip(known.clip_path).sha256 != known.truth.clip_sha256:
        raise ConfigurationError(f"{known.clip_path} is not the clip that truth.json describes (its sha256 differs)")
    return known


def of_known_answer(known: KnownAnswer) -> Case:
    return Case("known answer", "known_answer", open_clip(known.clip_path), truth=known.truth)


def of_users_clips(paths: Sequence[Path]) -> tuple[Case, ...]:
    """One case a file; files of the same name are told apart by a number."""
    names = [path.name for path in paths]
    return tuple(Case(_unique(names, position), "user_video", open_clip(path)) for position, path in enumerate(paths))


def of_bad_input(folder: Path) -> Case:
    """Not a video whatever its name says: the endpoint must fail this request, say why, and live."""
    path = folder / "not-a-video.mp4"
    path.write_text("This is a text file with the name of a video.\n", encoding="utf-8")
    return Case("not a video", "bad_input", open_clip(path), expects="failed")


def of_recovery(known: KnownAnswer) -> Case:
    """The good clip once more, after everything that may have failed."""
    return Case("good again", "recovery", open_clip(known.clip_path), truth=known.truth)


def _unique(names: Sequence[str], position: int) -> str:
    before = names[:position].count(names[position])
    return names[position] if before == 0 else f"{names[position]} ({before + 1})"
