"""A wheel loses requirements, and nothing else."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from deploy.bundle.relaxing import without

METADATA = (
    "Metadata-Version: 2.1\nName: one\nVersion: 1.0\n"
    'Requires-Dist: Torch_Vision (<0.18)\nRequires-Dist: torch<2.3,>=2.2\n  ; python_version > "3"\n'
    'Requires-Dist: tqdm\nRequires-Dist: numpy<2; extra == "all"\n\nRequires-Dist: torch is needed, says the text.\n'
)


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "one-1.0-py3-none-any.whl"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("one.py", "x = 1\n" * 1000)
        archive.writestr("one-1.0.dist-info/METADATA", METADATA)
        archive.writestr("one-1.0.dist-info/RECORD", "one.py,sha256=x,6\none-1.0.dist-info/METADATA,sha256=y,7\n")
    return path


def test_the_named_requirements_go_and_the_rest_stays(wheel: Path) -> None:
    without(wheel, {"torch", "torch-vision", "numpy"})
    with ZipFile(wheel) as archive:
        assert archive.namelist() == ["one.py", "one-1.0.dist-info/METADATA", "one-1.0.dist-info/RECORD"]
        assert archive.read("one.py") == b"x = 1\n" * 1000
        assert archive.getinfo("one.py").compress_type == ZIP_DEFLATED
        assert archive.read("one-1.0.dist-info/METADATA").decode() == (
            "Metadata-Version: 2.1\nName: one\nVersion: 1.0\nRequires-Dist: tqdm\n"
            "\nRequires-Dist: torch is needed, says the text.\n"
        )


def test_the_record_tells_the_new_metadata(wheel: Path) -> None:
    without(wheel, {"torch"})
    with ZipFile(wheel) as archive:
        data = archive.read("one-1.0.dist-info/METADATA")
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
        assert archive.read("one-1.0.dist-info/RECORD").decode().splitlines() == [
            "one.py,sha256=x,6",
            f"one-1.0.dist-info/METADATA,sha256={digest},{len(data)}",
        ]


def test_the_same_wheel_becomes_the_same_bytes(wheel: Path) -> None:
    before = wheel.read_bytes()
    without(wheel, {"torch"})
    first = wheel.read_bytes()
    wheel.write_bytes(before)
    without(wheel, {"torch"})
    assert wheel.read_bytes() == first
