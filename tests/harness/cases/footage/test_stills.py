"""Pictures, judged by Pillow."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from harness.cases.footage import ClipFacts, facts_of


def picture(kind: str, orientation: int = 1) -> bytes:
    made = Image.effect_noise((64, 48), 60).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    made.save(file, kind, exif=exif)
    return file.getvalue()


def seen(folder: Path, body: bytes, content_type: str = "application/octet-stream") -> ClipFacts | None:
    path = folder / "picture"
    path.write_bytes(body)
    return facts_of(path, content_type)


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/octet-stream"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_has_the_size_in_which_it_is_shown(tmp_path: Path, orientation: int, content_type: str) -> None:
    found = seen(tmp_path, picture("JPEG", orientation), content_type)
    assert found == ClipFacts(*((64, 48) if orientation < 5 else (48, 64)), 1, 0.0)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_png_too(tmp_path: Path, orientation: int) -> None:
    found = seen(tmp_path, picture("PNG", orientation))
    assert found == ClipFacts(*((64, 48) if orientation == 1 else (48, 64)), 1, 0.0)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_of_which_a_part_is_missing_has_no_facts(tmp_path: Path, kind: str) -> None:
    body = picture(kind)
    assert seen(tmp_path, body[: len(body) // 2]) is None
    assert seen(tmp_path, body[:20]) is None


_CONTAINER = b"http://ns.google.com/photos/1.0/container/"


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (picture("JPEG") * 3, 3),
        ((picture("JPEG") + bytes(20)) * 3, 3),
        (picture("JPEG", 6) + picture("PNG"), 1),
        (picture("JPEG") + b"made by a phone" + picture("JPEG"), 1),
        (picture("JPEG")[:2] + b"\xff\xe1\x00\x2c" + _CONTAINER + picture("JPEG")[2:] + picture("JPEG"), 1),
    ],
    ids=["a stream", "a padded stream", "a PNG behind", "not behind it", "its own gain map"],
)
def test_jpegs_behind_each_other_are_a_clip_unless_they_are_called_a_picture(
    tmp_path: Path, body: bytes, count: int
) -> None:
    found, called = seen(tmp_path, body), seen(tmp_path, body, "image/jpeg")
    assert found
    assert called
    assert (found.frame_count, called.frame_count) == (count, 1)
