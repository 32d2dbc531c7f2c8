"""What clients call a file, by our table and by others', against what the handler accepts and reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.async_client.content_types import CONTENT_TYPES, content_type_of
from detector.core.errors import EmptyMedia, UnsupportedType
from detector.io import media
from tests.handler.clips import ClipMaker

READ = "ts mts m2ts 3gp 3g2 mxf mkv webm mp4 m4v mov avi mpg mpeg wmv flv ogv ogg y4m jpg jpeg png npy"
_MPEG2 = "-c:v mpeg2video"
_MADE = {
    "clip.ts": "-c:v libx264",
    "clip.mts": "-c:v libx264 -f mpegts",
    "clip.m2ts": "-c:v libx264 -f mpegts -mpegts_m2ts_mode 1",
    "clip.3gp": "-c:v libx264",
    "clip.mxf": _MPEG2,
    "clip.mpeg": _MPEG2,
    "clip.m4v": "-c:v libx264 -f mp4",
    "clip.wmv": "-c:v wmv2",
    "clip.flv": "-c:v flv1",
    "clip.y4m": "",
}


def is_accepted(content_type: str) -> bool:
    try:
        media.open_clip(b"", content_type, 1)
    except EmptyMedia:
        return True
    except UnsupportedType:
        return False
    raise AssertionError("an empty body was opened")


@pytest.mark.parametrize("suffix", READ.split())
def test_the_type_that_a_client_gives_a_file_is_accepted(suffix: str) -> None:
    assert is_accepted(content_type_of(Path(f"clip.{suffix}")))


def test_what_the_table_calls_a_video_is_accepted_and_nothing_else_but_pictures_and_arrays() -> None:
    accepted = {suffix for suffix, content_type in CONTENT_TYPES.items() if is_accepted(content_type)}
    videos = {suffix for suffix, content_type in CONTENT_TYPES.items() if content_type.startswith("video/")}
    assert accepted == videos | {".mxf", ".ogg", ".ogx", ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".npy"}


def test_what_the_handler_accepts_has_a_suffix_in_the_table() -> None:
    named = {*CONTENT_TYPES.values(), "application/octet-stream", "video/*"}
    assert set(media.ACCEPTED.split(", ")) <= named


@pytest.mark.parametrize(
    "content_type", ["text/vnd.trolltech.linguist", "model/vnd.mts", "audio/3gpp", "audio/3gpp2", "application/ogg"]
)
def test_what_other_machines_tables_call_a_video_is_accepted(content_type: str) -> None:
    assert is_accepted(content_type)


@pytest.mark.parametrize("name", _MADE)
def test_a_clip_sent_with_the_type_of_its_name_is_read(clips: ClipMaker, name: str) -> None:
    source = ("-f", "lavfi", "-i", "testsrc2=size=176x144:rate=25:duration=0.4", "-pix_fmt", "yuv420p")
    body = clips.made(name, *source, *_MADE[name].split()).read_bytes()
    with media.open_clip(body, content_type_of(Path(name)), 1) as clip:
        assert sum(1 for _ in clip.frames) == 10
