"""Which packets are one picture."""

from __future__ import annotations

from harness.cases.footage.codecs import Content, Field
from harness.cases.footage.packets import Packet, pictures

TOP, BOTTOM, NEXT_TOP = Field(False, 3), Field(True, 3), Field(False, 4)


def shown(*contents: Content, is_hidden: bool = False) -> list[int]:
    """The places of the packets that begin a picture."""
    packets = [Packet(float(at), float(at), False, is_hidden, content) for at, content in enumerate(contents)]
    return [packets.index(packet) for packet in pictures(packets)]


def test_the_second_field_begins_no_picture() -> None:
    assert shown(Content(field=TOP), Content(field=BOTTOM), Content(field=NEXT_TOP), Content()) == [0, 2, 3]


def test_a_field_without_its_other_half_is_a_picture() -> None:
    assert shown(Content(field=TOP), Content(field=NEXT_TOP), Content(field=TOP), Content(), Content(field=BOTTOM)) == [
        0, 1, 2, 3, 4
    ]  # fmt: skip


def test_a_third_field_belongs_to_no_pair() -> None:
    assert shown(Content(field=TOP), Content(field=BOTTOM), Content(field=TOP)) == [0, 2]


def test_what_is_hidden_by_itself_or_by_an_edit_list_is_no_picture() -> None:
    assert shown(Content(shows=False), Content()) == [1]
    assert shown(Content(), Content(), is_hidden=True) == []
