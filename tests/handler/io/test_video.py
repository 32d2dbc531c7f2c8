from __future__ import annotations

import math
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from detector.core import frames
from detector.core.detections import FrameDetections
from detector.core.frames import Frame, FrameBatch
from detector.core.opencv import cv2
from detector.core.settings import Settings
from detector.io import media
from detector.io.video import storage
from detector.io.video.capture import PresentationClock
from detector.io.video.clock import Clock
from detector.pipeline import Request, Service, respond
from tests.handler.clips import FRAME_COUNT, HEIGHT, LIVE, WHOLE, WIDTH, ClipMaker, live, real_clip, reference_times


def sampled(path: Path, interval: int = 1, content_type: str = "application/octet-stream") -> list[Frame]:
    with media.open_clip(path.read_bytes(), content_type, interval) as clip:
        return list(clip.frames)


class BrokenPredictor:
    plain_batch_count = 0

    def detect(self, batch: FrameBatch, *, score_threshold: float, with_masks: bool) -> list[FrameDetections]:
        raise RuntimeError(f"broke after decoding {len(batch.pixels)} frames")


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  a Path would open one more


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_clip_yields_every_frame_at_the_time_ffprobe_gives_it(clips: ClipMaker, name: str) -> None:
    path = clips.whole(name)
    expected = reference_times(path)
    found = sampled(path)
    assert [frame.frame_index for frame in found] == list(range(len(expected)))
    timed = [(frame.pts_seconds, time) for frame, time in zip(found, expected, strict=True) if not math.isnan(time)]
    assert len(timed) >= FRAME_COUNT - 10
    assert [time for time, _ in timed] == pytest.approx([time for _, time in timed], abs=1e-5)
    assert {frame.pixels.shape for frame in found} == {(HEIGHT, WIDTH, 3)}


def test_a_variable_frame_rate_keeps_its_true_times(clips: ClipMaker) -> None:
    times = [frame.pts_seconds for frame in sampled(clips.whole("uneven.mp4"), 5)]
    assert {round(gap, 3) for gap in np.diff(times)} >= {0.2, 1.0}


@pytest.mark.parametrize(("name", "count"), [("bikes.mp4", 250), ("bigbuckbunny.mp4", 132)])
def test_a_real_clip_yields_one_frame_a_sample(clips: ClipMaker, name: str, count: int) -> None:
    path = real_clip(name)
    expected = reference_times(path)
    assert len(expected) == count
    found = sampled(path, 30)
    assert [frame.frame_index for frame in found] == list(range(0, count, 30))
    assert [frame.pts_seconds for frame in found] == pytest.approx(expected[::30], abs=1e-5)


@given(interval=st.integers(1, 120))
@hypothesis_settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_nth_frame_is_sampled_and_times_increase(clips: ClipMaker, interval: int) -> None:
    found = sampled(clips.whole("b-frames.mp4"), interval)
    assert len(found) == math.ceil(FRAME_COUNT / interval)
    assert [frame.frame_index for frame in found] == list(range(0, FRAME_COUNT, interval))
    times = [frame.pts_seconds for frame in found]
    assert all(earlier < later for earlier, later in pairwise(times))


def test_the_sampled_pictures_are_those_of_their_indices(clips: ClipMaker) -> None:
    grey = "nullsrc=size=64x48:rate=25:duration=2,geq=lum='20+4*N':cb=128:cr=128"
    path = clips.made("counting.mp4", "-f", "lavfi", "-i", grey, "-c:v", "libx264", "-qp", "1", "-pix_fmt", "yuv420p")
    for frame in sampled(path, 7):
        luma = 16 + frame.pixels.mean() * 219 / 255  # ITU-R BT.601, limited range
        assert round((luma - 20) / 4) == frame.frame_index


def test_one_frame_is_a_clip(clips: ClipMaker) -> None:
    path = clips.made("one.mp4", "-i", str(clips.whole("h264.mp4")), "-frames:v", "1", "-c:v", "libx264")
    assert [(frame.frame_index, frame.pts_seconds) for frame in sampled(path, 30)] == [(0, 0.0)]


def test_colours_reach_the_network_as_rgb(clips: ClipMaker) -> None:
    red = "color=c=0xff0000:size=64x48:rate=5:duration=1"
    path = clips.made("red.mp4", "-f", "lavfi", "-i", red, "-c:v", "libx264", "-pix_fmt", "yuv420p")
    with media.open_clip(path.read_bytes(), "video/mp4", 1) as clip:
        (batch,) = frames.batches(clip, 8, None, None)
    assert batch.pixels.shape == (5, 48, 64, 3)
    assert batch.pixels.reshape(-1, 3).mean(axis=0) == pytest.approx([255, 0, 0], abs=4)


@pytest.mark.parametrize(("degrees", "size"), [(90, (HEIGHT, WIDTH)), (180, (WIDTH, HEIGHT)), (270, (HEIGHT, WIDTH))])
def test_a_rotated_clip_is_seen_as_ffmpeg_shows_it(clips: ClipMaker, degrees: int, size: tuple[int, int]) -> None:
    flat = clips.whole("h264.mp4")
    rotate = ("-c", "copy", "-metadata:s:v:0", f"rotate={degrees}")
    turned = clips.made(f"rotated-{degrees}.mp4", "-i", str(flat), *rotate)
    with media.open_clip(turned.read_bytes(), "video/mp4", 100) as clip:
        assert (clip.width, clip.height) == size
        (frame,) = clip.frames
    shown = cv2.imread(str(clips.made(f"rotated-{degrees}.png", "-i", str(turned), "-frames:v", "1")))
    assert shown is not None
    assert np.abs(frame.pixels - shown[..., ::-1].astype(float)).max() <= 3


def test_frames_that_an_edit_list_hides_are_not_there_and_nothing_is_called_cut(clips: ClipMaker) -> None:
    whole = clips.whole("b-frames.mp4")
    path = clips.made("edited.mp4", "-ss", "0.5", "-i", str(whole), "-c", "copy")
    found = sampled(path)
    assert len(found) == len(reference_times(path)) < FRAME_COUNT
    assert found[0].pts_seconds == 0.0


@pytest.mark.parametrize("name", LIVE)
def test_a_clip_whose_writer_could_not_seek_is_whole(clips: ClipMaker, name: str) -> None:
    assert len(sampled(live(clips, name))) == FRAME_COUNT


def test_an_avi_with_b_frames_has_even_times_though_its_container_has_none(clips: ClipMaker) -> None:
    path = clips.made("b-frames.avi", "-i", str(clips.whole("h264.mp4")), "-c:v", "mpeg4", "-bf", "2")
    times = [frame.pts_seconds for frame in sampled(path)]
    assert times == pytest.approx([index / 25 for index in range(FRAME_COUNT)])


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.floats(1e-3, 10))
def test_the_clock_starts_at_zero_and_always_advances(stamps: list[float], frame_seconds: float) -> None:
    clock = PresentationClock(frame_seconds)
    times = [clock.at(stamp) for stamp in stamps]
    assert times[0] == 0.0
    assert all(earlier < later for earlier, later in pairwise(times))


def test_a_time_stamp_that_is_no_time_costs_the_clock_nothing() -> None:
    """OpenCV 4.11 gives such a one for the last picture of a raw MPEG-2 stream."""
    clock = PresentationClock(1 / 25)
    assert [clock.at(stamp) for stamp in (0.0, 0.04, 7.7e12, 0.12)] == pytest.approx([0.0, 0.04, 0.08, 0.12])


@pytest.mark.parametrize(
    ("stamps", "times"),
    [
        ((None, None, 0.0, 0.04), (0.0, 0.04, 0.08, 0.12)),  # Matroska has no negative time stamps
        ((5.0, None, 5.08, None), (0.0, 0.04, 0.08, 0.12)),
        ((1.0, 1.04, 1.04, 1.12), (0.0, 0.04, 0.04, 0.12)),
        ((9.0, 9.04, 0.0, 0.04), (0.0, 0.04, 0.08, 0.12)),  # joined
    ],
)
def test_a_picture_without_a_time_stamp_takes_its_time(
    stamps: tuple[float | None, ...], times: tuple[float, ...]
) -> None:
    clock = Clock(1 / 25)
    assert [clock.at(stamp) for stamp in stamps] == pytest.approx(times)


@given(st.lists(st.floats(1e-3, 100), max_size=50), st.floats(-100, 100))
def test_the_clock_agrees_with_good_stamps(gaps: list[float], start: float) -> None:
    clock = PresentationClock(1 / 25)
    stamps = start + np.cumsum([0.0, *gaps])
    assert [clock.at(stamp) for stamp in stamps] == pytest.approx(list(stamps - start))


def test_a_clip_that_changes_size_on_its_way_keeps_its_first_size(clips: ClipMaker) -> None:
    first = clips.made(
        "first.ts", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=1", "-c:v", "mpeg2video"
    )
    second = clips.made(
        "second.ts", "-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:duration=1", "-c:v", "mpeg2video"
    )
    with media.open_clip(first.read_bytes() + second.read_bytes(), "video/mp2t", 1) as clip:
        found = list(frames.batches(clip, 16, None, None))
    assert {batch.pixels.shape[1:] for batch in found} == {(120, 160, 3)}
    times = [time for batch in found for time in batch.pts_seconds]
    assert len(times) > 40
    assert all(earlier < later for earlier, later in pairwise(times))


@pytest.mark.parametrize("limit", [0, 1 << 30])
def test_nothing_is_left_behind_when_a_reader_stops_early(
    clips: ClipMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """In memory or on disk: no file has a name, and none stays open."""
    monkeypatch.setattr(storage, "MEMORY_LIMIT_BYTES", limit)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    body = clips.whole("h264.mp4").read_bytes()
    before = open_files()
    with media.open_clip(body, "video/mp4", 1) as clip:
        next(clip.frames)
        assert open_files() > before
        assert list(tmp_path.iterdir()) == []
    assert open_files() == before


@pytest.mark.parametrize("limit", [0, 1 << 30])
def test_nothing_is_left_behind_when_the_network_fails(
    clips: ClipMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(storage, "MEMORY_LIMIT_BYTES", limit)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    broken = Service(BrokenPredictor(), {}, Settings(), batch_size=2)
    request = Request(clips.whole("h264.mp4").read_bytes(), "video/mp4")
    before = open_files()
    with pytest.raises(RuntimeError, match="broke after decoding"):
        respond(broken, request)
    assert open_files() == before
    assert list(tmp_path.iterdir()) == []
