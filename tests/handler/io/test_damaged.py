"""A packet that cannot be decoded is told, and the frames after it keep their places and times."""

from __future__ import annotations

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
from detector.core.settings import Settings
from detector.io import media
from detector.io.video import decoder
from detector.pipeline import Request, respond
from tests.handler.clips import ClipMaker, damaged, reference_times
from tests.handler.fakes import service

av = pytest.importorskip("av")

COUNT = 100
_PATTERN = ("-f", "lavfi", "-i", f"testsrc2=size=160x120:rate=25:duration={COUNT / 25}")
CODECS = {
    "damaged-h264.mp4": "-c:v libx264 -bf 0 -pix_fmt yuv420p",
    "damaged-h264-b.mp4": "-c:v libx264 -bf 3 -g 50 -pix_fmt yuv420p",
    "damaged-vp9.webm": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8",
    "damaged-mpeg4.mp4": "-c:v mpeg4",
    "damaged-prores.mov": "-c:v prores",
    "damaged-hevc.mp4": "-c:v libx265 -x265-params log-level=none:keyint=4:bframes=0 -pix_fmt yuv420p",
}
SCHEMA = json.loads(Path(inference.__file__).with_name("predictions.schema.json").read_text())


def read(body: bytes, interval: int = 1, percent: float = 5.0) -> tuple[list[Frame], list[ClipWarning]]:
    with media.open_clip(body, "video/mp4", interval, percent) as clip:
        return list(clip.frames), clip.warnings


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
    assert len(lost) <= 4
    assert 57 <= min(lost) <= max(lost) <= 63
    assert [frame.frame_index for frame in found] == [index for index in range(0, COUNT, interval) if index not in lost]
    assert [frame.pts_seconds for frame in found] == pytest.approx([times[frame.frame_index] for frame in found])
    before = [frame for frame in found if frame.frame_index < 50]
    assert all(np.array_equal(frame.pixels, whole[frame.frame_index].pixels) for frame in before)
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
    assert len(read(body, percent=6)[0]) == COUNT - 6


def test_a_bound_of_nothing_makes_any_failing_packet_an_error(clips: ClipMaker) -> None:
    path = clips.made("damaged-mpeg4.mp4", *_PATTERN, *CODECS["damaged-mpeg4.mp4"].split())
    body = damaged(path, [60])
    strict = service(Settings(failed_packets_percent=0.0))
    with pytest.raises(UnreadableMedia, match="more than 0 %"):
        respond(strict, Request(body, "video/mp4"))
    assert respond(strict, Request(path.read_bytes(), "video/mp4"))


def test_an_hevc_clip_that_loses_most_of_a_long_group_is_an_error(clips: ClipMaker) -> None:
    """One packet fails, and FFmpeg shows nothing before the next key frame."""
    path = clips.made("long-hevc.mp4", *_PATTERN, *["-c:v", "libx265", "-g", "100", "-x265-params", "log-level=none"])
    with pytest.raises(UnreadableMedia, match=r"1 packets cannot be decoded.* frames are lost"):
        read(damaged(path, [60]))


@pytest.mark.parametrize("accept", ["application/json", "application/jsonlines"])
def test_the_answer_says_what_failed(clips: ClipMaker, accept: str, caplog: pytest.LogCaptureFixture) -> None:
    path = clips.made("damaged-mpeg4.mp4", *_PATTERN, *CODECS["damaged-mpeg4.mp4"].split())
    body, _ = respond(service(), Request(damaged(path, [60]), "video/mp4", accept))
    header, *rest = map(json.loads, body.decode().splitlines())
    frames = rest or header.pop("frames")
    (warning,) = header["warnings"]
    assert (warning["code"], warning["packets"], warning["lost_frames"]) == ("undecodable_packets", [60], [60])
    assert [frame["frame_index"] for frame in frames] == [index for index in range(COUNT) if index != 60]
    Draft202012Validator(SCHEMA).validate({**header, "frames": frames})
    assert "until the next key frame" in caplog.text


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
