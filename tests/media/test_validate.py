"""Twenty clips of the tables through `harness validate`: the whole stack answers, and the judge agrees with ffprobe."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.runs import Finished, validate
from tests.media.clips import CLIPS
from tests.media.damage import DAMAGED
from tests.media.truth import Reference

pytestmark = pytest.mark.e2e

INTERVAL = 5
"""FRAME_INTERVAL of the repository's rehearsal.toml."""
RIGHT = (
    "b-frames.mp4", "b-frames.avi", "open-gop.ts", "hevc.mov", "vp9-hidden-references.webm",
    "top-first-h264.mp4", "becoming-fields.ts", "top-first-mpeg2-422.mxf",
    "matrix-1_0_0_1.mp4", "matrix0_1_-1_0.mp4",
    "uneven.mkv", "repeated.mkv", "pause.mp4", "slow.mkv", "edit-list-cuts.mp4",
    "cover.mp4",
)  # fmt: skip
REFUSED = ("slanted.mp4", "sound-alone.m4a", "half zeros in damaged-mjpeg.avi", "a third of damaged-h264-b.mkv")


@pytest.fixture(scope="module")
def right(reference: Reference, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    paths = [reference.path(row) for row in CLIPS if row.name in RIGHT]
    return validate(tmp_path_factory.mktemp("right"), *(word for path in paths for word in ("--video", path)))


@pytest.fixture(scope="module")
def refused(reference: Reference, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("refused")
    paths = [reference.path(row) for row in CLIPS if row.name in REFUSED]
    rows = [row for row in DAMAGED if row.name in REFUSED]
    paths += [_written(folder / file_name(row.name), row.damage(reference.path(row.clip))) for row in rows]
    return validate(folder, *(word for path in paths for word in ("--video", path)))


def file_name(name: str) -> str:
    """Under which a row is sent, and so what its case is called."""
    return name.replace(" ", "-") if " " in name else f"row-{name}"


def _written(path: Path, body: bytes) -> Path:
    path.write_bytes(body)
    return path


@pytest.mark.parametrize("name", RIGHT)
def test_the_judge_finds_the_answer_to_be_of_every_sampled_frame(
    right: Finished, reference: Reference, name: str
) -> None:
    (row,) = (row for row in CLIPS if row.name == name)
    case = right.case(file_name(name))
    assert case.judgement == "passed", case.findings
    assert case.frames is not None
    due = -(-reference.truth(row).count // INTERVAL)
    assert (case.frames.sampled, case.frames.expected) == (due, due)


def test_a_run_of_awkward_clips_passes(right: Finished) -> None:
    assert right.exit_code == 0, right.stderr


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_fails_the_run_and_says_why(refused: Finished, name: str) -> None:
    case = refused.case(file_name(name))
    assert refused.exit_code == 1
    assert (case.outcome, case.judgement) == ("failed", "failed")
    assert case.failure is not None
    assert case.failure.http_status == 400
    assert [finding.check for finding in case.findings if finding.severity == "error"] == ["outcome"]
