"""A case, and those of the flagship: the known answer, the user's clips, a file that is no video, a good clip after it.

Owns what a case is. May not send or judge them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from deploy.config.case_sections import ExpectSection
from harness.cases.clips import Clip, open_clip
from harness.cases.known_answer import KnownAnswer
from harness.cases.truth import Truth

Kind = Literal["known_answer", "own_model", "user_video", "project_case", "user_case", "bad_input", "recovery"]
Expects = Literal["completed", "failed", "either"]

_ACCEPT = "application/json"


@dataclass(frozen=True)
class Case:
    """A file to send, how it is sent, and what must come back: an outcome, and where it is known, the truth.

    With an `expectation` an answer is held against that, whatever its format; else it is judged as a detector's.
    """

    name: str
    kind: Kind
    clip: Clip
    expects: Expects = "completed"
    truth: Truth | None = None
    expectation: ExpectSection | None = None
    accept: str | None = None
    """What the case asks for itself; None: application/json is asked for, and any type is taken."""
    custom_attributes: str = ""
    items: int | str | None = None
    """How many items a request holds, or the JSON pointer that tells it in the answer; None where neither is given."""

    @property
    def asked_accept(self) -> str:
        """The Accept header that it is sent with."""
        return self.accept or _ACCEPT


def of_known_answer(known: KnownAnswer) -> Case:
    return Case("known answer", "known_answer", open_clip(known.clip_path), truth=known.truth)


def of_users_clips(paths: Sequence[Path]) -> tuple[Case, ...]:
    """One case a file; files of the same name are told apart by a number."""
    names = [path.name for path in paths]
    return tuple(Case(_unique(names, position), "user_video", open_clip(path)) for position, path in enumerate(paths))


def of_bad_input(folder: Path) -> Case:
    """A file that is named like a video and is none: the endpoint must fail this request, say why, and keep serving."""
    path = folder / "not-a-video.mp4"
    path.write_text("This is a text file with the name of a video.\n", encoding="utf-8")
    return Case("not a video", "bad_input", open_clip(path), expects="failed")


def of_own_model(known: KnownAnswer) -> Case:
    """The known clip, for a model of other labels: what it finds is its own affair, frames, times and boxes are not."""
    return Case("known clip, your model", "own_model", open_clip(known.clip_path))


def again(good: Case) -> Case:
    """A good case once more, after everything that may have failed."""
    return replace(good, name="good again", kind="recovery")


def _unique(names: Sequence[str], position: int) -> str:
    before = names[:position].count(names[position])
    return names[position] if before == 0 else f"{names[position]} ({before + 1})"
