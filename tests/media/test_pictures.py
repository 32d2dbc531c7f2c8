"""Each picture of the table is shown by the handler as Pillow shows it, or refused with the reason."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.handler.clips import ClipMaker
from tests.media.conftest import OtherOpenCV
from tests.media.marks import Pixels, number_in, worst_difference
from tests.media.pictures import NUMBER, PICTURES, Picture
from tests.media.reading import Refused, Seen, read

OTHERS = ("4.11.0.86", "5.0.0.93")
"""The lowest and the highest that are allowed to read pictures."""
_LEVELS = 3
_each_picture = pytest.mark.parametrize("row", PICTURES, ids=lambda row: row.name)


def shown_by_pillow(body: bytes) -> Pixels:
    """(height, width, 3) RGB, turned as EXIF says; deep levels lose their lower bits; transparency is not looked at."""
    with Image.open(io.BytesIO(body)) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I;16"):
            return np.repeat((np.asarray(upright) >> 8).astype(np.uint8)[..., None], 3, axis=2)
        return np.asarray(upright.convert("RGB"))


def assert_as_promised(found: Seen | Refused, row: Picture, body: bytes) -> None:
    if row.refused:
        assert isinstance(found, Refused), "read, where it was to be refused"
        assert found.status == 400
        assert re.search(row.refused, found.message), found.message
        return
    assert isinstance(found, Seen), found
    assert (found.indices, found.times, found.warnings) == ((0,), (0.0,), ())
    expected = shown_by_pillow(body)
    assert found.pixels.shape == (1, *expected.shape)
    assert worst_difference(found.pixels[0], expected) <= _LEVELS
    assert (expected.shape[1], expected.shape[0]) == row.size
    if min(row.size) >= 8:
        assert number_in(found.pixels[0]) == NUMBER


def test_the_table_is_as_large_as_promised_and_its_names_are_unique() -> None:
    assert len(PICTURES) >= 80
    assert [name for name, count in Counter(row.name for row in PICTURES).items() if count > 1] == []


@pytest.mark.parametrize("is_typed", [True, False], ids=["with its type", "without a type"])
@_each_picture
def test_by_the_installed_opencv(row: Picture, is_typed: bool, clips: ClipMaker) -> None:
    body = row.made(clips)
    if "called" in row.name and row.refused and not is_typed:
        pytest.skip("without the type it is not called a picture")
    assert_as_promised(read(body, 30, row.content_type if is_typed else None), row, body)


@pytest.mark.parametrize("version", OTHERS)
@_each_picture
def test_by_another_opencv(
    row: Picture, version: str, clips: ClipMaker, other_opencv: Callable[[str], OtherOpenCV]
) -> None:
    if "called" in row.name:
        pytest.skip("what it is called is not told here")
    body = row.made(clips)
    path = clips.folder / "picture"
    path.write_bytes(body)
    assert_as_promised(other_opencv(version).read(path), row, body)
