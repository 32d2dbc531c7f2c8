"""What PyAV shows is what the ffmpeg program shows: colours, orientation, fields and time stamps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detector.core.errors import UnreadableMedia
from detector.core.frames import Frame
from detector.io import media
from tests.handler.clips import INTERLACED, ORIENTATIONS, ClipMaker, reference_pixels, reference_times, with_matrix

pytest.importorskip("av")

_PATTERN = ("-f", "lavfi", "-i", "testsrc2=size=162x124:rate=25:duration=0.6")
_PATCHES = ("-f", "lavfi", "-i", "smptebars=size=168x126:rate=25:duration=0.6")
_H264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"
COLOURS = {
    "bt709.mp4": f"-vf scale=out_color_matrix=bt709 {_H264} -colorspace bt709",
    "bt709-full.mp4": f"-vf scale=out_color_matrix=bt709:out_range=full {_H264} -colorspace bt709 -color_range pc",
    "bt601-full.mp4": "-c:v libx264 -pix_fmt yuvj420p",
    "smpte240m.mp4": f"-vf scale=out_color_matrix=smpte240m {_H264} -colorspace smpte240m",
    "fcc.mkv": f"-vf scale=out_color_matrix=fcc {_H264} -colorspace fcc",
    "four-four-four.mp4": "-c:v libx264 -pix_fmt yuv444p",
    "grey.mkv": "-c:v ffv1 -pix_fmt gray",
    "rgb.mkv": "-c:v ffv1 -pix_fmt bgr0",
    "rgb.avi": "-c:v rawvideo -pix_fmt bgr24",
    "palette.gif": "-c:v gif",
}
DEEP = {
    "bt2020.mp4": "-vf scale=out_color_matrix=bt2020 -c:v libx265 -pix_fmt yuv420p10le -colorspace bt2020nc "
    "-x265-params log-level=none:colormatrix=bt2020nc",
    "deep-422.mkv": "-c:v libx264 -pix_fmt yuv422p10le",
    "deep-709.mp4": "-vf scale=out_color_matrix=bt709 -c:v libx264 -pix_fmt yuv420p10le -colorspace bt709",
}


def sampled(path: Path, interval: int = 1) -> list[Frame]:
    with media.open_clip(path.read_bytes(), "application/octet-stream", interval) as clip:
        return list(clip.frames)


def assert_shown_as_by_ffmpeg(path: Path, interval: int = 1, most: int = 3) -> None:
    shown = reference_pixels(path)
    found = sampled(path, interval)
    assert [frame.frame_index for frame in found] == list(range(0, len(shown), interval))
    for frame, expected in zip(found, shown[::interval], strict=True):
        assert frame.pixels.shape == expected.shape
        assert np.abs(frame.pixels.astype(int) - expected).max() <= most, frame.frame_index


@pytest.mark.parametrize("name", COLOURS)
def test_colours_are_of_the_streams_own_matrix_and_range(clips: ClipMaker, name: str) -> None:
    assert_shown_as_by_ffmpeg(clips.made(name, *_PATTERN, *COLOURS[name].split()))


@pytest.mark.parametrize("name", DEEP)
def test_the_colours_of_ten_bits_are_those_too(clips: ClipMaker, name: str) -> None:
    """Patches of one colour; between them ffmpeg's versions interpolate the colours of pixels differently."""
    path = clips.made(name, *_PATCHES, *DEEP[name].split())
    (frame, *_), (shown, *_) = sampled(path), reference_pixels(path)
    for x in range(12, 168, 24):
        assert np.abs(frame.pixels[40, x].astype(int) - shown[40, x]).max() <= 3


@pytest.mark.parametrize("interval", [1, 2, 5])
@pytest.mark.parametrize("name", INTERLACED)
def test_an_interlaced_clip_has_woven_pictures(clips: ClipMaker, name: str, interval: int) -> None:
    assert_shown_as_by_ffmpeg(clips.made(name, *_PATTERN, *INTERLACED[name].split()), interval)


def test_an_interlaced_dv_clip_has_woven_pictures(clips: ClipMaker) -> None:
    pattern = ("-f", "lavfi", "-i", "testsrc2=size=720x576:rate=25:duration=0.2")
    assert_shown_as_by_ffmpeg(clips.made("fields.dv", *pattern, "-pix_fmt", "yuv420p", "-target", "pal-dv", "-an"))


@pytest.mark.parametrize("interval", [1, 2, 5])
def test_a_clip_that_becomes_interlaced_midway_is_woven_from_there(clips: ClipMaker, interval: int) -> None:
    size = ("-f", "lavfi", "-i", "testsrc2=size=160x128:rate=25:duration=0.6", "-output_ts_offset")
    first = clips.made("progressive.ts", *size, "0", *_H264.split())
    second = clips.made("then-fields.ts", *size, "0.6", *INTERLACED["fields-h264.ts"].split())
    path = clips.folder / "becomes-interlaced.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    assert_shown_as_by_ffmpeg(path, interval)


@pytest.mark.parametrize("interval", [1, 5])
@pytest.mark.parametrize("matrix", ORIENTATIONS)
def test_all_eight_orientations_are_shown_as_ffmpeg_shows_them(
    clips: ClipMaker, matrix: tuple[float, float, float, float], interval: int
) -> None:
    flat = clips.made("unturned.mp4", *_PATTERN, *_H264.split())
    path = with_matrix(flat, clips.folder / f"turned-{'_'.join(map(str, matrix))}.mp4", matrix)
    assert_shown_as_by_ffmpeg(path, interval)


def test_a_clip_that_is_shown_at_a_slant_is_refused(clips: ClipMaker) -> None:
    flat = clips.made("unturned.mp4", *_PATTERN, *_H264.split())
    path = with_matrix(flat, clips.folder / "slanted.mp4", (0.866, 0.5, -0.5, 0.866))
    with pytest.raises(UnreadableMedia, match="no multiple of 90 degrees"):
        sampled(path)


@pytest.mark.parametrize("interval", [1, 3])
def test_repeated_time_stamps_are_told_as_they_are_and_shift_no_others(clips: ClipMaker, interval: int) -> None:
    plain = clips.made("not-repeated.mkv", *_PATTERN, "-c:v", "mjpeg")
    stamped = "setts=ts='if(eq(N,3)+eq(N,10),PREV_OUTPTS,PTS)'"
    path = clips.made("repeated.mkv", "-i", str(plain), "-c", "copy", "-bsf:v", stamped)
    expected = reference_times(path)
    assert len(expected) == 15
    assert expected[3] == expected[2]
    assert [frame.pts_seconds for frame in sampled(path, interval)] == pytest.approx(expected[::interval], abs=1e-3)


@pytest.mark.parametrize("interval", [1, 30])
def test_a_pause_of_the_picture_beside_sound_ends_nothing(clips: ClipMaker, interval: int) -> None:
    pause = "setpts='(N+if(gte(N,50),2500,0))/25/TB'"
    pattern = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=4")
    sound = ("-f", "lavfi", "-i", "sine=duration=105")
    path = clips.made(
        "pause.mp4", *pattern, *sound, "-vf", pause, "-vsync", "passthrough", *_H264.split(), "-c:a", "aac"
    )
    expected = reference_times(path)
    assert len(expected) == 100
    found = sampled(path, interval)
    assert [frame.frame_index for frame in found] == list(range(0, 100, interval))
    assert [frame.pts_seconds for frame in found] == pytest.approx(expected[::interval], abs=1e-3)


@pytest.mark.parametrize("name", ["slow.mp4", "slow.mkv"])
def test_a_low_frame_rate_beside_sound_loses_nothing(clips: ClipMaker, name: str) -> None:
    pattern = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=0.1:duration=400")
    sound = ("-f", "lavfi", "-i", "sine=duration=400", "-c:a", "aac", "-b:a", "32k")
    path = clips.made(name, *pattern, *sound, *_H264.split())
    found = sampled(path)
    assert [frame.pts_seconds for frame in found] == pytest.approx([10.0 * index for index in range(40)])


def test_a_sound_only_file_with_cover_art_has_no_video(clips: ClipMaker) -> None:
    picture = clips.made("cover.png", *_PATTERN, "-frames:v", "1")
    made = ("-map", "0", "-map", "1", "-c:a", "aac", "-c:v", "copy", "-disposition:v", "attached_pic")
    path = clips.made("cover.m4a", "-f", "lavfi", "-i", "sine=duration=1", "-i", str(picture), *made, "-f", "mp4")
    with pytest.raises(UnreadableMedia, match="no video stream"):
        sampled(path)
