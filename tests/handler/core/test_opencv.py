"""What OpenCV's FFmpeg is told in the environment: ours holds, whatever a container sets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[3]
HANDLER, CLIP = TOP / "handler", TOP / "harness" / "samples" / "known_answer" / "clip.mp4"

ASKING = "import os; from detector.core import opencv; print(os.environ['OPENCV_FFMPEG_CAPTURE_OPTIONS'])"
OPENING = """
import sys
from detector.core.opencv import cv2
print(cv2.VideoCapture(sys.argv[1], cv2.CAP_FFMPEG).isOpened())
"""


def said(program: str, *arguments: str, options: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(HANDLER), "OPENCV_FFMPEG_CAPTURE_OPTIONS": options}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    "options", ["", "rtsp_transport;tcp", "protocol_whitelist;file,http,tcp", "format_whitelist;hls|threads;1", "||;|x"]
)
def test_the_demuxers_stay_those_allowed(options: str) -> None:
    pairs = [pair.partition(";")[::2] for pair in said(ASKING, options=options).split("|")]
    assert [value for name, value in pairs if name == "protocol_whitelist"] == ["file"]
    (demuxers,) = [value for name, value in pairs if name == "format_whitelist"]
    assert "mov" in demuxers.split(",")
    assert "hls" not in demuxers.split(",")


def test_other_options_are_kept() -> None:
    assert "threads;1" in said(ASKING, options="format_whitelist;hls|threads;1").split("|")


def test_a_container_cannot_let_playlists_in(tmp_path: Path) -> None:
    playlist = tmp_path / "clip.mp4"
    playlist.write_text(f"ffconcat version 1.0\nfile '{CLIP}'\n")
    allowed = "format_whitelist;concat,mov,mp4|protocol_whitelist;file,concat|safe;0"
    assert said(OPENING, str(CLIP), options=allowed) == "True"
    assert said(OPENING, str(playlist), options=allowed) == "False"
