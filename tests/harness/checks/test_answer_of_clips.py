"""Answers to clips of every awkward kind: the right one is green, and each way of being wrong is red.

The right answer is made of what ffprobe decodes, never of what the judge found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cases import ClipFacts, ClipWarning, PredictedFrame, Predictions, VideoSize
from harness.cases.footage import facts_of, is_damaged
from harness.checks import answer
from tests.handler.clips import INTERLACED, ClipMaker, damaged, reference_times, with_matrix
from tests.harness.cases.footage import fields

PATTERN = ("-f", "lavfi", "-i", "testsrc2=size=160x128:rate=25:duration=2")
SLOW = ("-f", "lavfi", "-i", "testsrc2=size=160x128:rate=0.2:duration=60", "-f", "lavfi", "-i", "sine=duration=60")
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
STUCK = ("-c", "copy", "-bsf:v", "setts=pts='PTS-eq(N,10)*40':dts='DTS-eq(N,10)*40'")


def field_packets(clips: ClipMaker) -> Path:
    raw = clips.folder / "for-an-answer.h264"
    raw.write_bytes(fields.stream(12))
    return clips.made("fields-of-answer.mkv", "-r", "25", "-i", str(raw), "-c", "copy")


def equal_times(clips: ClipMaker) -> Path:
    return clips.made("equal.mkv", "-i", str(clips.whole("mjpeg.avi")), *STUCK)


def turned(clips: ClipMaker, name: str, matrix: tuple[float, float, float, float]) -> Path:
    return with_matrix(clips.whole("h264.mp4"), clips.folder / name, matrix)


# Each with the size in which it is shown.
CLIPS: dict[str, tuple[Callable[[ClipMaker], Path], tuple[int, int]]] = {
    "b-frames": (lambda clips: clips.whole("b-frames.mp4"), (160, 120)),
    "uneven times": (lambda clips: clips.whole("uneven.mkv"), (160, 120)),
    "a late start": (lambda clips: clips.whole("late.mp4"), (160, 120)),
    "interlaced": (
        lambda clips: clips.made("fields-h264.mp4", *PATTERN, *INTERLACED["fields-h264.mp4"].split()),
        (160, 128),
    ),
    "fields in packets of their own": (field_packets, (16, 32)),
    "mirrored": (lambda clips: turned(clips, "mirror.mp4", (-1, 0, 0, 1)), (160, 120)),
    "mirrored and on its side": (lambda clips: turned(clips, "side.mp4", (0, 1, 1, 0)), (120, 160)),
    "pauses beside sound": (lambda clips: clips.made("slow.mp4", *SLOW, *H264, "-c:a", "aac"), (160, 128)),
    "equal time stamps": (equal_times, (160, 120)),
}  # fmt: skip


@pytest.fixture(params=CLIPS)
def clip(request: pytest.FixtureRequest, clips: ClipMaker) -> tuple[ClipFacts, Predictions]:
    """What the judge knows, and the right answer."""
    made, size = CLIPS[request.param]
    return facts(made(clips)), right(reference_times(made(clips)), size)


def facts(path: Path) -> ClipFacts:
    found = facts_of(path, "video/mp4")
    assert found is not None
    return found


def right(times: Sequence[float], size: tuple[int, int] = (160, 120)) -> Predictions:
    frames = tuple(PredictedFrame(index, round(time, 6), ()) for index, time in enumerate(times))
    return Predictions("rehearsal.predictions/1", VideoSize(*size), {1: "cat"}, {"frame_interval": 1}, frames)


def timed(answered: Predictions, time: Callable[[int, float], float | None]) -> Predictions:
    frames = tuple(
        replace(frame, pts_seconds=time(frame.frame_index, frame.pts_seconds or 0.0)) for frame in answered.frames
    )
    return replace(answered, frames=frames)


def errors(answered: Predictions, known: ClipFacts, interval: int = 1, *, damage: bool = True) -> list[str]:
    findings = answer.judge(answered, known, interval, lambda: damage)
    return [finding.check for finding in findings if finding.severity == "error"]


@pytest.mark.parametrize("interval", [1, 3])
def test_the_right_answer_is_green(clip: tuple[ClipFacts, Predictions], interval: int) -> None:
    known, answered = clip
    assert errors(replace(answered, frames=answered.frames[::interval]), known, interval) == []


def test_a_third_of_the_frames_missing_at_the_end_is_red(clip: tuple[ClipFacts, Predictions]) -> None:
    known, answered = clip
    assert errors(replace(answered, frames=answered.frames[: -len(answered.frames) // 3]), known) == ["answer.frames"]


def test_one_frame_missing_in_the_middle_is_red(clip: tuple[ClipFacts, Predictions]) -> None:
    known, answered = clip
    assert errors(replace(answered, frames=answered.frames[:4] + answered.frames[5:]), known) == ["answer.frames"]


def test_a_frame_too_many_is_red(clip: tuple[ClipFacts, Predictions]) -> None:
    known, answered = clip
    more = PredictedFrame(len(answered.frames), 100.0, ())
    assert errors(replace(answered, frames=(*answered.frames, more)), known) == ["answer.frames"]


def test_times_that_are_shifted_by_a_frame_are_red(clip: tuple[ClipFacts, Predictions]) -> None:
    known, answered = clip
    assert errors(timed(answered, lambda _, time: time + 0.04), known) == ["answer.times"]


def test_times_that_are_shifted_from_the_middle_on_are_red(clip: tuple[ClipFacts, Predictions]) -> None:
    known, answered = clip
    middle = len(answered.frames) // 2
    late = timed(answered, lambda index, time: time + 0.04 * (index >= middle))
    assert errors(late, known) == ["answer.times"]


def test_times_at_an_even_rate_are_red_where_the_clips_are_not_even(clips: ClipMaker) -> None:
    path = clips.whole("uneven.mkv")
    even = timed(right(reference_times(path)), lambda index, _: index / 25)
    assert errors(even, facts(path)) == ["answer.times"]


def test_no_times_at_all_are_red(clip: tuple[ClipFacts, Predictions]) -> None:
    known, answered = clip
    assert errors(timed(answered, lambda *_: None), known) == ["answer.times"]


def test_another_size_is_red(clip: tuple[ClipFacts, Predictions]) -> None:
    known, answered = clip
    flipped = VideoSize(answered.video.height, answered.video.width)
    assert errors(replace(answered, video=flipped), known) == ["answer.size"]


def test_time_that_moves_on_is_red_where_the_clips_stands_still(clips: ClipMaker) -> None:
    path = equal_times(clips)
    times = reference_times(path)
    assert times[9] == times[10]
    moving = timed(right(times), lambda index, time: time + 0.04 * (index == 10))
    assert errors(moving, facts(path)) == ["answer.times"]


DAMAGED = ["b-frames.mp4", "mpeg4.avi", "mjpeg.avi", "prores.mov", "vp9.webm"]


@pytest.fixture(params=DAMAGED)
def broken(request: pytest.FixtureRequest, clips: ClipMaker) -> tuple[Path, Predictions]:
    """A clip of which a packet cannot be decoded, and what can be seen of it."""
    whole = clips.whole(request.param)
    path = clips.folder / f"broken-{request.param}"
    path.write_bytes(damaged(whole, [30]))
    times, seen = reference_times(whole), reference_times(path)
    everything = right(times)
    shown = {min(range(50), key=lambda index: abs(times[index] - time)) for time in seen}
    assert len(shown) == 49
    return path, replace(everything, frames=tuple(each for each in everything.frames if each.frame_index in shown))


def lost_of(answered: Predictions) -> tuple[int, ...]:
    return tuple(sorted(set(range(50)) - {frame.frame_index for frame in answered.frames}))


def warned(answered: Predictions, lost: tuple[int, ...]) -> Predictions:
    return replace(answered, warnings=(ClipWarning("undecodable_packets", "1 packet failed", (30,), lost),))


def test_a_lost_frame_is_red_unless_the_answer_says_so(broken: tuple[Path, Predictions]) -> None:
    path, answered = broken
    assert errors(answered, facts(path)) == ["answer.frames"]
    told = warned(answered, lost_of(answered))
    assert errors(told, facts(path), damage=is_damaged(path)) == []


def test_the_answers_warning_is_a_finding(broken: tuple[Path, Predictions]) -> None:
    _, answered = broken
    (finding,) = answer.told(warned(answered, lost_of(answered)))
    assert (finding.check, finding.severity) == ("answer.warnings", "warning")
    assert str(lost_of(answered)[0]) in (finding.advice or "")


def test_frames_after_a_lost_one_that_move_up_are_red(broken: tuple[Path, Predictions]) -> None:
    path, answered = broken
    moved = tuple(replace(frame, frame_index=index) for index, frame in enumerate(answered.frames))
    found = errors(warned(replace(answered, frames=moved), lost_of(answered)), facts(path))
    assert found == ["answer.frames", "answer.times"]


def test_another_frame_called_lost_than_the_one_that_is_missing_is_red(broken: tuple[Path, Predictions]) -> None:
    path, answered = broken
    assert errors(warned(answered, (3,)), facts(path)) == ["answer.frames"]


def test_a_sound_clip_excuses_no_lost_frame(clips: ClipMaker) -> None:
    path = clips.whole("b-frames.mp4")
    answered = right(reference_times(path))
    third = warned(replace(answered, frames=answered.frames[:34]), tuple(range(34, 50)))
    assert errors(third, facts(path), damage=is_damaged(path)) == ["answer.warnings"]


def test_a_cut_clip_that_is_answered_as_if_it_were_whole_is_red(clips: ClipMaker) -> None:
    body = clips.whole("h264.mkv").read_bytes()
    path = clips.folder / "cut-for-an-answer.mkv"
    path.write_bytes(body[: len(body) // 2])
    assert errors(right(reference_times(path)), facts(path)) == ["answer.cut"]
