"""What every handler must survive, in the type of its good case."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cases import probes
from harness.cases.case import Case
from harness.cases.clips import open_file


def good(folder: Path, content_type: str) -> Case:
    path = folder / "good.bin"
    path.write_bytes(b"x")
    return Case("good", "project_case", open_file(path, content_type), expects="completed")


@pytest.mark.parametrize("content_type", ["application/json", "text/csv"])
def test_what_the_toolkit_decodes_is_text(tmp_path: Path, content_type: str) -> None:
    empty, noise = probes.of_probes(tmp_path, good(tmp_path, content_type))
    assert (empty.name, noise.name) == ("empty body", "random text")
    assert empty.clip.path.read_bytes() == b""
    text = noise.clip.path.read_bytes().decode("utf-8")
    assert len(set(text)) > 50
    assert noise.clip.content_type == content_type


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/x-npy", "text/plain"])
def test_what_reaches_the_handler_as_it_is_is_bytes(tmp_path: Path, content_type: str) -> None:
    _, noise = probes.of_probes(tmp_path, good(tmp_path, content_type))
    assert noise.name == "random bytes"
    with pytest.raises(UnicodeDecodeError):
        noise.clip.path.read_bytes().decode("utf-8")


def test_without_a_good_case_there_are_bytes_all_the_same(tmp_path: Path) -> None:
    assert [each.name for each in probes.of_probes(tmp_path, None)] == ["empty body", "random bytes"]
