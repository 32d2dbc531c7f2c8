"""One JPEG, or a stream of them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from detector.core.errors import TruncatedMedia, UnreadableMedia
from detector.core.frames import Frame
from detector.io import media
from detector.io.pictures import jpeg
from detector.io.video import decoder

SHADES = (20, 90, 160, 230)


def picture(shade: int, width: int = 64, height: int = 48, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), shade, np.uint8)).save(file, "JPEG", **options)
    return file.getvalue()


def with_segment(body: bytes, marker: int, payload: bytes) -> bytes:
    return body[:2] + bytes([0xFF, marker]) + (len(payload) + 2).to_bytes(2, "big") + payload + body[2:]


def sampled(body: bytes, interval: int = 1, content_type: str | None = None) -> list[Frame]:
    with media.open_clip(body, content_type, interval) as clip:
        return list(clip.frames)


def shades(frames: list[Frame]) -> list[int]:
    return [round(float(frame.pixels.mean())) for frame in frames]


@pytest.mark.parametrize("padding", [b"", b"\x00" * 100])
@pytest.mark.parametrize("content_type", [None, "application/octet-stream", "video/x-motion-jpeg"])
@pytest.mark.parametrize("interval", [1, 3])
def test_pictures_of_one_size_after_each_other_are_a_clip_of_all(
    padding: bytes, content_type: str | None, interval: int
) -> None:
    pytest.importorskip("av")
    found = sampled(b"".join(picture(shade) + padding for shade in SHADES), interval, content_type)
    assert shades(found) == pytest.approx(list(SHADES[::interval]), abs=2)
    assert [frame.frame_index for frame in found] == list(range(0, 4, interval))
    assert [frame.pts_seconds for frame in found] == pytest.approx([at / 25 for at in range(0, 4, interval)])


@pytest.mark.parametrize("content_type", [None, "video/x-motion-jpeg"])
def test_without_pyav_a_stream_of_pictures_is_refused_and_not_answered_with_the_first(
    monkeypatch: pytest.MonkeyPatch, content_type: str | None
) -> None:
    monkeypatch.setattr(decoder, "av", None)
    with pytest.raises(UnreadableMedia, match=r"a stream of JPEG pictures.*deploy vendor av\)"):
        sampled(b"".join(map(picture, SHADES)), 1, content_type)


@pytest.mark.parametrize("orientation", [None, 1, 3, 6])
def test_pictures_with_exif_are_a_clip_too_if_they_stand_upright(orientation: int | None) -> None:
    """PyAV gives no side data where FFmpeg has some that PyAV has no name for, as Exif."""
    pytest.importorskip("av")
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    exif[0x0110] = "a camera"
    body = b"".join(picture(shade, exif=exif) for shade in SHADES)
    if orientation in (None, 1):
        assert shades(sampled(body)) == pytest.approx(list(SHADES), abs=2)
    else:
        with pytest.raises(UnreadableMedia, match="Exif says that they are turned"):
            sampled(body)


def test_a_stream_that_is_called_a_picture_is_one_picture() -> None:
    assert shades(sampled(picture(20) + picture(90), 1, "image/jpeg")) == pytest.approx([20], abs=2)


THUMBNAIL = picture(200, 16, 12)
ONE_PICTURE = {
    "alone": picture(90),
    "with a thumbnail": with_segment(picture(90), 0xE1, b"Exif\x00\x00" + THUMBNAIL),
    "with bytes behind": picture(90) + b"made by a phone" * 9,
    "with an MP4 behind": picture(90) + b"\x00\x00\x00\x18ftypmp42" + bytes(50),
    "with a smaller preview behind": picture(90) + picture(200, 32, 24),
    "with a second view": with_segment(picture(90), 0xE2, b"MPF\x00II*\x00") + picture(200),
    "with its gain map": with_segment(
        picture(90), 0xE1, b"http://ns.adobe.com/xap/1.0/\x00<x xmlns='http://ns.google.com/photos/1.0/container/'/>"
    )
    + picture(200),
    "with a picture that is not behind it": picture(90) + b"junk" + picture(200),
}


@pytest.mark.parametrize("name", ONE_PICTURE)
def test_what_belongs_to_a_picture_makes_it_no_clip(name: str) -> None:
    assert shades(sampled(ONE_PICTURE[name])) == pytest.approx([90], abs=2)


@pytest.mark.parametrize("content_type", [None, "video/x-motion-jpeg"])
@pytest.mark.parametrize("missing", [1, 2, 100, 300])
def test_a_stream_whose_last_picture_is_cut_is_an_error(content_type: str | None, missing: int) -> None:
    body = b"".join(map(picture, SHADES))
    with pytest.raises(TruncatedMedia, match="the last of them has no end"):
        sampled(body[:-missing], 1, content_type)


def test_a_picture_tells_its_end_and_size() -> None:
    body = picture(90, 640, 480)
    found = jpeg.read(b"before" + body + b"behind", len(b"before"))
    assert (found.end, found.size) == (len(b"before") + len(body), b"\x01\xe0\x02\x80")
    assert jpeg.read(body[:-1]).end is None
