"""Files that replace others whole, and folders and files that only their owner may read, whatever the umask."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.core import files


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.usefixtures("umask")
def test_a_private_folder_is_its_owners_alone(tmp_path: Path) -> None:
    assert mode(files.private_folder(tmp_path / "a" / "b")) == 0o700


@pytest.mark.usefixtures("umask")
def test_a_folder_of_an_earlier_version_is_closed(tmp_path: Path) -> None:
    old = tmp_path / "state"
    old.mkdir()
    old.chmod(0o755)
    assert mode(files.private_folder(old)) == 0o700


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("wanted", [files.READABLE, files.PRIVATE])
def test_a_file_has_the_mode_that_was_asked_for(tmp_path: Path, wanted: int) -> None:
    files.write_text(tmp_path / "file", "text", wanted)
    assert mode(tmp_path / "file") == wanted
