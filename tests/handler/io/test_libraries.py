"""Libraries that were not proved are not used, and what decodes says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from detector.core import proved
from detector.core.errors import ServingError
from detector.core.opencv import cv2
from detector.core.settings import Settings
from detector.io import libraries
from detector.io.video import decoder
from detector.pipeline import load


def test_what_this_environment_locks_was_proved() -> None:
    libraries.require_proved()
    assert decoder.av is not None


@pytest.mark.parametrize("version", ["4.10.0", "4.15.0", "5.1.0", "6.0.0-pre", "unknown"])
def test_an_opencv_that_was_not_proved_refuses_at_load(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str
) -> None:
    monkeypatch.setattr(cv2, "__version__", version)
    with pytest.raises(
        ServingError, match=rf"OpenCV {version} was not proved for pictures; 4.11 to 4.12, 4.13 to 4.14,"
    ):
        load(tmp_path, Settings())


@pytest.mark.parametrize("version", ["4.11.0", "4.12.0-dev"])
def test_an_opencv_with_wrong_colours_in_video_is_for_pictures_beside_pyav(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(cv2, "__version__", version)
    libraries.require_proved()
    monkeypatch.setattr(decoder, "av", None)
    with pytest.raises(
        ServingError, match=r"shows wrong colours in video, and PyAV is not here: .*\(4.13 to 4.14, 5.0\)"
    ):
        libraries.require_proved()


@pytest.mark.parametrize("version", ["4.13.0", "4.14.0", "5.0.0"])
def test_an_opencv_that_was_proved_for_video_serves_without_pyav(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(cv2, "__version__", version)
    monkeypatch.setattr(decoder, "av", None)
    libraries.require_proved()


def test_an_opencv_without_ffmpeg_refuses_at_load_unless_pyav_reads_video(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2.videoio_registry, "hasBackend", lambda _: False)
    libraries.require_proved()
    monkeypatch.setattr(decoder, "av", None)
    with pytest.raises(ServingError, match="has no FFmpeg, and PyAV is not here: put PyAV into the archive"):
        libraries.require_proved()


def test_the_line_names_both_libraries_and_what_they_bring() -> None:
    name, _, text = libraries.line().partition(" ")
    told = json.loads(text)
    assert (name, told["video"], told["opencv"]) == ("decoders", "pyav", cv2.__version__)
    assert told["pyav"] == decoder.av.__version__
    assert told["pyav libavcodec"] == ".".join(map(str, decoder.av.library_versions["libavcodec"]))
    assert f"({told['opencv libavcodec']})" in cv2.getBuildInformation()


def test_without_pyav_the_line_says_that_opencv_reads_video(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "av", None)
    told = libraries.versions()
    assert told["video"] == "opencv"
    assert not [name for name in told if name.startswith("pyav")]


def said_with(folder: Path, package: str) -> dict[str, str]:
    """`versions()` where this package is what `import av` finds."""
    (folder / "av" / "video").mkdir(parents=True)
    (folder / "av" / "__init__.py").write_text(package)
    (folder / "av" / "video" / "__init__.py").write_text("")
    (folder / "av" / "video" / "reformatter.py").write_text("VideoReformatter = None\nFFmpegError = OSError\n")
    code = "import json; from detector.io import libraries; print(json.dumps(libraries.versions()))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    told: dict[str, str] = json.loads(run.stdout)
    return told


def test_a_pyav_that_was_not_proved_is_left_alone_and_told(tmp_path: Path) -> None:
    told = said_with(tmp_path, "__version__ = '99.0.0'\nFFmpegError = OSError\n")
    assert (told["video"], told["pyav, not proved"]) == ("opencv", "99.0.0")


def test_a_pyav_for_another_python_breaks_nothing(tmp_path: Path) -> None:
    """Its extension modules cannot be imported, as one that was put beside the handler by hand."""
    told = said_with(tmp_path, "from av import _core\n")
    assert told["video"] == "opencv"
    assert not [name for name in told if name.startswith("pyav")]


@pytest.mark.parametrize(
    ("version", "expected"),
    [("4.10.9", None), ("4.11.0", "4.11 to 4.12"), ("4.14.9", "4.13 to 4.14"), ("4.15", None), ("5.0.1", "5.0")],
)
def test_a_range_ends_with_its_last_minor_version(version: str, expected: str | None) -> None:
    found = proved.entry(proved.OPENCV, version)
    assert (None if found is None else str(found)) == expected
