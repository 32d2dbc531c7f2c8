"""Which of a file's streams is the video, and what is refused for what its container says of them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from detector.core.errors import RequestError, UnreadableMedia
from detector.core.frames import Frame
from detector.io import media
from detector.io.video import decoder, tracks
from tests.handler.clips import FRAME_COUNT, ClipMaker, reference_pixels

_SMALL = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=1")
_LARGE = ("-f", "lavfi", "-i", "color=red:size=320x240:rate=25:duration=1")
_SOUND = ("-f", "lavfi", "-i", "sine=duration=1")
_H264 = ("-c:v", "libx264", "-bf", "0", "-pix_fmt", "yuv420p")
_BOTH = ("-map", "0", "-map", "1")


def sampled(source: Path | bytes, interval: int = 1) -> list[Frame]:
    body = source if isinstance(source, bytes) else source.read_bytes()
    with media.open_clip(body, "application/octet-stream", interval) as clip:
        return list(clip.frames)


def cover(clips: ClipMaker, suffix: str) -> tuple[str, ...]:
    return ("-i", str(clips.made(f"front.{suffix}", *_SMALL, "-frames:v", "1")))


ATTACHED = ("-c:v", "copy", "-disposition:v", "attached_pic")


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("picture", ["jpg", "png"])
@pytest.mark.parametrize("name", ["cover.m4a", "cover.mka", "cover.flac", "cover.mp3"])
def test_a_picture_attached_to_sound_is_no_video(clips: ClipMaker, name: str, picture: str) -> None:
    codec = {"flac": "flac", "mp3": "mp3"}.get(name.rpartition(".")[2], "aac")
    if name.endswith("mka"):
        attached = ("-attach", cover(clips, picture)[1], "-metadata:s:t", f"mimetype=image/{picture}")
        path = clips.made(f"{picture}-{name}", *_SOUND, *attached, "-c:a", codec)
    else:
        path = clips.made(f"{picture}-{name}", *_SOUND, *cover(clips, picture), *_BOTH, "-c:a", codec, *ATTACHED)
    with pytest.raises(UnreadableMedia, match="holds no video stream that can be decoded here: it is sound only"):
        sampled(path)


@pytest.mark.usefixtures("reader")
def test_a_picture_attached_beside_a_video_is_not_the_video(clips: ClipMaker) -> None:
    first = ("-c:v:0", "copy", "-c:v:1", "libx264", "-pix_fmt", "yuv420p", "-disposition:v:0", "attached_pic")
    mp4 = clips.made("beside.mp4", *cover(clips, "jpg"), *_SMALL, *_BOTH, *first)
    attached = ("-attach", cover(clips, "jpg")[1], "-metadata:s:t", "mimetype=image/jpeg")
    for path in (mp4, clips.made("beside.mkv", *_SMALL, *attached, *_H264)):
        assert len(sampled(path)) == 25


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("titled.mkv", ("-c:s", "srt")),
        ("titled.mp4", ("-c:s", "mov_text")),
        ("coded.mov", ("-timecode", "01:00:00:00")),
    ],
)
def test_subtitles_and_data_beside_a_video_are_not_looked_at(
    clips: ClipMaker, name: str, arguments: Sequence[str]
) -> None:
    text = clips.folder / "titles.srt"
    text.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    titles = () if name == "coded.mov" else ("-i", str(text), "-map", "1", "-map", "0")
    assert len(sampled(clips.made(name, *_SMALL, *titles, *_H264, *arguments))) == 25


TWO = {
    "larger-second.mp4": (),
    "larger-second.ts": (),
    "default-first.mkv": ("-disposition:v:0", "default", "-disposition:v:1", "0"),
    "default-second.mkv": ("-disposition:v:0", "0", "-disposition:v:1", "default"),
    "no-default.mkv": ("-disposition:v:0", "0", "-disposition:v:1", "0"),
    "two.avi": (),
}


@pytest.mark.parametrize("name", TWO)
def test_of_two_videos_the_one_is_read_that_ffmpeg_takes(clips: ClipMaker, name: str, reader: str) -> None:
    path = clips.made(name, *_SMALL, *_LARGE, *_BOTH, *_H264, *TWO[name])
    if reader == "OpenCV":
        with pytest.raises(UnreadableMedia, match="the file has 2 video streams"):
            sampled(path)
        return
    taken = clips.made(f"taken-{name}.mkv", "-i", str(path), "-c:v", "ffv1", "-pix_fmt", "bgr0")
    shown = reference_pixels(taken)
    found = sampled(path)
    assert len(found) == len(shown) == 25
    for frame, expected in zip(found, shown, strict=True):
        assert frame.pixels.shape == expected.shape
        assert np.abs(frame.pixels.astype(int) - expected).max() <= 3


@pytest.mark.usefixtures("reader")
def test_an_encrypted_video_is_refused_with_the_reason(clips: ClipMaker) -> None:
    key = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb")
    path = clips.made("drm.mp4", *_SMALL, *_H264, *key, "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8")
    with pytest.raises(UnreadableMedia, match=r"encrypted .*'encv'.* send it decrypted"):
        sampled(path)


def element(identifier: str, content: bytes) -> bytes:
    """EBML, its size in eight bytes."""
    return bytes.fromhex(identifier) + (len(content) | 1 << 56).to_bytes(8, "big") + content


def with_encoding(body: bytes, how: bytes) -> bytes:
    """The Matroska file with that ContentEncoding in its first track, and without what it points at."""
    (segment,) = tracks._children(body, 0, len(body), 0x18538067)
    (place,) = tracks._children(body, *segment, 0x1654AE6B)
    (entry,) = tracks._children(body, *place, 0xAE)
    encoding = element("6d80", element("6240", how))
    clusters = body[body.index(bytes.fromhex("1f43b675")) : segment[1]]
    rebuilt = element("1654ae6b", element("ae", body[slice(*entry)] + encoding))
    (info,) = tracks._children(body, *segment, 0x1549A966)
    return body[: body.index(bytes.fromhex("18538067"))] + element(
        "18538067", element("1549a966", body[slice(*info)]) + rebuilt + clusters
    )


@pytest.mark.usefixtures("reader")
def test_an_encrypted_matroska_track_is_refused_and_a_compressed_one_is_not(clips: ClipMaker) -> None:
    body = clips.made("open.webm", *_SMALL, "-c:v", "libvpx", "-b:v", "300k").read_bytes()
    with pytest.raises(UnreadableMedia, match=r"encrypted .*Matroska"):
        sampled(with_encoding(body, element("5035", b"")))
    stripped = element("5034", element("4254", b"\x03"))  # of no bytes at all
    assert len(sampled(with_encoding(body, stripped))) == 25


@pytest.mark.usefixtures("reader")
def test_a_scrambled_transport_stream_is_refused(clips: ClipMaker) -> None:
    body = bytearray(clips.made("open.ts", *_SMALL, *_H264).read_bytes())
    for start in range(0, len(body), 188):
        if body[start + 1] & 0x1F == 1:  # the video's identifier is 0x100
            body[start + 3] |= 0x80
    with pytest.raises(UnreadableMedia, match=r"encrypted .*scrambled"):
        sampled(bytes(body))


@pytest.mark.parametrize("name", ["h264.mp4", "fragmented.mp4", "h264.mkv", "h264.ts", "mpeg4.avi", "windows.wmv"])
def test_what_is_not_encrypted_is_not_called_so_and_has_one_video(clips: ClipMaker, name: str) -> None:
    path = clips.whole(name)
    assert tracks.video_stream_count(path.read_bytes()) == 1
    tracks.refuse_encrypted(path.read_bytes())
    assert len(sampled(path, 7)) == math.ceil(FRAME_COUNT / 7)


class _Growing:
    """A fake: ends as PyAV does behind a stream that began midway, where uninitialised memory is not zero."""

    def demux(self, *_: object) -> Iterator[SimpleNamespace]:
        yield from (SimpleNamespace(size=size) for size in (3, 0, 4))
        raise IndexError("list index out of range")


def test_pyavs_mistake_behind_the_last_packet_is_the_end() -> None:
    assert [packet.size for packet in decoder._packets(_Growing())] == [3, 4]


@pytest.mark.usefixtures("reader")
def test_sound_that_begins_midway_changes_nothing(clips: ClipMaker) -> None:
    silent = clips.whole("h264.ts").read_bytes()
    loud = clips.made("loud.ts", *_SMALL, *_SOUND, *_H264, "-c:a", "aac")
    path = clips.folder / "later-loud.ts"
    path.write_bytes(silent + loud.read_bytes())
    assert len(sampled(path)) == FRAME_COUNT + 25


_EBML = bytes.fromhex("1a45dfa3") + b"\x80"
HOLLOW = {
    "matroska": _EBML + bytes.fromhex("18538067") + b"\xff" + b"\xec\x80" * (8 << 20),
    "mp4": b"\x00\x00\x00\x08ftyp" + b"\x00\x00\x00\x08free" * (4 << 20),
    "pictures": b"\xff\xd8\xff\xd9" * 200_000,
    "segments": (b"\xff\xd8" + b"\xff\xe0\x00\x02" * 90_000 + b"\xff\xd9") * 80,
    "transport": (b"\x47\x41\x00\x10" + bytes(184)) * 200_000,
}


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("name", HOLLOW)
def test_a_file_of_nothing_but_headers_is_refused_soon(name: str) -> None:
    started = time.process_time()
    with pytest.raises(RequestError), media.open_clip(HOLLOW[name], "video/mp4", 1) as clip:
        list(clip.frames)
    assert time.process_time() - started < 10
