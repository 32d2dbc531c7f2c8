from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.core.errors import EmptyMedia, RequestError, TruncatedMedia, UnreadableMedia, UnsupportedType
from detector.io import media
from detector.io.video import containers
from tests.handler.clips import CUT_IS_SEEN, FRAME_COUNT, WHOLE, ClipMaker, damaged, placed


def read_all(body: bytes | bytearray, content_type: str | None = "video/mp4") -> int:
    with media.open_clip(body, content_type, 1) as clip:
        return sum(1 for _ in clip.frames)


@pytest.mark.parametrize("name", CUT_IS_SEEN)
@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_a_clip_cut_in_half_is_a_failure_and_not_a_short_result(
    clips: ClipMaker, name: str, kind: type[bytes] | type[bytearray]
) -> None:
    whole = clips.whole(name).read_bytes()
    with pytest.raises(
        TruncatedMedia, match=f"declares at least .* bytes and {len(whole) // 2} arrived; .* can be read"
    ):
        read_all(kind(whole[: len(whole) // 2]))


def test_a_cut_clip_says_how_far_it_got(clips: ClipMaker) -> None:
    whole = clips.whole("faststart.mp4").read_bytes()
    with pytest.raises(TruncatedMedia) as caught:
        read_all(whole[: len(whole) // 2])
    words = str(caught.value).split()
    frame_count = int(words[words.index("frames") - 1])
    assert 5 < frame_count < FRAME_COUNT
    assert f"{frame_count} frames of about {FRAME_COUNT}, to {(frame_count - 1) / 25:.2f} s, can be read" in str(
        caught.value
    )


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wherever_a_clip_is_cut_no_frame_is_missing_silently(clips: ClipMaker, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["h264.mp4", "faststart.mp4", "mjpeg.avi", "h264.mkv"]))
    whole = clips.whole(name).read_bytes()
    kept = data.draw(st.integers(1, len(whole) - 1))
    count = FRAME_COUNT  # also when what was cut off were no pictures
    with suppress(RequestError):
        count = read_all(whole[:kept])
    assert count == FRAME_COUNT


_SHORT = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=1.6")
_SOUND = ("-f", "lavfi", "-i", "sine=duration=1.6")
_X264 = ("-c:v", "libx264", "-bf", "0", "-g", "10", "-pix_fmt", "yuv420p")


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("sound", [(), _SOUND])
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_short_flv_that_is_cut_is_not_answered_in_part(
    clips: ClipMaker, sound: tuple[str, ...], share: float
) -> None:
    path = clips.made(f"short-{bool(sound)}.flv", *_SHORT, *sound, *_X264, "-c:a", "aac")
    body = path.read_bytes()
    with pytest.raises(RequestError, match=r"nothing can be found after|of about \d+ frames can be read"):
        read_all(body[: int(len(body) * share)])


@pytest.mark.usefixtures("reader")
def test_a_short_matroska_file_with_a_damaged_block_is_not_answered_in_part(clips: ClipMaker) -> None:
    path = clips.made("short.mkv", *_SHORT, *_X264)
    body = bytearray(path.read_bytes())
    start, _ = placed(path)[20]
    body[start : start + 4] = bytes(4)
    with pytest.raises(UnreadableMedia, match="this Matroska file is damaged at byte"):
        read_all(body)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("seconds", [0.4, 1.6, 10])
@pytest.mark.parametrize("suffix", ["mkv", "flv", "ts", "mpg", "mp4"])
def test_a_short_clip_with_sound_is_whole(clips: ClipMaker, suffix: str, seconds: float) -> None:
    pattern = f"testsrc2=size=160x120:rate=25:duration={seconds}"
    sound = f"sine=duration={seconds}"
    codecs = ("-c:v", "mpeg2video", "-c:a", "mp2") if suffix == "mpg" else (*_X264, "-c:a", "aac")
    path = clips.made(f"sound-{seconds}.{suffix}", "-f", "lavfi", "-i", pattern, "-f", "lavfi", "-i", sound, *codecs)
    assert read_all(path.read_bytes()) == seconds * 25


def test_an_mp4_that_lost_its_index_at_a_box_boundary_is_cut(clips: ClipMaker) -> None:
    whole = clips.whole("h264.mp4").read_bytes()
    with pytest.raises(TruncatedMedia, match=r"has no index \(its 'moov' box"):
        read_all(whole[: whole.index(b"moov") - 4])


@pytest.mark.parametrize("name", WHOLE)
def test_bytes_after_the_end_of_a_whole_clip_are_no_reason_to_refuse_it(clips: ClipMaker, name: str) -> None:
    path = clips.whole(name)
    assert read_all(path.read_bytes() + b"\xf3" * 1000) == read_all(path.read_bytes())


@pytest.mark.parametrize("name", WHOLE)
def test_what_a_whole_clip_declares_has_arrived(clips: ClipMaker, name: str) -> None:
    body = clips.whole(name).read_bytes()
    container = containers.recognised(body)
    assert container is not None
    assert container.missing_bytes(body) == 0


@pytest.mark.parametrize("content_type", ["video/mp4", "image/png", "application/x-npy", None])
def test_an_empty_body_is_empty_media(content_type: str | None) -> None:
    with pytest.raises(EmptyMedia, match="the body is empty"):
        read_all(b"", content_type)


@pytest.mark.parametrize(
    "text", [b"just a line\n", b'{"video": "s3://bucket/clip.mp4"}' * 20, "Grüße, kein Film".encode()]
)
def test_a_text_renamed_to_mp4_is_called_a_text(text: bytes) -> None:
    with pytest.raises(UnreadableMedia, match="the body is a text, not a video"):
        read_all(text)


def test_a_playlist_cannot_make_the_decoder_open_another_file(clips: ClipMaker) -> None:
    """FFmpeg would follow both; the zero byte makes them no text."""
    other = clips.whole("h264.mp4")
    for playlist in (
        f"ffconcat version 1.0\nfile {other.name}\n",
        f"#EXTM3U\n#EXTINF:2,\n{other.name}\n#EXT-X-ENDLIST\n",
    ):
        path = clips.folder / "playlist.mp4"
        path.write_text(playlist)
        with pytest.raises(UnreadableMedia):
            read_all(playlist.encode())
        with pytest.raises(UnreadableMedia):
            read_all(playlist.encode() + b"\x00" * 8)


@pytest.mark.parametrize("body", [bytes(range(256)) * 20, b"\x00" * 5000])
def test_bytes_that_are_nothing_known_show_how_they_begin(body: bytes) -> None:
    with pytest.raises(UnreadableMedia, match="no video container known here; it begins with"):
        read_all(body)


def test_a_zip_archive_is_called_one() -> None:
    with pytest.raises(UnreadableMedia, match="this ZIP file holds no video stream"):
        read_all(b"PK\x03\x04" + bytes(200))


@pytest.mark.parametrize(
    ("name", "family"), [("sound.m4a", "MP4/MOV"), ("sound.mkv", "Matroska/WebM"), ("sound.wav", "RIFF")]
)
def test_a_clip_of_sound_alone_holds_no_video_stream(clips: ClipMaker, name: str, family: str) -> None:
    path = clips.made(name, "-f", "lavfi", "-i", "sine=duration=1")
    with pytest.raises(UnreadableMedia, match=f"this {family} file holds no video stream .* sound only"):
        read_all(path.read_bytes())


def test_a_clip_without_frames_is_empty_media(clips: ClipMaker) -> None:
    path = clips.made("none.avi", "-f", "lavfi", "-i", "testsrc2", "-frames:v", "0", "-c:v", "mpeg4")
    with pytest.raises(EmptyMedia, match="the video holds no frames"):
        read_all(path.read_bytes())


def test_a_clip_whose_frames_are_all_damaged_is_unreadable(clips: ClipMaker) -> None:
    pytest.importorskip("av")  # to find the packets
    body = damaged(clips.whole("mpeg4.avi"), [0, FRAME_COUNT - 1])
    with pytest.raises(UnreadableMedia, match="none of the 50 frames that the video declares can be decoded"):
        read_all(body)


def test_giant_frames_are_refused_before_they_are_decoded(clips: ClipMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.io.video.containers.MAX_FRAME_PIXELS", 160 * 120 - 1)
    with pytest.raises(UnreadableMedia, match="frames of 160 x 120 are larger than"):
        read_all(clips.whole("h264.mp4").read_bytes())


@pytest.mark.parametrize(
    "content_type", ["video/mp4; codecs=avc1", "VIDEO/MP4", " video/x-msvideo ", "binary/octet-stream", None]
)
def test_the_accepted_types_are_read_without_regard_to_case_and_parameters(
    clips: ClipMaker, content_type: str | None
) -> None:
    assert read_all(clips.whole("h264.mp4").read_bytes(), content_type) == FRAME_COUNT


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/csv", "image/gif", "video", "multipart/form-data; boundary=x"]
)
def test_another_type_is_refused_with_those_that_are_accepted(content_type: str) -> None:
    with pytest.raises(UnsupportedType, match=r"send one of video/\*, application/octet-stream, image/jpeg"):
        read_all(b"anything", content_type)


def test_a_path_is_not_a_body(clips: ClipMaker, tmp_path: Path) -> None:
    with pytest.raises(UnreadableMedia, match="is a text"):
        read_all(str(clips.whole("h264.mp4")).encode())
