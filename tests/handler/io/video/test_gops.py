"""What the records of packets say before anything is decoded."""

from __future__ import annotations

from operator import length_hint

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.io.video.gops import PacketRecord, late, reorder_depth, torn


def records(stamps: list[int | None]) -> list[PacketRecord]:
    return [PacketRecord(stamp, begins_group=False) for stamp in stamps]


@given(st.permutations(range(20)))
def test_the_depth_is_the_most_pictures_that_are_decoded_after_one_and_shown_before_it(stamps: list[int]) -> None:
    counted = [sum(later < stamp for later in stamps[at + 1 :]) for at, stamp in enumerate(stamps)]
    assert reorder_depth(records(list(stamps))) == max(counted)


def test_the_depth_is_bounded_and_a_file_without_times_has_the_bound() -> None:
    assert reorder_depth(records([1000, *range(1000)])) == 32
    assert reorder_depth(records([None, None])) == 32
    assert reorder_depth([]) == 0


@given(st.lists(st.integers()), st.integers(0, 9))
def test_pictures_that_wait_are_the_same_in_the_same_order(items: list[int], depth: int) -> None:
    assert list(late(items, depth)) == items


def test_a_picture_waits_until_as_many_have_come_as_may_damage_it() -> None:
    source = iter(range(9))
    for shown in late(source, 3):
        assert length_hint(source) == max(5 - shown, 0)


@pytest.mark.parametrize(
    ("marked", "keys", "expected"),
    [([], [0], []), ([4], [0], [5]), ([4], [0, 6], []), ([4], [0, 5], [5]), ([9], [0], []), ([2, 4], [0], [3, 5])],
)
def test_a_stream_is_torn_before_the_packet_after_the_marked_one_unless_a_key_frame_follows(
    marked: list[int], keys: list[int], expected: list[int]
) -> None:
    packets = [PacketRecord(at, False, at not in marked, is_key=at in keys) for at in range(10)]
    assert torn(packets) == expected
