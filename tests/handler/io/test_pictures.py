"""Single pictures and stacks of them."""

from __future__ import annotations

import io
import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from detector.core import frames
from detector.core.errors import EmptyMedia, RequestError, TruncatedMedia, UnreadableMedia
from detector.core.frames import Clip, Frame, FrameBatch
from detector.io import media


def picture(width: int = 40, height: int = 30) -> Image.Image:
    """Red above, blue below."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, :, 0] = 255
    pixels[height // 2 :, :, 2] = 255
    return Image.fromarray(pixels)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def only_batch(body: bytes | bytearray, content_type: str | None) -> FrameBatch:
    with media.open_clip(body, content_type, 30) as clip:
        (batch,) = frames.batches(clip, 4, None, None)
    return batch


def npy(array: npt.NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npy_header(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    npy_format: Any = np.lib.format
    npy_format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("JPEG", "image/jpeg"),
        ("JPEG", "image/jpg"),
        ("PNG", "image/png"),
        ("JPEG", "application/octet-stream"),
        ("PNG", "binary/octet-stream"),
    ],
)
def test_a_picture_is_a_clip_of_one_rgb_frame_at_zero(kind: str, content_type: str) -> None:
    batch = only_batch(saved(picture(), kind), content_type)
    assert (batch.frame_indices, batch.pts_seconds) == ((0,), (0.0,))
    assert (batch.source_width, batch.source_height) == (40, 30)
    assert batch.pixels[0, 5].mean(axis=0) == pytest.approx([255, 0, 0], abs=16)
    assert batch.pixels[0, 25].mean(axis=0) == pytest.approx([0, 0, 255], abs=16)


def test_a_picture_is_turned_as_its_exif_orientation_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    batch = only_batch(saved(picture(), "JPEG", exif=exif), "image/jpeg")
    assert (batch.source_width, batch.source_height) == (30, 40)
    assert batch.pixels[0, :, 25].mean(axis=0) == pytest.approx([255, 0, 0], abs=16)


XMP = b"http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"


@pytest.mark.parametrize("fill", [b"", b"\xff\xff"])
def test_the_exif_orientation_counts_wherever_it_stands_among_the_metadata(fill: bytes) -> None:
    """OpenCV 4.11 and 4.12 read the first APP1 segment alone."""
    exif = Image.Exif()
    exif[0x0112] = 6
    plain = saved(picture(), "JPEG", exif=exif)
    body = plain[:2] + COMMENT + fill + segment(0xE1, XMP) + segment(0xE1, XMP) + plain[2:]
    assert only_batch(body, "image/jpeg").source_width == 30
    assert np.array_equal(only_batch(body, "image/jpeg").pixels, only_batch(plain, "image/jpeg").pixels)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@given(share=st.floats(0.05, 0.99))
@settings(max_examples=15, deadline=None)
def test_a_picture_cut_anywhere_is_an_error_and_not_a_grey_picture(kind: str, share: float) -> None:
    body = saved(picture(200, 150).effect_spread(40), kind)
    with pytest.raises(RequestError, match="the picture"):
        only_batch(body[: int(len(body) * share)], f"image/{kind.lower()}")


def test_the_end_of_a_thumbnail_is_not_the_end_of_its_picture() -> None:
    thumbnail = saved(picture(8, 8), "JPEG")
    body = saved(picture(200, 150).effect_spread(40), "JPEG", exif=b"Exif\x00\x00" + thumbnail)
    assert only_batch(body, "image/jpeg").source_width == 200
    with pytest.raises(TruncatedMedia, match="its end marker is not in"):
        only_batch(body[: len(body) - 300], "image/jpeg")


def segments(body: bytes) -> list[bytes]:
    """A JPEG's segments, each with its marker; the last one holds the start of the scan and all that follows."""
    found, offset = [], 2
    while body[offset + 1] != 0xDA:
        end = offset + 2 + int.from_bytes(body[offset + 2 : offset + 4], "big")
        found.append(body[offset:end])
        offset = end
    return [*found, body[offset:]]


def segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(payload) + 2).to_bytes(2, "big") + payload


ADOBE = segment(0xEE, b"Adobe\x00\x64\x00\x00\x00\x00\x01")
COMMENT = segment(0xFE, b"made by hand, with an end marker inside: \xff\xd9")
PROFILE = segment(0xE2, b"ICC_PROFILE\x00\x01\x01" + bytes(128))


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/octet-stream", None])
@pytest.mark.parametrize("first", [ADOBE, COMMENT, PROFILE, b""], ids=["Adobe", "comment", "ICC", "quantisation table"])
def test_a_jpeg_may_begin_with_any_segment(first: bytes, content_type: str | None) -> None:
    jfif, *rest = segments(saved(picture(), "JPEG"))
    assert jfif[1] == 0xE0
    assert rest[0][1] == 0xDB
    batch = only_batch(b"\xff\xd8" + first + b"".join(rest), content_type)
    assert batch.pixels[0, 5].mean(axis=0) == pytest.approx([255, 0, 0], abs=16)


@pytest.mark.parametrize("filling", [b"\xff", b"\xff" * 7])
@pytest.mark.parametrize("content_type", ["image/jpeg", None])
@pytest.mark.parametrize("is_progressive", [False, True])
def test_fill_bytes_before_the_markers_of_a_jpeg_are_no_damage(
    filling: bytes, content_type: str | None, is_progressive: bool
) -> None:
    *headers, scan = segments(saved(picture(200, 150), "JPEG", progressive=is_progressive))
    body = b"\xff\xd8" + b"".join(filling + each for each in [*headers, scan[:-2], scan[-2:]])
    assert only_batch(body, content_type).pixels[0, 5].mean(axis=0) == pytest.approx([255, 0, 0], abs=16)
    with pytest.raises(TruncatedMedia, match="its end marker is not in"):
        only_batch(body[:-1], content_type)


def test_what_is_broken_between_the_segments_of_a_jpeg_is_for_the_decoder_to_say() -> None:
    headers = segments(saved(picture(), "JPEG"))
    assert only_batch(b"\xff\xd8" + b"junk".join(headers), "image/jpeg").source_width == 40
    with pytest.raises(UnreadableMedia, match="damaged"):
        only_batch(b"\xff\xd8\xff\xd9", "image/jpeg")


def test_a_jpeg_of_nothing_but_segments_is_refused_soon() -> None:
    started = time.monotonic()
    with pytest.raises(UnreadableMedia, match="damaged"):
        only_batch(b"\xff\xd8" + b"\xff\xe0\x00\x02" * (16 << 20), "image/jpeg")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("body", [b"GIF89a" + bytes(50), b"not a picture"])
def test_bytes_that_are_no_picture_are_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableMedia, match="neither a JPEG nor a PNG"):
        only_batch(body, "image/jpeg")


def test_a_damaged_picture_is_unreadable() -> None:
    with pytest.raises(UnreadableMedia, match="damaged"):
        only_batch(b"\xff\xd8\xff\xe0\x00\x04ab\xff\xda" + b"junk" * 10 + b"\xff\xd9", "image/jpeg")


def test_a_picture_whose_header_promises_too_many_pixels_is_refused() -> None:
    body = bytearray(saved(picture(), "PNG"))
    body[16:24] = (60_000).to_bytes(4, "big") * 2
    with pytest.raises(UnreadableMedia, match="damaged"):
        only_batch(body, "image/png")


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_a_stack_of_arrays_is_a_clip_without_times(kind: Callable[[bytes], bytes | bytearray]) -> None:
    stack = np.random.default_rng(0).integers(0, 256, (7, 12, 16, 3), dtype=np.uint8)
    with media.open_clip(kind(npy(stack)), "application/x-npy", 3) as clip:
        (batch,) = frames.batches(clip, 8, None, None)
    assert batch.frame_indices == (0, 3, 6)
    assert all(math.isnan(time) for time in batch.pts_seconds)
    assert np.array_equal(batch.pixels, stack[::3])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 8, 8, 3), np.float32), "got dtype float32, shape (2, 8, 8, 3), C order"),
        (np.zeros((8, 8, 3), np.uint8), "shape (8, 8, 3)"),
        (np.zeros((2, 8, 8, 4), np.uint8), "shape (2, 8, 8, 4)"),
        (np.asfortranarray(np.zeros((2, 8, 8, 3), np.uint8)), "Fortran order"),
        (np.array([{"a": 1}], object), "got dtype object"),
    ],
)
def test_an_array_of_another_kind_is_described(array: npt.NDArray[Any], message: str) -> None:
    with pytest.raises(UnreadableMedia) as caught:
        only_batch(npy(array), "application/x-npy")
    assert message in str(caught.value)


def test_an_array_that_is_cut_says_how_far_it_got() -> None:
    body = npy(np.zeros((5, 8, 8, 3), np.uint8))
    with pytest.raises(TruncatedMedia, match="declares 960 bytes of pixels and 660 arrived: 3 of 5 frames"):
        only_batch(body[:-300], "application/x-npy")


def test_an_array_header_that_promises_the_moon_takes_no_memory() -> None:
    with pytest.raises(TruncatedMedia, match="declares 1919999999808 bytes of pixels and 100 arrived: 0 of 9999999999"):
        only_batch(npy_header((9999999999, 8, 8, 3)) + bytes(100), "application/x-npy")


def test_an_array_with_giant_pictures_is_refused() -> None:
    with pytest.raises(UnreadableMedia, match="pictures of 7000 x 70000 are larger than"):
        only_batch(npy_header((1, 70000, 7000, 3)) + bytes(100), "application/x-npy")


@pytest.mark.parametrize("header", ["{'descr': '|u1', (", "(" * 3000, "{'descr': ('|u1', 3), 'shape': ()}", "'" * 3])
def test_an_array_header_that_python_cannot_read_is_the_senders_fault(header: str) -> None:
    body = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(100)
    with pytest.raises(UnreadableMedia, match="its header cannot be read"):
        only_batch(body, "application/x-npy")


@pytest.mark.parametrize("shape", [(0, 8, 8, 3), (2, 0, 8, 3), (-1, 8, 8, 3)])
def test_an_array_without_pixels_is_empty_media(shape: tuple[int, ...]) -> None:
    with pytest.raises(EmptyMedia, match="holds no pixels"):
        only_batch(npy_header(shape) + bytes(500), "application/x-npy")


@given(st.binary(max_size=200))
def test_any_bytes_called_npy_are_the_senders_fault(body: bytes) -> None:
    with pytest.raises(RequestError):
        only_batch(b"\x93NUMPY" + body, "application/x-npy")


@pytest.mark.parametrize(
    ("wanted", "size"),
    [
        ((None, None), (160, 120)),
        ((80, None), (80, 60)),
        ((None, 30), (40, 30)),
        ((64, 64), (64, 64)),
        ((320, None), (320, 240)),
    ],
)
def test_the_size_that_is_not_given_follows_the_aspect(
    wanted: tuple[int | None, int | None], size: tuple[int, int]
) -> None:
    assert frames.network_size(160, 120, *wanted) == size


@pytest.mark.parametrize(
    ("size", "wanted"), [((1, 65500), (1024, None)), ((65500, 1), (None, 1024)), ((1, 4000), (8192, None))]
)
def test_a_size_for_the_network_beyond_the_bound_is_refused_before_it_is_allocated(
    size: tuple[int, int], wanted: tuple[int | None, int | None]
) -> None:
    clip = Clip(*size, iter(()))
    with pytest.raises(UnreadableMedia, match=f"frames of {size[0]} x {size[1]} would be .* more than the 67108864"):
        list(frames.batches(clip, 8, *wanted))


def test_the_largest_size_that_can_be_asked_for_is_within_the_bound() -> None:
    assert frames.network_size(16, 16, 8192, 8192) == (8192, 8192)
    assert frames.network_size(7680, 4320, 8192, None) == (8192, 4608)


def test_a_batch_is_scaled_and_remembers_the_size_of_its_source() -> None:
    pixels = np.zeros((120, 160, 3), np.uint8)
    pixels[:, :80] = (0, 0, 200)  # red, in OpenCV's order
    clip = Clip(160, 120, iter([Frame(0, 0.0, pixels, is_bgr=True)]))
    (batch,) = frames.batches(clip, 2, 40, None)
    assert batch.pixels.shape == (1, 30, 40, 3)
    assert (batch.source_width, batch.source_height) == (160, 120)
    assert batch.pixels[0, 0, 0].tolist() == [200, 0, 0]
    assert batch.pixels[0, 0, -1].tolist() == [0, 0, 0]


@given(count=st.integers(1, 40), batch_size=st.integers(1, 9))
def test_batches_hold_every_frame_once_in_order(count: int, batch_size: int) -> None:
    stack = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    clip = Clip(2, 2, (Frame(index, index / 10, stack[index], is_bgr=False) for index in range(count)))
    found = list(frames.batches(clip, batch_size, None, None))
    assert [len(batch.pixels) for batch in found[:-1]] == [batch_size] * (len(found) - 1)
    assert [index for batch in found for index in batch.frame_indices] == list(range(count))
    assert np.array_equal(np.concatenate([batch.pixels for batch in found]), stack)


def test_a_batch_that_does_not_fit_its_indices_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="2 pictures, 1 indices"):
        FrameBatch(np.zeros((2, 4, 4, 3), np.uint8), (0,), (0.0,), 4, 4)
    with pytest.raises(ValueError, match=r"must be \(n, height, width, 3\) uint8"):
        FrameBatch(np.zeros((1, 3, 4, 4), np.uint8), (0,), (0.0,), 4, 4)


UNREADABLE = """
import numpy as np
from detector.io import media
from detector.core.opencv import cv2
from detector.core.errors import UnreadableMedia
assert cv2.imdecode(np.frombuffer(b"\\xff\\xd8\\xff nonsense", np.uint8), cv2.IMREAD_COLOR) is None
try:
    with media.open_clip(bytes(1000), "video/mp4", 1):
        pass
except UnreadableMedia as error:
    print(error.code)
"""


def test_opencv_is_quiet_about_what_it_cannot_read() -> None:
    """In a process of its own: OpenCV reads its log level when it is first imported, here by some test before."""
    handler = Path(__file__).parents[3] / "handler"
    run = subprocess.run([sys.executable, "-c", UNREADABLE], cwd=handler, capture_output=True, text=True, check=True)
    assert (run.stdout.strip(), run.stderr) == ("unreadable_media", "")
