"""The sampled frames are those of ffmpeg: with groups of pictures left out, or every picture decoded."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.core.frames import Frame
from detector.io import video
from detector.io.video import gops, sampling
from detector.io.video.containers import Request
from detector.io.video.gops import CannotSkip, PacketRecord
from tests.handler.clips import WHOLE, ClipMaker, real_clip, reference_pixels, reference_times

pytest.importorskip("av")

SKIPPED = ("h264.mp4", "b-frames.mp4", "faststart.mp4", "fragmented.mp4", "late.mp4", "h264.mov", "h264.mkv", "h264.ts",
           "uneven.mp4", "uneven.mkv")  # fmt: skip
_PATTERN = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=3", "-c:v", "libx264", "-pix_fmt", "yuv420p")
ODD = {
    "open-groups.mp4": (*_PATTERN, "-bf", "3", "-g", "20", "-x264-params", "open-gop=1"),
    "intra-refresh.mp4": (*_PATTERN, "-x264-params", "intra-refresh=1:keyint=20"),
    "pyramid.mkv": (*_PATTERN, "-bf", "8", "-g", "20", "-x264-params", "b-pyramid=normal:ref=5"),
    "bt709.mp4": (*_PATTERN, "-g", "10", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"),
    "full-range.mp4": (*_PATTERN[:-1], "yuvj420p", "-g", "10"),
    "short-groups.mp4": (*_PATTERN, "-bf", "2", "-g", "5"),
}


def sampled(path: Path, interval: int) -> list[Frame]:
    with video.open_video(path.read_bytes(), interval) as clip:
        return list(clip.frames)


def skipped(path: Path, interval: int) -> list[Frame]:
    """Without the other ways: raises CannotSkip."""
    return list(sampling.skipped(Request(str(path), interval, 5.0), sampling.surveyed(str(path))))


def assert_ffmpegs(found: list[Frame], path: Path, interval: int) -> None:
    """Indices, times and pixels as the ffmpeg programs give them."""
    times = reference_times(path)
    assert [frame.frame_index for frame in found] == list(range(0, len(times), interval))
    assert [frame.pts_seconds for frame in found] == pytest.approx(times[::interval], abs=1e-5, nan_ok=True)
    for frame, shown in zip(found, reference_pixels(path)[::interval], strict=True):
        assert frame.pixels.shape == shown.shape
        assert np.abs(frame.pixels.astype(int) - shown).max() <= 3, frame.frame_index


@pytest.mark.parametrize("interval", [2, 7, 30])
@pytest.mark.parametrize("name", SKIPPED)
def test_an_h264_clip_is_skipped_through_exactly(clips: ClipMaker, name: str, interval: int) -> None:
    path = clips.whole(name)
    assert_ffmpegs(skipped(path, interval), path, interval)


@pytest.mark.parametrize("interval", [1, 9])
@pytest.mark.parametrize("name", ODD)
def test_unusual_h264_is_exact_whether_skipped_or_not(clips: ClipMaker, name: str, interval: int) -> None:
    path = clips.made(name, *ODD[name])
    assert_ffmpegs(sampled(path, interval), path, interval)


@pytest.mark.parametrize("name", sorted(set(WHOLE) - set(SKIPPED)))
def test_other_codecs_are_not_skipped_through(clips: ClipMaker, name: str) -> None:
    with pytest.raises(CannotSkip):
        skipped(clips.whole(name), 5)


@pytest.mark.parametrize("interval", [1, 5])
@pytest.mark.parametrize("name", sorted(set(WHOLE) - {"mpeg2.mpg"}))  # its last picture has no time
def test_every_codec_has_ffmpegs_pictures(clips: ClipMaker, name: str, interval: int) -> None:
    path = clips.whole(name)
    assert_ffmpegs(sampled(path, interval), path, interval)


@pytest.mark.parametrize("name", sorted(set(WHOLE) - {"mpeg2.mpg"}))
def test_a_good_clip_is_never_decoded_twice(clips: ClipMaker, name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "detector.io.video.sampling"):
        sampled(clips.whole(name), 1)
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == ["every frame is wanted"]


@pytest.mark.parametrize("name", ["bikes.mp4", "bigbuckbunny.mp4"])
def test_real_clips_are_exact(name: str) -> None:
    assert_ffmpegs(skipped(real_clip(name), 30), real_clip(name), 30)


def test_giving_up_early_never_stops_the_worker(clips: ClipMaker) -> None:
    """In a process of its own: where a decoder's thread waits for the interpreter, nothing in it can end the test."""
    path = clips.made("short-groups.mp4", *ODD["short-groups.mp4"])  # hung after 50 to 180 times
    giving_up = (
        "import sys; from detector import pipeline; from detector.io.video import sampling, containers\n"
        "import torchvision.io, av\n"
        "av.logging.set_level(av.logging.ERROR)\n"  # as torchvision.io does wherever it finds PyAV
        "for _ in range(1000):\n"
        "    frames = sampling.sampled(containers.Request(sys.argv[1], 5, 5.0))\n"
        "    next(frames), frames.close()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(sampling.__file__).parents[3])}
    subprocess.run([sys.executable, "-c", giving_up, str(path)], env=environment, check=True, timeout=120)


@pytest.mark.parametrize("ways", [("skipped",), ("skipped", "whole")])
def test_what_fails_on_the_way_is_finished_in_another_way(
    clips: ClipMaker, monkeypatch: pytest.MonkeyPatch, ways: tuple[str, ...]
) -> None:
    path = clips.whole("b-frames.mp4")

    def breaking_off(way: Any) -> Any:
        def broken(*given: Any) -> Iterator[Frame]:
            yield from (frame for frame, _ in zip(way(*given), range(4), strict=False))
            raise CannotSkip("a picture did not come")

        return broken

    for name in ways:
        monkeypatch.setattr(sampling, name, breaking_off(getattr(sampling, name)))
    assert_ffmpegs(sampled(path, 5), path, 5)


def records(*groups: list[int]) -> list[PacketRecord]:
    return [PacketRecord(pts, begins_group=place == 0) for group in groups for place, pts in enumerate(group)]


def test_groups_without_a_wanted_picture_are_left_out() -> None:
    planned = gops.plan(records([0, 3, 1, 2], [4, 7, 5, 6], [8, 10, 9]), 9)
    assert planned.wanted == {0: 0, 9: 9}
    assert planned.is_needed == (True, False, False, False, False, False, False, False, True, True, True)


@given(st.lists(st.permutations(range(1, 6)), min_size=1, max_size=6), st.integers(2, 12))
def test_a_plan_needs_every_wanted_picture_and_all_before_it_in_its_group(orders: list[list[int]], n: int) -> None:
    groups = [[6 * place, *(6 * place + later for later in order)] for place, order in enumerate(orders)]
    planned = gops.plan(records(*groups), n)
    flat = [pts for group in groups for pts in group]
    assert planned.wanted == {pts: index for index, pts in enumerate(sorted(flat)) if index % n == 0}
    needed = dict(zip(flat, planned.is_needed, strict=True))
    for group in groups:
        last = max((place for place, pts in enumerate(group) if pts in planned.wanted), default=-1)
        assert [needed[pts] for pts in group] == [place <= last for place in range(len(group))]


@pytest.mark.parametrize(
    ("packets", "why"),
    [
        ([], "without a presentation time"),
        ([PacketRecord(None, True)], "without a presentation time"),
        (records([0, 1, 1]), "the same presentation time"),
        ([PacketRecord(0, True, is_sound=False)], "corrupt or hidden"),
        ([PacketRecord(0, True, is_hidden=True)], "corrupt or hidden"),
        ([PacketRecord(0, False)], "does not begin with an IDR"),
        (records([0, 2, 1], [3, 1000, -5]), "overlap in time"),
        (records([0, 9, 1], [5, 6]), "overlap in time"),
    ],
)
def test_doubtful_streams_get_no_plan(packets: list[PacketRecord], why: str) -> None:
    with pytest.raises(CannotSkip, match=why):
        gops.plan(packets, 2)


def test_an_idr_is_found_in_both_ways_to_separate_units() -> None:
    units = [b"\x09\x10", b"\x67abc", b"\x65slice"]
    lengths = b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
    codes = b"".join(b"\x00\x00\x01" + unit for unit in units)
    assert gops.holds_idr(lengths, 4)
    assert gops.holds_idr(codes, None)
    assert not gops.holds_idr(lengths[:-10], 4)
    assert not gops.holds_idr(codes.replace(b"\x65", b"\x41"), None)
