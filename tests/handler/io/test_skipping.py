"""Skipping gives the pictures that decoding everything gives, or steps aside."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.core.frames import Frame
from detector.io import gops, skipping, video
from detector.io.gops import CannotSkip, PacketRecord
from tests.handler.clips import WHOLE, ClipMaker, real_clip

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


def everything(path: Path, interval: int) -> list[Frame]:
    """What decoding every frame gives."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(skipping, "av", None)
        return sampled(path, interval)


def sampled(path: Path, interval: int) -> list[Frame]:
    with video.open_video(path.read_bytes(), interval) as clip:
        return list(clip.frames)


def directly(path: Path, interval: int) -> list[Frame]:
    """Without the way out: raises CannotSkip."""
    first = everything(path, 1_000_000)[0].pixels
    return list(skipping.checked(skipping.sampled(str(path), interval), first))


def assert_same(found: list[Frame], expected: list[Frame]) -> None:
    assert [frame.frame_index for frame in found] == [frame.frame_index for frame in expected]
    assert [frame.pts_seconds for frame in found] == pytest.approx([frame.pts_seconds for frame in expected], abs=1e-9)
    assert all(np.array_equal(one.pixels, other.pixels) for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize("interval", [2, 7, 30])
@pytest.mark.parametrize("name", SKIPPED)
def test_an_h264_clip_is_skipped_through_exactly(clips: ClipMaker, name: str, interval: int) -> None:
    path = clips.whole(name)
    assert_same(directly(path, interval), everything(path, interval))


@pytest.mark.parametrize("name", ODD)
def test_unusual_h264_is_exact_whether_skipped_or_not(clips: ClipMaker, name: str) -> None:
    path = clips.made(name, *ODD[name])
    assert_same(sampled(path, 9), everything(path, 9))


@pytest.mark.parametrize("name", sorted(set(WHOLE) - set(SKIPPED)))
def test_other_codecs_are_not_skipped_through(clips: ClipMaker, name: str) -> None:
    path = clips.whole(name)
    with pytest.raises(CannotSkip):
        directly(path, 5)
    assert_same(sampled(path, 5), everything(path, 5))


@pytest.mark.parametrize("name", ["bikes.mp4", "bigbuckbunny.mp4"])
def test_real_clips_are_exact(name: str) -> None:
    assert_same(directly(real_clip(name), 30), everything(real_clip(name), 30))


def test_a_rotated_clip_is_left_to_opencv(clips: ClipMaker) -> None:
    upright = clips.whole("h264.mp4")
    path = clips.made("turned.mp4", "-i", str(upright), "-c", "copy", "-metadata:s:v:0", "rotate=90")
    with pytest.raises(CannotSkip, match="first picture is not OpenCV's"):
        directly(path, 5)
    assert_same(sampled(path, 5), everything(path, 5))


def test_giving_up_early_never_stops_the_worker(clips: ClipMaker) -> None:
    """In a process of its own: where a decoder's thread waits for the interpreter, nothing in it can end the test."""
    path = clips.made("short-groups.mp4", *ODD["short-groups.mp4"])  # hung after 50 to 180 times
    giving_up = (
        "import sys; from detector import pipeline; from detector.io import skipping; import torchvision.io, av\n"
        "av.logging.set_level(av.logging.ERROR)\n"  # as torchvision.io does wherever it finds PyAV
        "for _ in range(1500):\n"
        "    frames = skipping.sampled(sys.argv[1], 5)\n"
        "    next(frames), frames.close()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(skipping.__file__).parents[2])}
    subprocess.run([sys.executable, "-c", giving_up, str(path)], env=environment, check=True, timeout=120)


def test_a_flat_first_picture_proves_nothing(clips: ClipMaker) -> None:
    path = clips.made("black.mp4", "-f", "lavfi", "-i", "color=black:size=64x64:duration=1", "-c:v", "libx264")
    with pytest.raises(CannotSkip, match="too flat"):
        directly(path, 5)


def test_what_fails_on_the_way_is_finished_by_decoding_everything(clips: ClipMaker) -> None:
    path = clips.whole("b-frames.mp4")
    expected = everything(path, 5)

    def breaks_off(path: str, frame_interval: int) -> Iterator[Frame]:
        yield from expected[:4]
        raise CannotSkip("a picture did not come")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(skipping, "sampled", breaks_off)
        assert_same(sampled(path, 5), expected)


def records(*groups: list[int]) -> list[PacketRecord]:
    return [
        PacketRecord(pts, begins_group=place == 0, is_sound=True) for group in groups for place, pts in enumerate(group)
    ]


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
        ([PacketRecord(None, True, True)], "without a presentation time"),
        (records([0, 1, 1]), "the same presentation time"),
        ([PacketRecord(0, True, False)], "corrupt or hidden"),
        ([PacketRecord(0, False, True)], "does not begin with an IDR"),
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
