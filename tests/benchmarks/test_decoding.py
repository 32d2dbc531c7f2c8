"""What the decode suite measures and says, and which way the handler's frames are found to have come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from benchmarks import clips, decoding, pairs
from benchmarks.clips import CannotMake, ClipRecipe
from benchmarks.contestants import skips
from benchmarks.contestants.contestants import Job, Ran, set_up
from benchmarks.decoding import POINTS, Row
from benchmarks.pairs import Pairs, Run
from detector.core.frames import Frame
from detector.io.video import sampling
from detector.io.video.containers import Request
from detector.io.video.gops import CannotSkip
from detector.io.video.sampling import Survey

CLIP = Path(__file__).parents[2] / "harness" / "samples" / "known_answer" / "clip.mp4"
FRAMES = 63


def decoded(frame_interval: int) -> Ran:
    return set_up("handler-decode", Job(Path(), CLIP, frame_interval))()


def run_of(frame_count: int, skipped_to: int, why: str = "") -> Run:
    return Run(2.0, 2.0, 0, 1, frame_count, 0, skipped_to_count=skipped_to, why_not_skipped=why)


def row(run: Run) -> Row:
    return Row(POINTS[0], Pairs((run_of(5, 0),), (run,)))


def test_frames_of_h264_are_skipped_to() -> None:
    assert decoded(30) == Ran(3, skipped_to_count=3)


def test_where_every_frame_is_wanted_none_is_skipped_to_and_the_reason_is_told() -> None:
    assert decoded(1) == Ran(FRAMES, skipped_to_count=0, why_not_skipped="every frame is wanted")


def test_a_clip_that_is_skipped_through_only_halfway_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sampling.skipped

    def gives_up(request: Request, survey: Survey) -> Iterator[Frame]:
        yield from (frame for frame, _ in zip(whole(request, survey), range(2), strict=False))
        raise CannotSkip("a changed stream")

    monkeypatch.setattr(sampling, "skipped", gives_up)
    assert decoded(10) == Ran(7, skipped_to_count=2, why_not_skipped="a changed stream")


def test_listening_ends_with_its_context() -> None:
    before = sampling.skipped
    with skips.noted():
        assert sampling.skipped is not before
    assert sampling.skipped is before


def test_a_worker_takes_another_job_and_keeps_its_process() -> None:
    with pairs.working("handler-decode", Job(Path(), Path("not made yet"), 1)) as worker:
        counts = []
        for frame_interval in (30, 10):
            worker.take(Job(Path(), CLIP, frame_interval))
            counts.append(worker.run().frame_count)
    assert counts == [3, 7]


@pytest.mark.parametrize(
    ("run", "path"),
    [
        (run_of(5, 5), "skipped"),
        (run_of(5, 0, "every frame is wanted"), "decoded: every frame is wanted"),
        (run_of(5, 2, "picture 60 is corrupt"), "skipped 2 of 5, then decoded: picture 60 is corrupt"),
    ],
)
def test_the_path_says_exactly_what_happened(run: Run, path: str) -> None:
    assert row(run).path == path


def test_the_table_has_a_line_a_point_with_both_speeds() -> None:
    lines = decoding.table([row(run_of(5, 5)), row(run_of(5, 0, "none"))])
    assert len(lines) == 4
    assert lines[2].split() == [POINTS[0].name, "75", "75", "2.5", "2.5", "1.00", "1.00", "skipped"]


def test_the_points_span_codecs_groups_resolutions_and_intervals_and_have_names_of_their_own() -> None:
    assert {point.recipe.codec for point in POINTS} == {"h264", "hevc", "mpeg4", "vp9", "av1"}
    assert {(point.recipe.codec, point.recipe.gop) for point in POINTS} >= {
        (codec, gop) for codec in ("h264", "hevc") for gop in (30, 250)
    }
    assert {point.recipe.height for point in POINTS} == {720, 1080, 2160}
    assert {point.frame_interval for point in POINTS} == {1, 5, 30}
    assert len({point.name for point in POINTS}) == len(POINTS)


def test_only_h264_with_frames_to_leave_out_may_be_skipped_through() -> None:
    assert {(point.recipe.codec, point.frame_interval > 1) for point in POINTS if point.may_skip} == {("h264", True)}
    assert any(not point.may_skip for point in POINTS if point.recipe.codec == "h264")


def test_a_clip_that_is_there_is_taken_and_one_that_cannot_be_made_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("av.codecs_available", set())
    there, missing = ClipRecipe(gop=30), ClipRecipe(gop=250)
    (tmp_path / there.name).touch()
    assert clips.made(there, tmp_path) == tmp_path / there.name
    with pytest.raises(CannotMake, match=r"gop250-8mbit\.mp4 is not there and PyAV .* has no encoder libx264"):
        clips.made(missing, tmp_path)


@pytest.mark.parametrize("codec", ["h264", "hevc", "mpeg4", "vp9", "av1"])
def test_a_clip_has_the_frames_and_the_key_frames_of_its_recipe(tmp_path: Path, codec: str) -> None:
    """No program is needed for it: PyAV encodes."""
    recipe = ClipRecipe(width=320, height=180, frame_count=25, gop=10, codec=codec, megabits_per_second=1)
    with av.open(str(clips.made(recipe, tmp_path))) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        stream = container.streams.video[0]
        assert f"{stream.width} {stream.average_rate}" == "320 30"
    stamps = sorted(packet.pts or 0 for packet in packets)
    assert [stamps.index(packet.pts or 0) for packet in packets if packet.is_keyframe] == [0, 10, 20]
    assert len(stamps) == 25
