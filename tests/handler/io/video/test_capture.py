"""Without PyAV, OpenCV reads what it can vouch for, and refuses the rest with the reason."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from detector.core.errors import UnreadableMedia
from detector.core.frames import Frame
from detector.io import media
from detector.io.video import decoder
from tests.handler.clips import (
    FRAME_COUNT,
    INTERLACED,
    LIVE,
    ORIENTATIONS,
    WHOLE,
    ClipMaker,
    damaged,
    live,
    reference_pixels,
    reference_times,
    with_matrix,
)

_PATTERN = ("-f", "lavfi", "-i", "testsrc2=size=162x124:rate=25:duration=0.6")
_BARS = ("-f", "lavfi", "-i", "smptebars=size=168x126:rate=25:duration=0.2")
_H264 = ("-c:v", "libx264", "-bf", "0", "-pix_fmt", "yuv420p")


@pytest.fixture(autouse=True)
def _without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "av", None)


def sampled(path: Path, interval: int = 1) -> list[Frame]:
    with media.open_clip(path.read_bytes(), "application/octet-stream", interval) as clip:
        return list(clip.frames)


@pytest.mark.parametrize("name", WHOLE)
def test_good_clips_are_read_by_either_decoder(clips: ClipMaker, name: str) -> None:
    path = clips.whole(name)
    expected = reference_times(path)
    found = sampled(path)
    assert [frame.frame_index for frame in found] == list(range(len(expected)))
    timed = [(frame.pts_seconds, time) for frame, time in zip(found, expected, strict=True) if not math.isnan(time)]
    assert [time for time, _ in timed] == pytest.approx([time for _, time in timed], abs=1e-5)
    for frame, shown in zip(found, reference_pixels(path), strict=False):
        assert np.abs(frame.pixels[..., ::-1].astype(int) - shown).max() <= 3


@pytest.mark.parametrize("name", ["bt709", "bt2020", "smpte170m", "smpte240m"])
@pytest.mark.parametrize("full", [False, True])
def test_colours_are_of_the_streams_own_matrix_and_range(clips: ClipMaker, name: str, full: bool) -> None:
    """OpenCV 4.11 and 4.12 take BT.601's, limited, for every stream: what `proved` refuses them for."""
    matrix, spoken = {"bt2020": ("bt2020", "bt2020nc"), "smpte170m": ("bt601", "smpte170m")}.get(name, (name, name))
    scale = f"scale=out_color_matrix={matrix}:out_range={'full' if full else 'limited'}"
    tags = ("-colorspace", spoken, "-color_range", "pc" if full else "tv")
    path = clips.made(f"opencv-{name}-{full}.mp4", *_BARS, "-vf", scale, *_H264, *tags)
    (frame, *_), (shown, *_) = sampled(path), reference_pixels(path)
    for x in range(12, 168, 24):
        assert np.abs(frame.pixels[40, x, ::-1].astype(int) - shown[40, x]).max() <= 3


@pytest.mark.parametrize("name", INTERLACED)
def test_an_interlaced_clip_is_refused(clips: ClipMaker, name: str) -> None:
    path = clips.made(name, *_PATTERN, *INTERLACED[name].split())
    with pytest.raises(UnreadableMedia, match=r"interlaced.* OpenCV here, which cannot vouch .* deploy vendor av\)"):
        sampled(path)


def test_a_clip_that_becomes_interlaced_midway_is_refused(clips: ClipMaker) -> None:
    first = clips.made("whole-pictures.ts", *_PATTERN, *_H264)
    second = clips.made("fields-h264.ts", *_PATTERN, *INTERLACED["fields-h264.ts"].split())
    path = clips.folder / "becomes-fields.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    assert sampled(first)
    with pytest.raises(UnreadableMedia, match="interlaced, or may become so"):
        sampled(path)


@pytest.mark.parametrize("matrix", ORIENTATIONS)
def test_a_mirrored_clip_is_refused_and_a_turned_one_is_shown(
    clips: ClipMaker, matrix: tuple[float, float, float, float]
) -> None:
    flat = clips.made("for-turning.mp4", *_PATTERN, *_H264)
    path = with_matrix(flat, clips.folder / f"capture-{'_'.join(map(str, matrix))}.mp4", matrix)
    a, b, c, d = matrix
    if a * d - b * c < 0:
        with pytest.raises(UnreadableMedia, match="mirrors the picture"):
            sampled(path)
        return
    for frame, shown in zip(sampled(path), reference_pixels(path), strict=True):
        assert np.abs(frame.pixels[..., ::-1].astype(int) - shown).max() <= 3


WIDE = {
    "wide-h264.ts": "-c:v libx264 -color_primaries bt2020 -pix_fmt yuv420p",
    "hdr-h264.avi": "-c:v libx264 -bf 0 -color_trc smpte2084 -pix_fmt yuv420p",
    "hdr-hevc.ts": "-c:v libx265 -preset medium -pix_fmt yuv420p10le "
    "-x265-params log-level=none:ref=5:bframes=8:scaling-list=default:transfer=arib-std-b67",
    "wide-vp9.webm": "-c:v libvpx-vp9 -deadline realtime -color_primaries smpte432",
    "wide-mpeg2.mpg": "-c:v mpeg2video -color_primaries smpte432",
}


@pytest.mark.parametrize("name", WIDE)
def test_wide_and_hdr_colours_which_opencv_would_convert_are_refused(clips: ClipMaker, name: str) -> None:
    path = clips.made(name, *_PATTERN, *WIDE[name].split())
    with pytest.raises(UnreadableMedia, match="of a wide gamut, HDR, or an unusual matrix"):
        sampled(path)


@pytest.mark.parametrize("name", ["early-h264.mp4", "early-mpeg4.avi", "early-vp9.webm"])
def test_a_packet_that_fails_is_an_error_and_not_a_short_answer(clips: ClipMaker, name: str) -> None:
    pytest.importorskip("av")  # to find the packet
    codec = {"early-h264.mp4": _H264, "early-mpeg4.avi": ("-c:v", "mpeg4"), "early-vp9.webm": ("-c:v", "libvpx-vp9")}
    path = clips.made(name, "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=10", *codec[name])
    assert len(sampled(path)) == 250
    broken = clips.folder / f"broken-{name}"
    broken.write_bytes(damaged(path, [60]))
    with pytest.raises(UnreadableMedia):
        sampled(broken)


def test_repeated_time_stamps_are_refused(clips: ClipMaker) -> None:
    plain = clips.made("stamps.mkv", *_PATTERN, "-c:v", "mjpeg")
    stamped = "setts=ts='if(eq(N,3),PREV_OUTPTS,PTS)'"
    path = clips.made("stamps-repeated.mkv", "-i", str(plain), "-c", "copy", "-bsf:v", stamped)
    assert len(sampled(plain)) == 15
    with pytest.raises(UnreadableMedia, match="frame 3 has no later time stamp"):
        sampled(path)


def test_a_low_frame_rate_beside_sound_loses_nothing(clips: ClipMaker) -> None:
    pattern = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=0.1:duration=400")
    sound = ("-f", "lavfi", "-i", "sine=duration=400", "-c:a", "aac", "-b:a", "32k")
    path = clips.made("slow-for-opencv.mp4", *pattern, *sound, *_H264)
    assert [frame.pts_seconds for frame in sampled(path)] == pytest.approx([10.0 * index for index in range(40)])


@pytest.mark.parametrize("name", LIVE)
def test_a_clip_whose_writer_could_not_seek_is_whole(clips: ClipMaker, name: str) -> None:
    assert len(sampled(live(clips, name))) == FRAME_COUNT
