"""Damaged files of every format through `transform_fn`, in a process of its own: 200 or 400, whatever the damage."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detector.io import media
from tests.handler.clips import ClipMaker
from tests.handler.fuzzing import mutated

ROOT = Path(__file__).parents[3]
MUTATIONS = int(os.environ.get("REHEARSAL_FUZZ_MUTATIONS") or "1000")  # of each format
MOST_FINDINGS = 20
_CLIP = ("-f", "lavfi", "-i", "testsrc2=size=48x32:rate=25:duration=0.4", "-g", "5", "-pix_fmt", "yuv420p")
_X264 = ("-c:v", "libx264", "-preset", "veryfast")


def _picture(kind: str) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((64, 48)).save(file, kind, exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08")
    return file.getvalue()


def _stack(_: ClipMaker) -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros((3, 12, 16, 3), np.uint8))
    return file.getvalue()


ORIGINALS: dict[str, tuple[str, Callable[[ClipMaker], bytes]]] = {
    "fuzz.mp4": ("video/mp4", lambda clips: clips.made("fuzz.mp4", *_CLIP, *_X264).read_bytes()),
    "fuzz.mkv": ("video/x-matroska", lambda clips: clips.made("fuzz.mkv", *_CLIP, *_X264).read_bytes()),
    "fuzz.avi": ("video/x-msvideo", lambda clips: clips.made("fuzz.avi", *_CLIP, "-c:v", "mpeg4").read_bytes()),
    "fuzz.webm": ("video/webm", lambda clips: clips.made("fuzz.webm", *_CLIP, "-c:v", "libvpx").read_bytes()),
    "fuzz.jpg": ("image/jpeg", lambda _: _picture("JPEG")),
    "fuzz.png": ("image/png", lambda _: _picture("PNG")),
    "fuzz.npy": ("application/x-npy", _stack),
}


@dataclass
class Run:
    """What the child said, and how it ended."""

    last: int | None = None
    findings: list[str] = field(default_factory=list)
    has_ended: bool = False


def _run(path: Path, content_type: str, first: int, temporary: Path) -> Run:
    run = Run()
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.handler.fuzzing", str(path), content_type]
    environment = {
        **os.environ,
        "TMPDIR": str(temporary),
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "handler"))),
    }
    child = subprocess.run(
        [*command, str(first), str(MUTATIONS)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    for told in map(json.loads, child.stdout.splitlines()):
        run.last = told.get("mutation", run.last)
        run.has_ended = run.has_ended or "ended" in told
        if finding := told.get("finding") or told.get("warm"):
            run.findings.append(f"mutation {run.last} of {path}: {finding}")
    if child.returncode:
        tail = child.stderr[-3000:]
        run.findings.append(f"mutation {run.last} of {path} ended the process ({child.returncode}): {tail}")
    return run


def _runs(path: Path, content_type: str, temporary: Path) -> Iterator[Run]:
    """One run, and another one after each mutation that ended it."""
    first = 0
    while first < MUTATIONS:
        run = _run(path, content_type, first, temporary)
        yield run
        first = MUTATIONS if run.has_ended or run.last is None else run.last + 1


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
@pytest.mark.parametrize("name", ORIGINALS)
def test_no_damage_to_a_file_is_more_than_a_refusal(clips: ClipMaker, tmp_path: Path, name: str) -> None:
    content_type, original = ORIGINALS[name]
    path, temporary = tmp_path / name, tmp_path / "temporary"
    path.write_bytes(original(clips))
    temporary.mkdir()
    findings: list[str] = []
    for run in _runs(path, content_type, temporary):
        findings += run.findings
        if len(findings) >= MOST_FINDINGS:
            break
    assert not findings, "\n\n".join(findings)
    assert list(temporary.iterdir()) == []


def test_a_name_in_a_clip_that_is_no_utf_8_is_no_reason_to_refuse_it(clips: ClipMaker) -> None:
    body = clips.made("named.mkv", *_CLIP, *_X264, "-metadata", "title=abcdefgh").read_bytes()
    with media.open_clip(body.replace(b"abcdefgh", b"\xe9" * 8), "video/x-matroska", 3) as clip:
        assert [frame.frame_index for frame in clip.frames] == [0, 3, 6, 9]


def test_a_mutation_is_the_same_every_time_and_mostly_another_than_its_neighbour() -> None:
    original = bytes(range(256)) * 8
    assert mutated(original, "a.mp4", 3) == mutated(original, "a.mp4", 3)
    assert len({bytes(mutated(original, "a.mp4", mutation)) for mutation in range(100)}) > 95
