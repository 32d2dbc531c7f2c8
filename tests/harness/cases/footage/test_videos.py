"""What a video shows, found by demuxing, beside what ffprobe decodes."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from harness.cases.footage import ClipFacts, facts_of, is_damaged
from tests.handler.clips import (
    CUT_IS_SEEN,
    INTERLACED,
    ORIENTATIONS,
    WHOLE,
    ClipMaker,
    damaged,
    reference_times,
    with_matrix,
)
from tests.harness.cases.footage import fields

PATTERN = ("-f", "lavfi", "-i", "testsrc2=size=160x128:rate=25:duration=4")
TONE = ("-f", "lavfi", "-i", "sine=duration=4")
_X264 = "-c:v libx264 -preset veryfast -pix_fmt yuv420p"
_OPEN = f"{_X264} -bf 3 -g 25 -x264-params open-gop=1:scenecut=0"
_OPEN_HEVC = "-c:v libx265 -preset veryfast -x265-params log-level=none:open-gop=1:keyint=25:bframes=3 -pix_fmt yuv420p"

OTHERS = {
    "h264.avi": f"{_X264} -bf 3",
    "mpeg4.ts": "-c:v mpeg4 -bf 2",
    "packed.avi": "-c:v mpeg4 -bf 2",
    "dropped.avi": r"-vf select=not(eq(mod(n\,5)\,3)) -vsync vfr -c:v mpeg4",
    "groups.ts": "-c:v mpeg2video -bf 2 -g 25",
    "mpeg1.mpg": "-c:v mpeg1video -bf 2",
    "raw.m2v": "-c:v mpeg2video -bf 2",
    "raw.h264": f"{_X264} -bf 3",
    "vp9.ivf": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8",
    "hidden.webm": "-c:v libvpx-vp9 -auto-alt-ref 1 -lag-in-frames 25 -b:v 100k -deadline good -cpu-used 5",
    "hidden-vp8.webm": "-c:v libvpx -auto-alt-ref 1 -lag-in-frames 16 -b:v 200k -deadline good -cpu-used 5",
    "h264.flv": f"{_X264} -bf 2",
    "lossless.avi": "-c:v ffvhuff",
    "sorenson.mov": "-c:v svq1",
    "moving.gif": "",
    "open.ts": _OPEN,
    "open.mp4": _OPEN,
    "open-hevc.ts": _OPEN_HEVC,
    "refresh.ts": f"{_X264} -x264-params intra-refresh=1:keyint=20",
}


def facts(path: Path) -> ClipFacts:
    found = facts_of(path, "video/mp4")
    assert found is not None
    return found


def assert_ffprobes(path: Path, expected: list[float] | None = None) -> None:
    """Count and times; ffprobe gives no time to some last frames, which are one frame after the one before."""
    times = reference_times(path) if expected is None else expected
    found = facts(path).times
    assert len(found) == len(times)
    assert all(math.isnan(due) or abs(got - due) < 1e-6 for got, due in zip(found, times, strict=True))


@pytest.mark.parametrize("name", WHOLE)
def test_a_good_clip_is_counted_and_timed(clips: ClipMaker, name: str) -> None:
    path = clips.whole(name)
    assert_ffprobes(path)
    assert (facts(path).width, facts(path).height, facts(path).cut) == (160, 120, "")
    assert not is_damaged(path)


@pytest.mark.parametrize("name", INTERLACED)
def test_two_fields_are_one_picture(clips: ClipMaker, name: str) -> None:
    assert_ffprobes(clips.made(name, *PATTERN, *INTERLACED[name].split()))


@pytest.mark.parametrize("name", ["fields.h264", "fields.ts", "fields.mkv", "fields.mp4"])
def test_two_packets_of_a_field_each_are_one_picture(clips: ClipMaker, name: str) -> None:
    raw = clips.folder / "fields.h264"
    raw.write_bytes(fields.stream(12))
    path = raw if name == raw.name else clips.made(name, "-r", "25", "-i", str(raw), "-c", "copy")
    assert facts(path).frame_count == 12
    assert_ffprobes(path)


@pytest.mark.parametrize("name", OTHERS)
def test_other_codecs_and_containers_are_counted_and_timed(clips: ClipMaker, name: str) -> None:
    assert_ffprobes(clips.made(name, *PATTERN, *OTHERS[name].split()))


@pytest.mark.parametrize("container", ["mkv", "mp4", "ts"])
@pytest.mark.parametrize("name", ["open.ts", "open-hevc.ts", "b-frames.mp4"])
def test_what_an_edit_or_a_late_start_hides_is_not_counted(clips: ClipMaker, name: str, container: str) -> None:
    source = clips.whole(name) if name in WHOLE else clips.made(name, *PATTERN, *OTHERS[name].split())
    cut = clips.made(f"from-{name}.{container}", "-ss", "1.3", "-i", str(source), "-c", "copy")
    assert_ffprobes(cut)


@pytest.mark.parametrize("name", ["open.ts", "refresh.ts", "groups.ts"])
def test_a_recording_that_begins_in_the_middle_is_counted_from_its_first_picture(clips: ClipMaker, name: str) -> None:
    body = clips.made(name, *PATTERN, *OTHERS[name].split()).read_bytes()
    path = clips.folder / f"middle-{name}"
    path.write_bytes(body[len(body) * 45 // 100 // 188 * 188 :])
    assert 0 < facts(path).frame_count < 60
    assert_ffprobes(path)


def test_leading_pictures_without_their_references_are_no_part_of_an_hevc_recording(clips: ClipMaker) -> None:
    """FFmpeg 5 shows three of them as grey; ISO/IEC 23008-2 and later versions do not."""
    body = clips.made("open-hevc.ts", *PATTERN, *_OPEN_HEVC.split()).read_bytes()
    path = clips.folder / "middle-hevc.ts"
    path.write_bytes(body[len(body) * 45 // 100 // 188 * 188 :])
    assert facts(path).frame_count == 50


def test_joined_recordings_go_on_one_after_the_other(clips: ClipMaker) -> None:
    one = clips.made("open.ts", *PATTERN, *_OPEN.split())
    path = clips.folder / "joined.ts"
    path.write_bytes(one.read_bytes() * 2)
    assert_ffprobes(path, [number / 25 for number in range(200)])


def test_sound_that_begins_midway_changes_nothing(clips: ClipMaker) -> None:
    silent = clips.made("open.ts", *PATTERN, *_OPEN.split())
    loud = clips.made("loud.ts", *PATTERN, *TONE, *_OPEN.split(), "-c:a", "aac")
    path = clips.folder / "later-loud.ts"
    path.write_bytes(silent.read_bytes() + loud.read_bytes())
    assert facts(path).frame_count == 200


@pytest.mark.parametrize(("default", "width"), [("0", 160), ("1", 320)])
def test_of_several_videos_the_one_counts_that_ffmpeg_takes(clips: ClipMaker, default: str, width: int) -> None:
    """The largest, but the default one before others; one that was shown before the other here."""
    large = ("-f", "lavfi", "-i", "testsrc2=size=320x256:rate=25:duration=1")
    marked = (f"-disposition:v:{default}", "default", f"-disposition:v:{1 - int(default)}", "0")
    path = clips.made(f"two-{default}.mkv", *PATTERN, *large, "-map", "0", "-map", "1", *_X264.split(), *marked)
    found = facts(path)
    assert (found.width, found.frame_count) == (width, 100 if width == 160 else 25)


def test_the_shape_of_pixels_is_known_turned_or_not(clips: ClipMaker) -> None:
    path = clips.made("wide.mp4", *PATTERN, "-vf", "setsar=16/11", *_X264.split())
    assert facts(path).pixel_aspect == pytest.approx(16 / 11)
    turned = with_matrix(path, clips.folder / "wide-turned.mp4", (0, 1, -1, 0))
    assert facts(turned).pixel_aspect == pytest.approx(11 / 16)
    assert facts(turned).on_square_pixels().height == round(160 * 16 / 11)


def test_a_packet_that_gives_no_picture_and_no_error_is_damage(clips: ClipMaker) -> None:
    path = clips.folder / "silent.avi"
    whole = clips.made("flv1.avi", *PATTERN, "-c:v", "flv1", "-g", "4")
    path.write_bytes(damaged(whole, [30]))
    assert (is_damaged(whole), is_damaged(path)) == (False, True)


def test_a_pause_beside_sound_ends_nothing(clips: ClipMaker) -> None:
    slow = ("-f", "lavfi", "-i", "testsrc2=size=160x128:rate=0.1:duration=100")
    sound = ("-f", "lavfi", "-i", "sine=duration=100", "-c:a", "aac")
    path = clips.made("pause.mp4", *slow, *sound, *_X264.split())
    assert_ffprobes(path, [10.0 * number for number in range(10)])


def test_equal_time_stamps_stay_equal(clips: ClipMaker) -> None:
    stuck = ("-bsf:v", "setts=pts='PTS-eq(N,10)*40':dts='DTS-eq(N,10)*40'")
    path = clips.made("stuck.mkv", "-i", str(clips.whole("mjpeg.avi")), "-c", "copy", *stuck)
    times = facts(path).times
    assert times[9] == times[10] == pytest.approx(0.36)
    assert_ffprobes(path)


@pytest.mark.parametrize("name", ["b-frames.mp4", "mpeg4.avi", "mjpeg.avi", "prores.mov", "vp9.webm", "hevc.mp4"])
@pytest.mark.parametrize("filling", [0, 255])
def test_a_packet_that_cannot_be_decoded_is_due_all_the_same(clips: ClipMaker, name: str, filling: int) -> None:
    whole = clips.whole(name)
    path = clips.folder / f"damaged-{filling}-{name}"
    path.write_bytes(damaged(whole, [30], filling))
    assert len(reference_times(path)) < 50
    assert facts(path).frame_count == 50
    assert_ffprobes(path, reference_times(whole))
    assert is_damaged(path)


def test_a_second_half_of_zeros_is_due_all_the_same(clips: ClipMaker) -> None:
    body = clips.whole("faststart.mp4").read_bytes()
    path = clips.folder / "half.mp4"
    path.write_bytes(body[: len(body) // 2] + bytes(len(body) - len(body) // 2))
    assert facts(path).frame_count == 50
    assert len(reference_times(path)) < 40


@pytest.mark.parametrize("name", sorted(set(CUT_IS_SEEN) - {"h264.mp4", "h264.mov", "windows.wmv"}))
def test_a_file_that_is_cut_says_so(clips: ClipMaker, name: str) -> None:
    body = clips.whole(name).read_bytes()
    path = clips.folder / f"cut-{name}"
    path.write_bytes(body[: len(body) // 2])
    assert facts(path).cut
    assert facts(path).frame_count < 50


@pytest.mark.parametrize("matrix", ORIENTATIONS)
def test_a_picture_on_its_side_has_the_other_size(clips: ClipMaker, matrix: tuple[float, float, float, float]) -> None:
    path = clips.folder / f"turned-{'_'.join(map(str, matrix))}.mp4"
    found = facts(with_matrix(clips.whole("h264.mp4"), path, matrix))
    assert (found.width, found.height) == ((160, 120) if matrix[0] else (120, 160))


def test_sound_with_cover_art_is_no_video(clips: ClipMaker) -> None:
    cover = clips.made("cover.png", *PATTERN, "-frames:v", "1")
    options = ["-map", "0", "-map", "1", "-c:a", "aac", "-c:v", "png", "-disposition:v", "attached_pic"]
    path = clips.made("song.m4a", *TONE, "-i", str(cover), *options)
    assert facts_of(path, "video/mp4") is None


def test_the_video_is_the_stream_that_is_no_cover_art(clips: ClipMaker) -> None:
    cover = clips.made("cover.png", *PATTERN, "-frames:v", "1")
    options = [
        "-map",
        "0",
        "-map",
        "1",
        "-c:v:0",
        "png",
        "-c:v:1",
        "libx264",
        "-pix_fmt:v:1",
        "yuv420p",
        "-disposition:v:0",
        "attached_pic",
    ]
    path = clips.made("covered.mp4", "-i", str(cover), *PATTERN, *options)
    assert facts(path).frame_count == 100


@pytest.mark.parametrize("body", [b"", b"Not a video.\n" * 50, bytes(5000)], ids=["nothing", "text", "zeros"])
def test_what_is_no_video_has_no_facts(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(body)
    assert facts_of(path, "video/mp4") is None


def test_a_name_with_a_percent_sign_is_a_file_and_no_row_of_pictures(clips: ClipMaker) -> None:
    path = clips.folder / "frame%03d.mkv"
    path.write_bytes(clips.whole("h264.mkv").read_bytes())
    assert facts(path).frame_count == 50


def test_a_playlist_opens_no_other_file(clips: ClipMaker) -> None:
    path = clips.folder / "list.m3u8"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{clips.whole('h264.ts')}\n#EXT-X-ENDLIST\n")
    assert facts_of(path, "video/mp4") is None
