"""Makes what the GPU machine lacks: `python -m benchmarks.gpu_day.prepare`, where there is a network and ffmpeg.

Into `.gpu/`, under 60 MB: PyAV for the machine's Python (unpacked there; the wheel is packed anew, because xz takes a
third off it), clips with key frames 250 and 30 frames apart, a picture, the small clips of the tests, and the commit.
What is there is not made again, except the commit.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks import clips
from benchmarks.clips import CannotMake
from benchmarks.gpu_day import day
from benchmarks.gpu_day.measuring import record
from benchmarks.gpu_day.measuring.inputs import (
    COMMIT,
    CUT_FRAMES,
    FOLDER,
    GOPS,
    PICTURE,
    SITE,
    TEST_CLIPS,
    WHOLE_FRAMES,
    Inputs,
    recipe_of,
)

PACKAGES = ("av",)
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
_PICTURE_AT_SECONDS = "10"
# What the tests marked `gpu` ask for, and how it is made there.
_TESTED = ("b-frames.mp4", "h264.mp4")
_CANNOT = 3


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu_day.prepare", description="Make what the GPU machine lacks."
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to (default: .gpu)")
    parser.add_argument("--python", default="3.12", help="the Python of the GPU machine (default: 3.12)")
    options = parser.parse_args(arguments)
    folder = options.folder.absolute()
    try:
        prepare(folder, options.python)
    except (CannotMake, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"prepare: {error}\n")
        return _CANNOT
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    sys.stdout.write(f"{folder}: {size / 1e6:.1f} MB\n")
    return 0


def prepare(folder: Path, python: str) -> None:
    """Raises CannotMake without an encoder, CalledProcessError where a program fails."""
    folder.mkdir(parents=True, exist_ok=True)
    for gop in GOPS:
        for frame_count in (WHOLE_FRAMES, CUT_FRAMES):
            clips.made(recipe_of(gop, frame_count), folder / "clips")
    _make_picture(folder)
    _make_test_clips(folder / TEST_CLIPS)
    if not (folder / SITE).is_file():
        _pack_packages(folder / SITE, python)
    record.write(folder / COMMIT, day.commit())


def _make_picture(folder: Path) -> None:
    path = folder / PICTURE
    if path.is_file():
        return
    source = Inputs(folder, quick=False).clip(GOPS[0])
    seek = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-ss", _PICTURE_AT_SECONDS, "-i", str(source)]
    subprocess.run([*seek, "-frames:v", "1", "-q:v", "3", str(path)], check=True)


def _make_test_clips(folder: Path) -> None:
    from tests.handler.clips import ClipMaker

    folder.mkdir(exist_ok=True)
    for name in _TESTED:
        ClipMaker(folder).whole(name)


def _pack_packages(path: Path, python: str) -> None:
    """The wheels' contents as one archive of a folder for the path of imports."""
    with tempfile.TemporaryDirectory() as work:
        site = Path(work, "site")
        platforms = [word for name in _PLATFORMS for word in ("--platform", name)]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += [
            "--implementation",
            "cp",
            "--python-version",
            python,
            *platforms,
            "--dest",
            work,
            *(f"{name}=={version(name)}" for name in PACKAGES),
        ]
        subprocess.run(command, check=True)
        for wheel in Path(work).glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(site)  # noqa: S202  pip has checked it against the index
        draft = path.with_suffix(".draft")
        with tarfile.open(draft, "w:xz") as archive:
            archive.add(site, arcname=".")
        draft.replace(path)


def unpacked(folder: Path, to: Path) -> Path | None:
    """The folder of the packed packages, unpacked once; None where none were packed."""
    site, archive = to / "site", folder / SITE
    if site.is_dir() or not archive.is_file():
        return site if site.is_dir() else None
    draft = to / "site.draft"
    shutil.rmtree(draft, ignore_errors=True)
    with tarfile.open(archive, "r:xz") as packed:
        packed.extractall(draft, filter="data")
    return draft.rename(site)


if __name__ == "__main__":
    sys.exit(main())
