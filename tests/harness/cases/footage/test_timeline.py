"""Time stamps become seconds as docs/media.md says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cases.footage import timeline
from harness.cases.footage.codecs import Content
from harness.cases.footage.packets import Packet


def packet(pts: float | None, dts: float | None) -> Packet:
    return Packet(pts, dts, is_key=False, is_hidden=False, content=Content())


@pytest.mark.parametrize(
    ("stamps", "times"),
    [
        ([], ()),
        ([5.0, 5.5, 6.0], (0.0, 0.5, 1.0)),
        ([-1.0, 0.0], (0.0, 1.0)),
        ([0.0, 0.1, 0.1, 0.3], (0.0, 0.1, 0.1, 0.3)),
        ([0.0, 0.1, None, 0.3], (0.0, 0.1, 0.2, 0.3)),
        ([None, None, None], (0.0, 0.1, 0.2)),
        ([0.0, 0.1, 30.0], (0.0, 0.1, 30.0)),
        ([9.0, 9.1, 0.0, 0.1], (0.0, 0.1, 0.2, 0.3)),
        ([0.0, 0.5, 0.4, 0.6], (0.0, 0.5, 0.5, 0.6)),
    ],
    ids=["none", "late", "negative", "equal", "one without", "all without", "pause", "joined", "a little back"],
)
def test_seconds(stamps: timeline.Stamps, times: tuple[float, ...]) -> None:
    assert timeline.seconds(stamps, 0.1) == pytest.approx(times)


@given(st.lists(st.none() | st.floats(-1e6, 1e6)))
def test_seconds_begin_at_zero_and_never_go_back(stamps: timeline.Stamps) -> None:
    times = timeline.seconds(stamps, 0.04)
    assert len(times) == len(stamps)
    assert list(times) == sorted(times)
    assert times[:1] in ((), (0.0,))


def test_pictures_are_shown_by_their_presentation_times() -> None:
    decoded = [packet(0.0, -0.2), packet(0.3, -0.1), packet(0.1, 0.0), packet(0.2, 0.1)]
    assert timeline.shown_order(decoded) == [0.0, 0.1, 0.2, 0.3]


def test_a_second_recording_comes_after_the_first() -> None:
    decoded = [packet(8.0, 8.0), packet(8.2, 8.1), packet(8.1, 8.2), packet(0.0, 0.0), packet(0.1, 0.1)]
    assert timeline.shown_order(decoded) == [8.0, 8.1, 8.2, 0.0, 0.1]
