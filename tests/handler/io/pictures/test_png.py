"""A PNG is whole where its chunks are, whatever else its bytes spell."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from detector.core.errors import RequestError, TruncatedMedia, UnreadableMedia
from detector.io import media
from detector.io.pictures import png


def picture() -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


WHOLE = picture()
HEADER_END = 8 + 25  # the signature and IHDR
COMMENT = chunk(b"tEXt", b"Comment\x00IEND\xaeB`\x82")


def read(body: bytes) -> tuple[int, int]:
    with media.open_clip(body, None, 1) as clip:
        return clip.width, clip.height


def test_a_cut_picture_that_spells_the_name_of_the_last_chunk_is_cut() -> None:
    body = WHOLE[:HEADER_END] + COMMENT + WHOLE[HEADER_END:]
    assert read(body) == (120, 90)
    with pytest.raises(TruncatedMedia, match="its end marker is not in"):
        read(body[: len(body) // 2])


@given(st.integers(0, len(WHOLE) - 1))
def test_a_picture_is_cut_wherever_it_is_cut(kept: int) -> None:
    assert png.flaw(WHOLE[:kept]) is png.Flaw.CUT


@given(st.integers(HEADER_END, len(WHOLE) - 1), st.integers(1, 255))
def test_a_bit_that_is_damaged_is_seen(place: int, change: int) -> None:
    body = bytearray(WHOLE)
    body[place] ^= change
    assert png.flaw(body) is not None


def test_bytes_behind_the_last_chunk_and_a_wrong_checksum_of_a_comment_are_no_damage() -> None:
    commented = WHOLE[:HEADER_END] + COMMENT[:-1] + b"?" + WHOLE[HEADER_END:]
    assert read(WHOLE + b"behind") == read(commented) == (120, 90)


def test_a_wrong_checksum_of_pixels_is_damage() -> None:
    body = bytearray(WHOLE)
    body[len(body) // 2] ^= 1
    with pytest.raises(UnreadableMedia, match="a chunk is not what its checksum says"):
        read(bytes(body))


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_pixels_that_end_early_in_a_file_that_does_not_are_damage(share: float) -> None:
    """OpenCV says so: the chunks are in order."""
    pixels = WHOLE[HEADER_END + 8 : -16]
    rows = zlib.decompress(pixels)
    for fewer in (pixels[: int(len(pixels) * share)], zlib.compress(rows[: int(len(rows) * share)])):
        body = WHOLE[:HEADER_END] + chunk(b"IDAT", fewer) + WHOLE[-12:]
        assert png.flaw(body) is None
        with pytest.raises(RequestError, match="damaged"):
            read(body)
