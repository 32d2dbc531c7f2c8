"""A decoder's planes are the pixels that the host makes, or are not given: never other frames, places or times."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from detector.core import frames
from detector.core.errors import UnreadableMedia
from detector.core.frames import ClipWarning, Frame, FrameBatch
from detector.core.planes import Matrix, PlanarPicture
from detector.io import media
from detector.speed.pictures import planar
from tests.handler.clips import INTERLACED, ORIENTATIONS, WHOLE, ClipMaker, damaged, with_matrix
from tests.handler.io.video.test_decoding import COLOURS, DEEP

pytest.importorskip("av")

_PATTERN = ("-f", "lavfi", "-i", "testsrc2=size=162x124:rate=25:duration=0.6")
_PLANAR_CODECS = ("h264", "b-frames", "hevc", "mpeg4", "vp8", "vp9", "mpeg2", "flash", "windows", "uneven")


def sampled(
    body: bytes, interval: int, *, as_planes: bool, failed_percent: float = 50.0, keeps_damaged: bool = False
) -> tuple[list[Frame], list[ClipWarning]]:
    kinds = {"as_planes": as_planes, "keeps_damaged": keeps_damaged}
    with media.open_clip(body, "application/octet-stream", interval, failed_percent, **kinds) as clip:
        return list(clip.frames), clip.warnings


def batched(body: bytes, size: tuple[int | None, int | None], *, as_planes: bool, most: int = 4) -> list[FrameBatch]:
    with media.open_clip(body, "application/octet-stream", 1, as_planes=as_planes) as clip:
        return list(frames.batches(clip, most, *size))


def shown(batch: FrameBatch) -> torch.Tensor:
    """(n, 3, height, width) of whole numbers, as the network is given them before it normalises."""
    pixels = torch.from_numpy(batch.pixels)
    return (planar.shown(pixels, batch.planes) if batch.planes else pixels.permute(0, 3, 1, 2)).to(torch.float32)


def assert_both_ways_show_the_same(body: bytes, size: tuple[int | None, int | None] = (None, None)) -> list[FrameBatch]:
    """The batches of planes, of which every picture is within a level of the host's."""
    by_device, by_host = (batched(body, size, as_planes=as_planes) for as_planes in (True, False))
    assert not any(batch.planes for batch in by_host)
    for name in ("frame_indices", "pts_seconds"):
        one, other = ([value for batch in way for value in getattr(batch, name)] for way in (by_device, by_host))
        assert one == other
    assert {batch.size for batch in by_device} == {batch.size for batch in by_host}
    found, expected = (torch.cat([shown(batch) for batch in way]) for way in (by_device, by_host))
    assert (found - expected).abs().max() <= 1
    assert (found == expected).to(torch.float64).mean() >= 0.999
    assert found.to(torch.int64).sum() > 0
    return by_device


def whether_planes(body: bytes, interval: int = 1) -> set[bool]:
    found, _ = sampled(body, interval, as_planes=True)
    return {isinstance(frame.picture, PlanarPicture) for frame in found}


@pytest.mark.parametrize("interval", [1, 5])
@pytest.mark.parametrize("name", WHOLE)
def test_frames_places_and_times_are_those_of_the_host(clips: ClipMaker, name: str, interval: int) -> None:
    body = clips.whole(name).read_bytes()
    (planes, warned), (pixels, also_warned) = (sampled(body, interval, as_planes=each) for each in (True, False))
    assert [(each.frame_index, each.pts_seconds, each.size) for each in planes] == [
        (each.frame_index, each.pts_seconds, each.size) for each in pixels
    ]
    assert warned == also_warned
    for one, other in zip(planes, pixels, strict=True):
        assert np.array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("size", [(None, None), (80, 60), (91, None), (160, 77)])
@pytest.mark.parametrize("name", [name for name in WHOLE if name.startswith(_PLANAR_CODECS)])
def test_pictures_are_those_of_the_host(clips: ClipMaker, name: str, size: tuple[int | None, int | None]) -> None:
    assert all(batch.planes for batch in assert_both_ways_show_the_same(clips.whole(name).read_bytes(), size))


@pytest.mark.parametrize("name", COLOURS)
def test_colours_are_of_the_streams_own_matrix_and_range(clips: ClipMaker, name: str) -> None:
    body = clips.made(name, *_PATTERN, *COLOURS[name].split()).read_bytes()
    are_planes = {bool(batch.planes) for batch in assert_both_ways_show_the_same(body)}
    assert are_planes == {"yuv420p" in COLOURS[name] or "yuvj420p" in COLOURS[name]}


def test_the_matrix_is_that_of_the_stream_and_not_a_guess(clips: ClipMaker) -> None:
    found = {}
    for name in ("bt709.mp4", "bt709-full.mp4", "bt601-full.mp4", "smpte240m.mp4", "fcc.mkv"):
        (batch, *_) = batched(
            clips.made(name, *_PATTERN, *COLOURS[name].split()).read_bytes(), (None, None), as_planes=True
        )
        assert batch.planes
        found[name] = (batch.planes.format.colours.matrix, batch.planes.format.colours.is_full_range)
    assert found == {
        "bt709.mp4": (Matrix.BT709, False),
        "bt709-full.mp4": (Matrix.BT709, True),
        "bt601-full.mp4": (Matrix.BT601, True),
        "smpte240m.mp4": (Matrix.SMPTE240M, False),
        "fcc.mkv": (Matrix.FCC, False),
    }


@pytest.mark.parametrize(("name", "turned"), list(product(["h264.mp4"], ORIENTATIONS)), ids=str)
def test_turned_pictures_are_turned_on_the_device(
    clips: ClipMaker, tmp_path: Path, name: str, turned: tuple[int, int, int, int]
) -> None:
    body = with_matrix(clips.whole(name), tmp_path / "turned.mp4", turned).read_bytes()
    for size in ((None, None), (60, 60)):
        assert all(batch.planes for batch in assert_both_ways_show_the_same(body, size))


def test_an_odd_angle_is_refused_as_on_the_host(clips: ClipMaker, tmp_path: Path) -> None:
    body = with_matrix(clips.whole("h264.mp4"), tmp_path / "askew.mp4", (0.8, 0.6, -0.6, 0.8)).read_bytes()
    with pytest.raises(UnreadableMedia, match="no multiple of 90 degrees"):
        sampled(body, 1, as_planes=True)


@pytest.mark.parametrize("name", [name for name in INTERLACED if "mxf" not in name])
def test_interlaced_clips_go_by_the_host(clips: ClipMaker, name: str) -> None:
    assert whether_planes(clips.made(name, *_PATTERN, *INTERLACED[name].split()).read_bytes()) == {False}


@pytest.mark.parametrize("name", DEEP)
def test_ten_bits_go_by_the_host(clips: ClipMaker, name: str) -> None:
    assert whether_planes(clips.made(name, *_PATTERN, *DEEP[name].split()).read_bytes()) == {False}


@pytest.mark.parametrize("size", ["161x124", "162x125", "161x125"])
def test_odd_sizes_go_by_the_host(clips: ClipMaker, size: str) -> None:
    pattern = ("-f", "lavfi", "-i", f"testsrc=size={size}:rate=25:duration=0.4")
    body = clips.made(f"odd-{size}.mkv", *pattern, "-c:v", "ffv1", "-pix_fmt", "yuv420p").read_bytes()
    assert {frame.size for frame in sampled(body, 1, as_planes=True)[0]} == {tuple(map(int, size.split("x")))}
    assert whether_planes(body) == {False}
    assert_both_ways_show_the_same(body)


@pytest.mark.parametrize("size", [(200, 150), (200, 100), (80, 121)])
def test_enlarging_stays_with_the_host(clips: ClipMaker, size: tuple[int, int]) -> None:
    found = assert_both_ways_show_the_same(clips.whole("h264.mp4").read_bytes(), size)
    assert not any(batch.planes for batch in found)


def resized_midway(clips: ClipMaker) -> bytes:
    """15 frames of 162 x 124, 15 of 320 x 240."""
    parts = [
        clips.made(
            f"{width}.ts", "-f", "lavfi", "-i", f"testsrc2=size={width}x{height}:rate=25:duration=0.6",
            *["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"], "-output_ts_offset", start,
        ).read_bytes()
        for width, height, start in ((162, 124, "0"), (320, 240, "0.6"))
    ]  # fmt: skip
    return b"".join(parts)


def test_another_size_midway_begins_a_new_batch(clips: ClipMaker) -> None:
    found = assert_both_ways_show_the_same(resized_midway(clips), (80, 60))
    layouts = [batch.planes for batch in found]
    assert [(each.format.width, each.format.height) for each in layouts if each] == [(162, 124)] * 4 + [(320, 240)] * 4
    assert [len(batch.pixels) for batch in found] == [4, 4, 4, 3] * 2


def test_once_the_host_is_needed_the_rest_goes_by_it(clips: ClipMaker) -> None:
    """As for the size of the first picture, to which the larger ones would be scaled down, and the small one up."""
    found = assert_both_ways_show_the_same(resized_midway(clips), (300, 200))
    assert [len(batch.pixels) for batch in found] == [4] * 7 + [2]
    assert not any(batch.planes for batch in found)


def test_a_clip_that_becomes_interlaced_goes_by_the_host_from_there(clips: ClipMaker) -> None:
    size = ("-f", "lavfi", "-i", "testsrc2=size=162x124:rate=25:duration=0.6")
    plain = clips.made("plain-part.ts", *size, *["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"])
    fields = clips.made("fields-part.ts", *size, *INTERLACED["fields-h264.ts"].split(), "-output_ts_offset", "0.6")
    found = assert_both_ways_show_the_same(plain.read_bytes() + fields.read_bytes())
    kinds = [bool(batch.planes) for batch in found]
    assert kinds == sorted(kinds, reverse=True)
    assert set(kinds) == {True, False}


@pytest.mark.parametrize("keeps_damaged", [True, False])
def test_a_damaged_clip_gives_the_same_warnings(clips: ClipMaker, keeps_damaged: bool) -> None:
    body = damaged(clips.whole("b-frames.mp4"), [20])
    (planes, warned), (pixels, also_warned) = (
        sampled(body, 1, as_planes=each, failed_percent=60.0, keeps_damaged=keeps_damaged) for each in (True, False)
    )
    assert warned == also_warned != []
    assert [(each.frame_index, each.pts_seconds) for each in planes] == [
        (each.frame_index, each.pts_seconds) for each in pixels
    ]
