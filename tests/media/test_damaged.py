"""Of a damaged clip every picture that is answered is the one that it is said to be, and what is missing is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.io.video import decoder
from tests.media.damage import DAMAGED, Damaged
from tests.media.marks import number_in, worst_difference
from tests.media.reading import Refused, Seen, read
from tests.media.truth import Reference, Truth

_GROUP = 6  # pictures from one key frame to the next
_each = pytest.mark.parametrize("row", DAMAGED, ids=lambda row: row.name)


def harmed_frames(found: Seen, truth: Truth) -> list[int]:
    """Frames that are not as in the whole clip."""
    pairs = zip(found.indices, found.pixels, strict=True)
    return [index for index, picture in pairs if worst_difference(picture, truth.pixels[index]) > 3]


def assert_told(found: Seen, truth: Truth, interval: int) -> None:
    (warning,) = found.warnings
    assert warning.code == "undecodable_packets"
    lost = set(warning.lost_frames)
    assert found.indices == tuple(index for index in range(0, truth.count, interval) if index not in lost)
    assert found.times == pytest.approx([truth.times[index] for index in found.indices], abs=1e-3)
    near = range(min(warning.packets) - _GROUP, max(warning.packets) + _GROUP + 1)
    assert lost <= set(near)
    assert set(harmed_frames(found, truth)) <= set(near), "damage far from the packet that failed"
    assert all(number_in(picture) == index for index, picture in zip(found.indices, found.pixels, strict=True)
               if index not in near)  # fmt: skip


def body_of(row: Damaged, reference: Reference) -> tuple[bytes, Truth]:
    path: Path = reference.path(row.clip)
    return row.damage(path), reference.truth(row.clip)


@pytest.mark.parametrize("interval", [1, 5])
@_each
def test_with_pyav(row: Damaged, interval: int, reference: Reference) -> None:
    pytest.importorskip("av")
    body, truth = body_of(row, reference)
    found = read(body, interval)
    if row.is_read:
        assert isinstance(found, Seen), found
        if found.warnings or interval == 1:
            assert_told(found, truth, interval)
        else:  # the packet that fails is one that no sampled frame needs
            assert found.indices == tuple(range(0, truth.count, interval))
            assert harmed_frames(found, truth) == []
    else:
        assert isinstance(found, Refused), f"{len(found.indices)} frames of {truth.count}"
        assert found.status == 400


@_each
def test_without_pyav_it_is_refused(row: Damaged, reference: Reference, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("av")  # to find the packet
    body, truth = body_of(row, reference)
    monkeypatch.setattr(decoder, "av", None)
    found = read(body, 1)
    assert isinstance(found, Refused), (len(found.indices), harmed_frames(found, truth))
    assert found.status == 400
