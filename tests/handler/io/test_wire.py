from __future__ import annotations

import pytest

from detector.core.errors import BadParameter, UnsupportedType
from detector.core.settings import Layout, Masks, Settings
from detector.io.wire import Output, negotiated


@pytest.mark.parametrize(
    ("accept", "output"),
    [
        (None, Output.JSON),
        ("", Output.JSON),
        ("*/*", Output.JSON),
        ("application/*", Output.JSON),
        ("application/json", Output.JSON),
        ("APPLICATION/JSON; charset=utf-8", Output.JSON),
        ("application/jsonlines", Output.JSON_LINES),
        ("application/x-npy", Output.NPY),
        ("application/json, text/csv", Output.JSON),
        ("text/csv, application/x-npy", Output.NPY),
        ("application/jsonlines,application/json", Output.JSON_LINES),
        ("application/jsonlines;q=0.2, application/json;q=0.9", Output.JSON),
        ("application/json;q=0, */*;q=0.1, application/x-npy;q=0.5", Output.NPY),
    ],
)
def test_the_first_type_that_can_be_written_is_chosen(accept: str | None, output: Output) -> None:
    assert negotiated(accept, Settings()) is output


@pytest.mark.parametrize("accept", ["text/csv", "image/*", "application/json;q=0", "nonsense", ","])
def test_a_type_that_cannot_be_written_is_refused_with_those_that_can(accept: str) -> None:
    with pytest.raises(
        UnsupportedType, match="accept one of application/json, application/jsonlines, application/x-npy"
    ):
        negotiated(accept, Settings())


def test_npy_cannot_carry_masks_or_the_plain_layout() -> None:
    with pytest.raises(BadParameter, match="masks=rle cannot be written as application/x-npy"):
        negotiated("application/x-npy", Settings(masks=Masks.RLE))
    with pytest.raises(BadParameter, match="layout=plain is a layout of JSON"):
        negotiated("application/x-npy", Settings(layout=Layout.PLAIN))
