"""Times that are odd, sizes at the bounds, pictures that change: right, or refused with the reason."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from detector.core.errors import EmptyMedia, RequestError, UnreadableMedia
from detector.core.frames import Frame, batches
from detector.io import media
from detector.io.video import mpegts
from tests.handler.clips import ClipMaker, reference_pixels, reference_times

_PATTERN = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=2")
_H264 = ("-c:v", "libx264", "-bf", "2", "-g", "25", "-pix_fmt", "yuv420p")


def sampled(source: Path | bytes, interval: int = 1) -> list[Frame]:
    body = source if isinstance(source, bytes) else source.read_bytes()
    with media.open_clip(body, "application/octet-stream", interval) as clip:
        return list(clip.frames)


def sampled_or_refused(body: bytes, reader: str, interval: int) -> list[Frame] | None:
    """None where OpenCV refuses; PyAV may not."""
    if reader == "PyAV":
        return sampled(body, interval)
    try:
        return sampled(body, interval)
    except UnreadableMedia as error:
        if "cannot vouch" not in str(error):
            raise
        return None


def assert_as_ffmpeg_or_refused(path: Path, reader: str, interval: int) -> None:
    """Counts, times and pictures; OpenCV may refuse."""
    times, shown = reference_times(path), reference_pixels(path)
    found = sampled_or_refused(path.read_bytes(), reader, interval)
    if found is None:
        return
    assert [frame.frame_index for frame in found] == list(range(0, len(times), interval))
    assert [frame.pts_seconds for frame in found] == pytest.approx(times[::interval], abs=1e-3)
    for frame in found:
        pixels = frame.pixels[..., ::-1] if frame.is_bgr else frame.pixels
        assert np.abs(pixels.astype(int) - shown[frame.frame_index]).max() <= 3


ODD_TIMES = {
    "wraps.ts": ("-output_ts_offset", "95441.6"),
    "wraps-mpeg2.ts": ("-output_ts_offset", "95441.9", "-c:v", "mpeg2video"),
    "negative.mp4": ("-avoid_negative_ts", "disabled", "-output_ts_offset", "-0.5"),
    "delayed.mov": ("-output_ts_offset", "7"),
}


@pytest.mark.parametrize("interval", [1, 4])
@pytest.mark.parametrize("name", ODD_TIMES)
def test_odd_times_are_those_of_ffmpeg(clips: ClipMaker, name: str, reader: str, interval: int) -> None:
    path = clips.made(name, *_PATTERN, *_H264, *ODD_TIMES[name])
    assert_as_ffmpeg_or_refused(path, reader, interval)


def test_the_clock_of_a_transport_stream_wraps_midway_in_these_tests(clips: ClipMaker) -> None:
    """33 bits of 90 kHz end after 95,443.72 s; ffmpeg adds 1.4 s."""
    assert 95441.6 + 1.4 < 2**33 / 90000 < 95441.6 + 1.4 + 2
    body = clips.made("wraps.ts", *_PATTERN, *_H264, *ODD_TIMES["wraps.ts"]).read_bytes()
    assert [frame.pts_seconds for frame in sampled(body)] == pytest.approx([index / 25 for index in range(50)])
    rows = mpegts.packets(body)
    assert rows is not None
    begins = [row.tobytes() for row in rows if row[1] & 0x5F == 0x41 and not row[2]]
    high_bits = [each[each.index(b"\x00\x00\x01\xe0") + 9] >> 1 & 7 for each in begins]
    assert (max(high_bits), min(high_bits), high_bits[-1]) == (7, 0, 0)


def test_times_before_zero_in_matroska_count_from_the_first_picture(clips: ClipMaker, reader: str) -> None:
    """ffprobe 5.1 gives the first of them no time."""
    early = ("-avoid_negative_ts", "disabled", "-output_ts_offset", "-0.5")
    path = clips.made("negative.mkv", *_PATTERN, *_H264, *early)
    found = sampled_or_refused(path.read_bytes(), reader, 1)
    if found is not None:
        assert [frame.pts_seconds for frame in found] == pytest.approx([index / 25 for index in range(50)], abs=1e-3)


@pytest.mark.parametrize("interval", [1, 4])
@pytest.mark.parametrize("start", ["0.5", "0.52", "1.3"])
def test_what_an_edit_list_hides_is_not_there(clips: ClipMaker, start: str, reader: str, interval: int) -> None:
    whole = clips.made("for-editing.mp4", *_PATTERN, *_H264)
    path = clips.made(f"edited-{start}.mp4", "-ss", start, "-i", str(whole), "-c", "copy")
    assert len(reference_times(path)) < 50
    assert_as_ffmpeg_or_refused(path, reader, interval)


COLOURS = {"red": (254, 0, 0), "lime": (0, 255, 1), "blue": (0, 0, 254)}
CHANGES = {
    "sizes-h264.ts": [("red", "160x120", "yuv420p"), ("lime", "96x64", "yuv420p"), ("blue", "320x240", "yuv420p")],
    "formats-h264.ts": [("red", "160x120", "yuv420p"), ("lime", "160x120", "yuv444p"), ("blue", "160x120", "yuv422p")],
    "both-h264.ts": [("red", "160x120", "yuv420p"), ("lime", "96x64", "yuv422p10le"), ("blue", "160x120", "yuv420p")],
}


@pytest.mark.parametrize("interval", [1, 4])
@pytest.mark.parametrize("name", CHANGES)
def test_a_clip_that_changes_its_size_or_pixels_midway_keeps_its_colours_and_first_size(
    clips: ClipMaker, name: str, reader: str, interval: int
) -> None:
    body = b""
    for at, (colour, size, pixels) in enumerate(CHANGES[name]):
        source = ("-f", "lavfi", "-i", f"color={colour}:size={size}:rate=25:duration=0.4")
        codec = ("-c:v", "libx264", "-bf", "0", "-qp", "4", "-pix_fmt", pixels, "-output_ts_offset", str(at * 0.4))
        body += clips.made(f"{colour}-{at}-{name}", *source, *codec).read_bytes()
    if sampled_or_refused(body, reader, interval) is None:
        return
    with media.open_clip(body, "video/mp2t", interval) as clip:
        found = list(batches(clip, 8, None, None))
    indices = [index for batch in found for index in batch.frame_indices]
    assert indices == list(range(0, 30, interval))
    pictures = np.concatenate([batch.pixels for batch in found])
    assert pictures.shape[1:] == (120, 160, 3)
    for index, picture in zip(indices, pictures, strict=True):
        expected = COLOURS[CHANGES[name][index // 10][0]]
        assert np.abs(picture.astype(int) - expected).max() <= 4, index


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("dot.mp4", ("-c:v", "libx264", "-pix_fmt", "yuv444p")),
        ("dot.avi", ("-c:v", "mjpeg", "-pix_fmt", "yuvj444p")),
        ("dot.webm", ("-c:v", "libvpx-vp9", "-pix_fmt", "yuv444p")),
    ],
)
def test_a_clip_of_one_pixel_is_read(clips: ClipMaker, name: str, codec: tuple[str, ...]) -> None:
    raw = clips.folder / "dot.rgb"
    raw.write_bytes(b"\xff\x00\x00" * 3)
    raw_input = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "1x1", "-r", "25", "-i", str(raw))
    found = sampled(clips.made(name, *raw_input, *codec))
    assert [frame.pixels.shape for frame in found] == [(1, 1, 3)] * 3


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("name", ["empty.mp4", "empty.mkv", "empty.avi"])
def test_a_clip_without_frames_is_an_error(clips: ClipMaker, name: str) -> None:
    path = clips.made(name, *_PATTERN, "-frames:v", "0", "-c:v", "mpeg4")
    with pytest.raises((EmptyMedia, UnreadableMedia)):
        sampled(path)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("name", ["single.mp4", "single.mkv", "single.ts", "single.avi"])
def test_a_clip_of_one_frame_is_read(clips: ClipMaker, name: str) -> None:
    path = clips.made(name, *_PATTERN, "-frames:v", "1", "-c:v", "mpeg4" if name.endswith("avi") else "libx264")
    for interval in (1, 30):
        assert [(frame.frame_index, frame.pts_seconds) for frame in sampled(path, interval)] == [(0, 0.0)]


@pytest.mark.usefixtures("reader")
def test_the_largest_frames_are_read_and_larger_ones_refused(clips: ClipMaker) -> None:
    path = clips.made(
        "largest.avi", "-f", "lavfi", "-i", "color=red:size=8192x8192:rate=25", "-frames:v", "1", "-c:v", "mjpeg"
    )
    assert [frame.pixels.shape for frame in sampled(path)] == [(8192, 8192, 3)]
    larger = clips.made(
        "larger.avi", "-f", "lavfi", "-i", "color=red:size=8194x8192:rate=25", "-frames:v", "1", "-c:v", "mjpeg"
    )
    with pytest.raises(UnreadableMedia, match="8194 x 8192 are larger"):
        sampled(larger)


@pytest.mark.usefixtures("reader")
def test_few_pictures_of_4k_at_240_a_second_exist_at_once(clips: ClipMaker) -> None:
    source = ("-f", "lavfi", "-i", "testsrc2=size=3840x2160:rate=240:duration=0.2")
    path = clips.made("4k-240.mp4", *source, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    started = time.monotonic()
    tracemalloc.start()
    try:
        with media.open_clip(path.read_bytes(), "video/mp4", 1) as clip:
            times = [frame.pts_seconds for frame in clip.frames]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert times == pytest.approx([index / 240 for index in range(48)], abs=1e-4)
    assert most < 4 * 3840 * 2160 * 3
    assert time.monotonic() - started < 60


def test_a_transport_stream_that_lost_packets_shows_nothing_that_depends_on_them(clips: ClipMaker, reader: str) -> None:
    """A picture that never came cannot be counted: those after it have its place. All that are shown were filmed."""
    path = clips.made("for-losing.ts", *_PATTERN, "-c:v", "libx264", "-bf", "0", "-g", "10", "-pix_fmt", "yuv420p")
    body = path.read_bytes()
    packets = [body[start : start + 188] for start in range(0, len(body), 188)]
    own = [at for at, packet in enumerate(packets) if packet[1] & 0x1F == 1 and not packet[2]]
    begins = [at for at in own if packets[at][1] & 0x40]
    whole = {frame.pixels.tobytes() for frame in sampled(path)}
    lost_picture = set(range(begins[13], begins[14])) & set(own)
    for lost in (lost_picture, {next(at for at in own if begins[13] < at < begins[14])}):
        torn = b"".join(packet for at, packet in enumerate(packets) if at not in lost)
        with pytest.raises(RequestError, match=r"lost packets|is corrupt|lost on the way"):
            sampled(torn)
        if reader == "PyAV":
            with media.open_clip(torn, None, 1, 100.0) as clip:
                found = list(clip.frames)
            assert 40 <= len(found) < 50
            assert clip.warnings[0].packets in ((12,), (13,))
            assert {frame.pixels.tobytes() for frame in found} <= whole


def test_transport_streams_that_are_joined_have_lost_nothing(clips: ClipMaker, reader: str) -> None:
    body = clips.made("for-joining.ts", *_PATTERN, "-c:v", "libx264", "-bf", "0", "-pix_fmt", "yuv420p").read_bytes()
    with media.open_clip(body * 3, None, 1) as clip:
        found = list(clip.frames)
    assert ([frame.frame_index for frame in found], clip.warnings) == (list(range(150)), []), reader
