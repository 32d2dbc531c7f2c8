"""A packet that cannot be decoded is told, and the frames after it keep their places and times."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

import inference
from detector.core.errors import RequestError, TruncatedMedia, UnreadableMedia
from detector.core.frames import ClipWarning, Frame
from detector.core.settings import DamagedFrames, Settings
from detector.io import media
from detector.io.video import decoder
from detector.pipeline import Request, respond
from tests.handler.clips import ClipMaker, damaged, placed, reference_times
from tests.handler.fakes import service

av = pytest.importorskip("av")

COUNT = 100
_PATTERN = ("-f", "lavfi", "-i", f"testsrc2=size=160x120:rate=25:duration={COUNT / 25}")
CODECS = {
    "damaged-h264.mp4": "-c:v libx264 -bf 0 -g 4 -pix_fmt yuv420p",
    "damaged-h264-b.mp4": "-c:v libx264 -bf 3 -g 4 -sc_threshold 0 -pix_fmt yuv420p",
    "damaged-h264-open.mp4": "-c:v libx264 -bf 1 -g 4 -x264-params open-gop=1 -pix_fmt yuv420p",
    "damaged-vp9.webm": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 4",
    "damaged-mpeg4.mp4": "-c:v mpeg4 -g 4",
    "damaged-mpeg2.mov": "-c:v mpeg2video -bf 1 -g 4",
    "damaged-mjpeg.avi": "-c:v mjpeg",
    "damaged-h263.avi": "-c:v flv1 -g 4",
    "damaged-prores.mov": "-c:v prores",
    "damaged-hevc.mp4": "-c:v libx265 -x265-params log-level=none:keyint=4:bframes=0 -pix_fmt yuv420p",
}
LONG_GROUPS = {
    "long-h264.mp4": "-c:v libx264 -bf 3 -pix_fmt yuv420p",
    "long-vp9.webm": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8",
    "long-mpeg4.mp4": "-c:v mpeg4 -g 100",
    "long-hevc.mp4": "-c:v libx265 -g 100 -x265-params log-level=none",
}
"""One group of pictures: all but the first refer to one before."""
SCHEMA = json.loads(Path(inference.__file__).with_name("predictions.schema.json").read_text())


def read(
    body: bytes, interval: int = 1, percent: float = 5.0, *, keeps_damaged: bool = False
) -> tuple[list[Frame], list[ClipWarning]]:
    with media.open_clip(body, "video/mp4", interval, percent, keeps_damaged=keeps_damaged) as clip:
        return list(clip.frames), clip.warnings


def half_damaged(path: Path, packet: int) -> bytes:
    """The second half of one packet is zeros: FFmpeg shows the picture, and invents what is missing."""
    body = bytearray(path.read_bytes())
    start, size = placed(path)[packet]
    body[start + size // 2 : start + size] = bytes(size - size // 2)
    return bytes(body)


def referred_to(path: Path, packet: int) -> int:
    """That packet or the next one whose picture others refer to (nal_ref_idc of H.264; MPEG-4 here has no others)."""
    body, places = path.read_bytes(), placed(path)
    return next(at for at in range(packet, COUNT) if "h264" not in path.name or body[places[at][0] + 4] >> 5)


def assert_as_filmed(found: list[Frame], whole: list[Frame]) -> None:
    for frame in found:
        assert np.array_equal(frame.pixels, whole[frame.frame_index].pixels), frame.frame_index


def lost_and_told(warnings: list[ClipWarning]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    (warning,) = warnings
    assert warning.code == "undecodable_packets"
    return warning.packets, warning.lost_frames


@pytest.mark.parametrize("interval", [1, 3])
@pytest.mark.parametrize("filling", [0, 0xA7])
@pytest.mark.parametrize("name", CODECS)
def test_a_packet_that_fails_is_told_and_the_frames_after_it_keep_their_places_and_times(
    clips: ClipMaker, name: str, filling: int, interval: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = clips.made(name, *_PATTERN, *CODECS[name].split())
    whole, none = read(path.read_bytes())
    assert (len(whole), none) == (COUNT, [])
    times = reference_times(path)
    found, warnings = read(damaged(path, [60], filling), interval)
    packets, lost = lost_and_told(warnings)
    assert packets == (60,)
    assert len(lost) <= 5
    assert 57 <= min(lost) <= max(lost) <= 64
    assert [frame.frame_index for frame in found] == [index for index in range(0, COUNT, interval) if index not in lost]
    assert [frame.pts_seconds for frame in found] == pytest.approx([times[frame.frame_index] for frame in found])
    assert_as_filmed(found, whole)
    assert "1 packets cannot be decoded, the first is number 60" in caplog.text


def test_every_packet_that_fails_is_named(clips: ClipMaker) -> None:
    path = clips.made("damaged-mpeg4.mp4", *_PATTERN, *CODECS["damaged-mpeg4.mp4"].split())
    _, warnings = read(damaged(path, [96, 99]))
    assert lost_and_told(warnings) == ((96, 97, 98, 99), (96, 97, 98, 99))


def test_a_first_packet_that_fails_shifts_no_index_and_no_time(clips: ClipMaker) -> None:
    path = clips.made("damaged-prores.mov", *_PATTERN, *CODECS["damaged-prores.mov"].split())
    found, warnings = read(damaged(path, [0]))
    assert lost_and_told(warnings) == ((0,), (0,))
    assert [frame.frame_index for frame in found] == list(range(1, COUNT))
    assert [frame.pts_seconds for frame in found] == pytest.approx([index / 25 for index in range(1, COUNT)])


@pytest.mark.parametrize("name", CODECS)
def test_a_clip_whose_second_half_is_zeros_is_an_error(clips: ClipMaker, name: str) -> None:
    path = clips.made(name, *_PATTERN, *CODECS[name].split())
    for interval in (1, 30):
        with pytest.raises(RequestError):
            read(damaged(path, [50, 99]), interval)


@pytest.mark.parametrize("name", ["zeros.mkv", "zeros.flv", "zeros.webm"])
def test_a_container_whose_second_half_is_zeros_is_an_error(clips: ClipMaker, name: str) -> None:
    path = clips.made(
        name, *_PATTERN, *("-c:v", "libvpx") if name.endswith("webm") else ("-c:v", "libx264", "-g", "25")
    )
    body = path.read_bytes()
    with pytest.raises((UnreadableMedia, TruncatedMedia)):
        read(body[: len(body) // 2] + bytes(len(body) - len(body) // 2))


def test_more_failing_packets_than_the_bound_are_an_error(clips: ClipMaker) -> None:
    path = clips.made("damaged-mpeg4.mp4", *_PATTERN, *CODECS["damaged-mpeg4.mp4"].split())
    body = damaged(path, [60, 65])
    with pytest.raises(UnreadableMedia, match=r"6 packets cannot be decoded, the first is number 60 .* more than 5 %"):
        read(body)
    assert len(read(body, percent=8)[0]) == COUNT - 8


def test_a_bound_of_nothing_makes_any_failing_packet_an_error(clips: ClipMaker) -> None:
    path = clips.made("damaged-mpeg4.mp4", *_PATTERN, *CODECS["damaged-mpeg4.mp4"].split())
    body = damaged(path, [60])
    strict = service(Settings(failed_packets_percent=0.0))
    with pytest.raises(UnreadableMedia, match="more than 0 %"):
        respond(strict, Request(body, "video/mp4"))
    assert respond(strict, Request(path.read_bytes(), "video/mp4"))


@pytest.mark.parametrize("name", LONG_GROUPS)
def test_a_clip_that_loses_most_of_a_long_group_is_an_error(clips: ClipMaker, name: str) -> None:
    """One packet fails, and every picture to the next key frame depends on it."""
    path = clips.made(name, *_PATTERN, *LONG_GROUPS[name].split())
    with pytest.raises(UnreadableMedia, match=r"1 packets cannot be decoded.* frames are lost.*DAMAGED_FRAMES=kept"):
        read(damaged(path, [60]))


@pytest.mark.parametrize("packet", [2, 41])
def test_an_avi_that_does_not_say_in_which_order_pictures_are_shown_is_refused(clips: ClipMaker, packet: int) -> None:
    path = clips.made("damaged-h264-b.avi", *_PATTERN, *CODECS["damaged-h264-b.mp4"].split())
    whole, warnings = read(path.read_bytes())
    assert ([frame.frame_index for frame in whole], warnings) == (list(range(COUNT)), [])
    with pytest.raises(UnreadableMedia, match=r"packet 4?\d of the video cannot be decoded .*in which order"):
        read(damaged(path, [packet]), percent=100.0)


@pytest.mark.parametrize("interval", [1, 2, 3])
@pytest.mark.parametrize("is_whole_packet", [True, False])
@pytest.mark.parametrize("name", [name for name in LONG_GROUPS if "h264" in name or "mpeg4" in name])
def test_no_frame_is_given_that_depends_on_a_packet_that_failed(
    clips: ClipMaker, name: str, is_whole_packet: bool, interval: int
) -> None:
    """Not one that is shown before it, either: a picture that B-frames refer to comes before them."""
    path = clips.made(name, *_PATTERN, *LONG_GROUPS[name].split())
    broken = referred_to(path, 60)
    body = damaged(path, [broken]) if is_whole_packet else half_damaged(path, broken)
    whole, _ = read(path.read_bytes())
    found, warnings = read(body, interval, percent=100)
    packets, lost = lost_and_told(warnings)
    assert packets == (broken,)
    assert set(lost) >= set(range(broken + 4, COUNT))
    assert [frame.frame_index for frame in found] == [index for index in range(0, COUNT, interval) if index not in lost]
    assert_as_filmed(found, whole)


@pytest.mark.parametrize("interval", [1, 3])
def test_frames_that_depend_on_a_packet_that_failed_can_be_kept_and_are_named(clips: ClipMaker, interval: int) -> None:
    path = clips.made("long-mpeg4.mp4", *_PATTERN, *LONG_GROUPS["long-mpeg4.mp4"].split())
    found, (warning,) = read(damaged(path, [60]), interval, keeps_damaged=True)
    assert (warning.packets, warning.lost_frames) == ((60,), (60,))
    assert warning.damaged_frames == tuple(range(61, COUNT))
    assert "39 frames depend on them and may show the damage" in warning.message
    assert [frame.frame_index for frame in found] == [index for index in range(0, COUNT, interval) if index != 60]


def test_a_motion_jpeg_picture_that_is_damaged_midway_is_not_shown(clips: ClipMaker) -> None:
    path = clips.made("damaged-mjpeg.avi", *_PATTERN, *CODECS["damaged-mjpeg.avi"].split())
    found, warnings = read(half_damaged(path, 60))
    assert lost_and_told(warnings) == ((60,), (60,))
    assert_as_filmed(found, read(path.read_bytes())[0])


@pytest.mark.parametrize("accept", ["application/json", "application/jsonlines"])
def test_the_answer_says_what_failed(clips: ClipMaker, accept: str, caplog: pytest.LogCaptureFixture) -> None:
    path = clips.made("damaged-mpeg4.mp4", *_PATTERN, *CODECS["damaged-mpeg4.mp4"].split())
    body, _ = respond(service(), Request(damaged(path, [60]), "video/mp4", accept))
    header, *rest = map(json.loads, body.decode().splitlines())
    frames = rest or header.pop("frames")
    (warning,) = header["warnings"]
    assert (warning["code"], warning["packets"]) == ("undecodable_packets", [60])
    assert warning["lost_frames"] == [60, 61, 62, 63]
    assert [frame["frame_index"] for frame in frames] == [index for index in range(COUNT) if not 60 <= index < 64]
    Draft202012Validator(SCHEMA).validate({**header, "frames": frames})
    assert "4 frames are lost" in caplog.text


def test_the_answer_names_damaged_frames_that_are_kept(clips: ClipMaker) -> None:
    path = clips.made("damaged-mpeg4.mp4", *_PATTERN, *CODECS["damaged-mpeg4.mp4"].split())
    keeping = service(Settings(damaged_frames=DamagedFrames.KEPT))
    document = json.loads(respond(keeping, Request(damaged(path, [60]), "video/mp4"))[0])
    Draft202012Validator(SCHEMA).validate(document)
    assert document["warnings"][0]["damaged_frames"] == [61, 62, 63]


@pytest.mark.parametrize("packet", [0, 60, 96])
@pytest.mark.parametrize("interval", [1, 4, 7])
def test_a_plain_answer_has_an_element_for_a_lost_frame_and_the_first_has_the_warnings(
    clips: ClipMaker, packet: int, interval: int
) -> None:
    path = clips.made("damaged-mpeg4.mp4", *_PATTERN, *CODECS["damaged-mpeg4.mp4"].split())
    attributes = f"layout=plain;frame_interval={interval};score_threshold=0"
    for accept in ("application/json", "application/jsonlines"):
        body, _ = respond(service(), Request(damaged(path, [packet]), "video/mp4", accept, attributes))
        elements = list(map(json.loads, body.splitlines())) if "lines" in accept else json.loads(body)
        Draft202012Validator({"$ref": "#/$defs/plain", "$defs": SCHEMA["$defs"]}).validate(elements)
        assert len(elements) == len(range(0, COUNT, interval))
        lost = [place * interval for place, element in enumerate(elements) if element.get("lost")]
        assert lost == [index for index in range(packet, packet + 4) if index % interval == 0]
        assert all(element["boxes"] for element in elements if not element.get("lost"))
        assert [place for place, element in enumerate(elements) if "warnings" in element] == [0]
        assert elements[0]["warnings"][0]["packets"] == [packet]


def test_an_npy_answer_has_its_warnings_in_a_second_array(clips: ClipMaker) -> None:
    path = clips.made("damaged-mpeg4.mp4", *_PATTERN, *CODECS["damaged-mpeg4.mp4"].split())
    for body, is_damaged in ((damaged(path, [60]), True), (path.read_bytes(), False)):
        answer = io.BytesIO(respond(service(), Request(body, "video/mp4", "application/x-npy"))[0])
        assert len(np.load(answer)) == COUNT - 4 * is_damaged
        if not is_damaged:
            assert answer.read() == b""
            continue
        (warning,) = map(json.loads, np.load(answer))
        assert (warning["code"], warning["lost_frames"]) == ("undecodable_packets", [60, 61, 62, 63])
        Draft202012Validator({"$ref": "#/$defs/warning", "$defs": SCHEMA["$defs"]}).validate(warning)


def test_a_good_clips_answer_has_no_warnings(clips: ClipMaker) -> None:
    body, _ = respond(service(), Request(clips.whole("h264.mp4").read_bytes(), "video/mp4"))
    assert "warnings" not in json.loads(body)


@pytest.mark.parametrize("interval", [1, 3])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_decoder_that_raises_midway_is_never_a_shorter_answer(
    clips: ClipMaker, monkeypatch: pytest.MonkeyPatch, interval: int, times: int
) -> None:
    """The next way of decoding goes on; where there is none left, it is an error."""
    body = clips.whole("b-frames.mp4").read_bytes()
    expected, _ = read(body, interval)
    packets, left = decoder.Source.packets, times if interval > 1 else times - 1

    def failing(source: decoder.Source) -> Iterator[Any]:
        nonlocal left
        is_failing, left = left > 0, left - 1
        for number, packet in enumerate(packets(source)):
            if is_failing and number == 20:
                raise av.InvalidDataError(1, "broken")
            yield packet

    monkeypatch.setattr(decoder.Source, "packets", failing)
    if times < 3:
        found, _ = read(body, interval)
        assert [frame.frame_index for frame in found] == [frame.frame_index for frame in expected]
    else:
        with pytest.raises(UnreadableMedia, match="broken"):
            read(body, interval)


def test_of_a_whole_clip_nothing_is_logged(clips: ClipMaker, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        read(clips.whole("h264.mp4").read_bytes())
    assert not caplog.records


def test_in_joined_recordings_nothing_is_lost(clips: ClipMaker) -> None:
    """The second one's first packet is earlier than the first one's last picture, which has not come yet."""
    path = clips.made("joined-mpeg2.mpg", *_PATTERN, *["-c:v", "mpeg2video", "-bf", "0", "-g", "4"])
    found, warnings = read(path.read_bytes() * 2)
    assert warnings == []
    assert [frame.frame_index for frame in found] == list(range(2 * COUNT))
    assert [frame.pts_seconds for frame in found] == pytest.approx([at / 25 for at in range(2 * COUNT)])
