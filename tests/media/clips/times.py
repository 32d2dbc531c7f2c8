"""Times that are not an even row from zero, and edit lists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.handler.clips import ClipMaker
from tests.media.clips.codecs import MJPEG, MPEG2, MPEG4, X264, X264_B
from tests.media.rows import Clip

_UNEVEN = "-vf setpts='if(lt(N,4),N,if(lt(N,8),4+(N-4)*5,25+(N-8)*3))/25/TB' -vsync passthrough"
_PAUSE = "-vf setpts='(N+if(gte(N,6),2500,0))/25/TB' -vsync passthrough"
_SINE, _AAC = "-f lavfi -i sine=duration=", "-c:a aac -b:a 32k"
_LATER, _EARLY = "no later time stamp", "frames can be read, to"
_TWICE, _EVEN = (*range(12), *range(12)), tuple(index / 25 for index in range(24))


def copied(ending: str, after: str, before: str = "") -> Callable[[ClipMaker, Path], bytes]:
    """ffmpeg's copy of the file, with options before and after the input."""

    def made(clips: ClipMaker, path: Path) -> bytes:
        words = f"{before} -i {path} -c copy {after}".split()
        return clips.made(f"copied-{path.stem}.{ending}", *words).read_bytes()

    return made


def joined(clips: ClipMaker, path: Path) -> bytes:
    """The recording twice, one after the other, as `cat` joins them."""
    return path.read_bytes() * 2


def _repeated(ending: str, numbers: str = "eq(N,3)+eq(N,8)") -> Callable[[ClipMaker, Path], bytes]:
    return copied(ending, f"-bsf:v setts=ts='if({numbers},PREV_OUTPTS,PTS)'")


TIMES = (
    Clip("uneven.mp4", f"{_UNEVEN} -video_track_timescale 90000 {X264_B}"),
    Clip("uneven.mov", f"{_UNEVEN} -video_track_timescale 90000 {X264}"),
    Clip("uneven.mkv", f"{_UNEVEN} {X264_B}"),
    Clip("uneven.webm", f"{_UNEVEN} -c:v libvpx -deadline realtime -b:v 400k"),
    Clip("uneven.ts", f"{_UNEVEN} {X264}"),
    Clip("uneven.flv", f"{_UNEVEN} {X264}"),
    Clip("repeated.mkv", MJPEG, after=_repeated("mkv"), opencv_refuses=_LATER),
    Clip("repeated-h264.mkv", X264, after=_repeated("mkv"), opencv_refuses=_LATER),
    Clip("repeated.ts", MPEG2, after=_repeated("ts")),
    Clip("repeated.flv", X264, after=_repeated("flv"), opencv_refuses=_LATER),
    Clip("pause.mp4", f"{_SINE}102 {_PAUSE} {X264} {_AAC}"),
    Clip("pause.mkv", f"{_SINE}102 {_PAUSE} {X264} {_AAC}"),
    Clip("pause.ts", f"{_SINE}102 {_PAUSE} {X264} {_AAC}"),
    Clip("pause.avi", f"{_SINE}102 {_PAUSE} {MPEG4} {_AAC}", opencv_refuses=_EARLY),
    Clip("pause-alone.mp4", f"{_PAUSE} {X264}"),
    Clip("slow.mp4", f"{_SINE}120 {X264} {_AAC}", rate="0.1"),
    Clip("slow.mkv", f"{_SINE}120 {X264} {_AAC}", rate="0.1"),
    Clip("slow.ts", f"{_SINE}12 {X264} {_AAC}", rate="1"),
    Clip("ntsc.mp4", X264_B, rate="30000/1001"),
    Clip("film.mkv", X264_B, rate="24000/1001"),
    Clip("fast.mp4", X264, rate="240"),
    Clip("thousand.mkv", X264, rate="1000"),
    Clip("late.mp4", f"{X264_B} -output_ts_offset 5"),
    Clip("late.mkv", f"{X264_B} -output_ts_offset 5", opencv_refuses=_EARLY),
    Clip("negative.mp4", X264, after=copied("mp4", "-avoid_negative_ts disabled", "-itsoffset -0.2"),
         numbers=tuple(range(5, 12)), opencv_refuses=_EARLY),
    Clip("negative.mkv", X264, after=copied("mkv", "-avoid_negative_ts disabled", "-itsoffset -0.2"),
         opencv_refuses=_LATER),
    Clip("negative-audio.mp4", f"{_SINE}1 {X264} {_AAC}", after=copied("mp4", "-avoid_negative_ts disabled",
         "-itsoffset -0.02"), numbers=tuple(range(1, 12)), opencv_refuses=_EARLY),
    Clip("edit-list-cuts.mp4", f"{X264_B} -g 12", after=copied("mp4", "", "-ss 0.2"), numbers=tuple(range(5, 12)),
         opencv_refuses=_EARLY),
    Clip("edit-list-cuts.mov", f"{X264} -g 12", after=copied("mov", "", "-ss 0.2"), numbers=tuple(range(5, 12)),
         opencv_refuses=_EARLY),
    Clip("edit-list-waits.mp4", X264, after=copied("mp4", f"-map 1:v -map 0:a {_AAC}",
         "-f lavfi -i sine=duration=1 -itsoffset 0.5")),
    Clip("wraps-around.ts", f"{X264_B} -output_ts_offset 95443.5"),
    Clip("wraps-around-mpeg2.ts", f"{MPEG2} -bf 2 -output_ts_offset 95443.5"),
    Clip("joined.ts", f"{X264} -g 6", after=joined, numbers=_TWICE, times=_EVEN),
    Clip("joined.mpg", MPEG2, after=joined, numbers=_TWICE, times=_EVEN),
    Clip("joined.h264", X264, after=joined, numbers=_TWICE, times=_EVEN),
)  # fmt: skip
