"""The cases of a rehearsal: the known answer, the user's clips, a file that is no video, and a good clip after it.

Owns which cases there are. May not send or judge them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.cases.clips import Clip, open_clip
from harness.cases.known_answer import KnownAnswer
from harness.cases.truth import Truth

Kind = Literal["known_answer", "user_video", "bad_input", "recovery"]


@dataclass(frozen=True)
class Case:
    """A file to send, and what must come back: an outcome, and where it is known, the truth."""

    name: str
    kind: Kind
    clip: Clip
    expects: Literal["completed", "failed"] = "completed"
    truth: Truth | None = None


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


def of_recovery(known: KnownAnswer) -> Case:
    """The good clip once more, after everything that may have failed."""
    return Case("good again", "recovery", open_clip(known.clip_path), truth=known.truth)


def _unique(names: Sequence[str], position: int) -> str:
    before = names[:position].count(names[position])
    return names[position] if before == 0 else f"{names[position]} ({before + 1})"
