"""What the bits of a packet say. Streams of encoders are in `test_videos`; here is what no encoder at hand writes."""

from __future__ import annotations

import pytest

from harness.cases.footage.codecs import Content, Field, reader_of
from tests.harness.cases.footage import fields

PICTURE, NOTHING = Content(), Content(shows=False)


def of(codec: str, *packets: bytes, extradata: bytes = b"") -> list[Content]:
    read = reader_of(codec, extradata)
    return [read(packet) for packet in packets]


def with_length(packet: bytes) -> bytes:
    """The one unit of a packet with a length of four bytes before it."""
    body = packet.removeprefix(fields.START)
    return len(body).to_bytes(4, "big") + body


def avcc() -> bytes:
    sequence, picture = fields.parameter_sets().split(fields.START)[1:]
    sets = b"\xe1" + len(sequence).to_bytes(2, "big") + sequence + b"\x01" + len(picture).to_bytes(2, "big") + picture
    return b"\x01\x4d\x00\x1e\xff" + sets


def test_a_field_of_h264_says_which_half_of_which_picture_it_is() -> None:
    top, bottom = fields.field(0, is_bottom=False), fields.field(0, is_bottom=True)
    expected = [Content(field=Field(False, 0)), Content(field=Field(True, 0), refreshes_slowly=True)]
    assert of("h264", fields.parameter_sets() + top, bottom) == expected
    assert of("h264", top, bottom, extradata=fields.parameter_sets()) == expected
    assert of("h264", with_length(top), with_length(bottom), extradata=avcc()) == expected


def test_both_fields_in_one_packet_are_a_picture() -> None:
    both = fields.field(0, is_bottom=False) + fields.field(0, is_bottom=True)
    assert of("h264", both, extradata=fields.parameter_sets()) == [PICTURE]


def test_headers_without_a_slice_are_no_picture() -> None:
    (found,) = of("h264", fields.parameter_sets())
    assert not found.shows


@pytest.mark.parametrize("body", [bytes(40), b"\xff" * 40, b"\x00\x00\x00\x50\x41abc"])
def test_units_that_do_not_add_up_are_a_damaged_picture(body: bytes) -> None:
    assert of("h264", body, extradata=avcc()) == [PICTURE]
    assert of("hevc", body, extradata=b"\x01" + bytes(20) + b"\x03\x00") == [PICTURE]


def unit_of_hevc(kind: int) -> bytes:
    return b"\x00\x00\x01" + bytes([kind << 1, 1]) + b"\xaf\x00"


def test_leading_pictures_of_hevc_are_lost_where_a_sequence_begins() -> None:
    clean, leading, trailing, end = (unit_of_hevc(kind) for kind in (21, 8, 1, 36))
    found = of("hevc", clean, leading, trailing, clean, leading, trailing + end, clean, leading)
    assert [each.shows for each in found] == [True, False, True, True, True, True, True, False]


def test_leading_pictures_of_hevc_are_lost_behind_a_broken_link() -> None:
    found = of("hevc", *(unit_of_hevc(kind) for kind in (19, 1, 16, 9)))
    assert [each.shows for each in found] == [True, True, True, False]


@pytest.mark.parametrize(("structure", "expected"), [(1, Field(False, 5)), (2, Field(True, 5)), (3, None)])
def test_a_picture_of_mpeg2_says_what_it_is(structure: int, expected: Field | None) -> None:
    packet = b"\x00\x00\x01\x00" + (5 << 6).to_bytes(2, "big") + bytes(3)
    packet += b"\x00\x00\x01\xb5\x81\x11" + bytes([0xF0 | structure]) + b"\x80\x00"
    assert of("mpeg2video", packet) == [Content(field=expected)]


def test_mpeg4_is_certain_of_one_picture_a_packet_alone() -> None:
    plane = b"\x00\x00\x01\xb6" + bytes(40)
    assert [each.is_certain for each in of("mpeg4", plane, plane * 2, plane[:7], bytes(40))] == [
        True, False, False, True
    ]  # fmt: skip


def test_hidden_references_of_vp8() -> None:
    shown, hidden = b"\x31\x00\x00" + bytes(9), b"\x21\x00\x00" + bytes(9)
    key = b"\x10\x00\x00\x9d\x01\x2a" + bytes(9)
    assert of("vp8", key, shown, hidden) == [PICTURE, PICTURE, NOTHING]


def test_a_key_frame_of_vp8_without_its_start_code_is_a_damaged_picture() -> None:
    assert of("vp8", bytes(40)) == [PICTURE]


def test_hidden_references_of_vp9_alone_and_in_superframes() -> None:
    shown, hidden, again = b"\x86" + bytes(9), b"\x84" + bytes(9), b"\x88"
    index = b"\xc1\x0a\x0a\xc1"
    assert of("vp9", shown, hidden, again) == [PICTURE, NOTHING, PICTURE]
    assert of("vp9", hidden + shown + index, hidden + hidden + index) == [PICTURE, NOTHING]
    assert of("vp9", bytes(40)) == [PICTURE]


def test_of_an_unknown_codec_only_a_decoder_can_tell() -> None:
    assert of("rv40", b"x") == [Content(is_certain=False)]
    assert of("av1", b"x") == [PICTURE]
