"""Each clip of the table is shown by the handler as ffmpeg shows it, or refused with the reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest

from detector.io.video import decoder
from tests.media.clips import CLIPS
from tests.media.conftest import OtherOpenCV
from tests.media.marks import worst_difference
from tests.media.reading import Refused, Seen, read
from tests.media.rows import Clip
from tests.media.truth import Reference, numbers_in

OLDER = "4.13.0.92"
"""The first that shows the colours of all streams as they are."""
_SECONDS, _LEVELS = 1e-3, 3
_each_clip = pytest.mark.parametrize("row", CLIPS, ids=lambda row: row.name)


def assert_right(found: Seen | Refused, row: Clip, reference: Reference, interval: int, levels: int) -> None:
    truth = reference.truth(row)
    assert numbers_in(truth.pixels, row) == row.expected_numbers, "the table is wrong about what is in the file"
    assert isinstance(found, Seen), found
    assert found.indices == tuple(range(0, truth.count, interval))
    assert found.pixels.shape[1:] == truth.pixels.shape[1:]
    assert numbers_in(found.pixels, row) == row.expected_numbers[::interval]
    assert found.times == pytest.approx(truth.times[::interval], abs=_SECONDS)
    assert worst_difference(found.pixels, truth.pixels[::interval]) <= levels
    assert {warning.code for warning in found.warnings} <= {row.warned}


def assert_refused(found: Seen | Refused, reason: str) -> None:
    assert isinstance(found, Refused), f"read, where it was to be refused because {reason}"
    assert found.status == 400
    assert re.search(reason, found.message), found.message


def test_the_table_is_as_large_as_promised_and_its_names_are_unique() -> None:
    assert len(CLIPS) >= 120
    assert [name for name, count in Counter(row.name for row in CLIPS).items() if count > 1] == []


@pytest.mark.parametrize("interval", [1, 5])
@_each_clip
def test_with_pyav(row: Clip, interval: int, reference: Reference) -> None:
    pytest.importorskip("av")
    found = read(reference.path(row).read_bytes(), interval)
    if row.refused:
        assert_refused(found, row.refused)
    else:
        assert_right(found, row, reference, interval, _LEVELS)


@_each_clip
def test_without_pyav(row: Clip, reference: Reference, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "av", None)
    found = read(reference.path(row).read_bytes(), 1)
    reason = row.refused or row.opencv_refuses or (row.opencv_may_refuse if isinstance(found, Refused) else "")
    if reason:
        assert_refused(found, reason)
    else:
        assert_right(found, row, reference, 1, row.opencv_levels)


@_each_clip
def test_without_pyav_under_an_older_opencv(
    row: Clip, reference: Reference, other_opencv: Callable[[str], OtherOpenCV]
) -> None:
    found = other_opencv(OLDER).read(reference.path(row))
    reason = row.refused or row.older_refuses or row.opencv_refuses
    reason = reason or (row.opencv_may_refuse if isinstance(found, Refused) else "")
    if reason:
        assert_refused(found, reason)
    else:
        assert_right(found, row, reference, 1, row.opencv_levels)
