from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.handler.clips import ClipMaker

ROOT = Path(__file__).parents[2]


def peak_kib(path: Path, frame_count: int) -> int:
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'handler'}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.handler.peak_memory", str(path)]
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=240)
    peak, frames = map(int, found.stdout.split())
    assert frames == frame_count
    return peak


def test_ten_minutes_take_no_more_memory_than_ten_seconds(clips: ClipMaker) -> None:
    """3000 sampled frames of 57 KB would add 170 MB to some 570 MB if they were kept."""
    pattern = "testsrc2=size=160x120:rate=5:duration=10"
    short = clips.made("short.mp4", "-f", "lavfi", "-i", pattern, "-c:v", "libx264", "-crf", "40")
    long = clips.made("long.mp4", "-stream_loop", "59", "-i", str(short), "-c", "copy")
    assert long.stat().st_size < 12 << 20
    assert peak_kib(long, 3000) < 1.1 * peak_kib(short, 50)
