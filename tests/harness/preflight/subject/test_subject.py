"""Folders and archives by name: the same listing, and content on demand."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from harness.preflight.subject import Entry, Unreadable, archive, open_subject
from tests.harness.preflight.archives import GOOD, packed, special, unpacked


def test_a_folder_and_its_archive_list_the_same_files(tmp_path: Path) -> None:
    listings = [
        {(entry.name, entry.size_bytes) for entry in open_subject(path).entries if entry.kind == "file"}
        for path in (packed(tmp_path / "model.tar.gz"), unpacked(tmp_path / "model"))
    ]
    assert listings[0] == listings[1] == {(name, len(content)) for name, content in GOOD.items()}


def test_the_content_of_a_file_is_read_on_demand(tmp_path: Path) -> None:
    for path in (packed(tmp_path / "model.tar.gz"), unpacked(tmp_path / "model")):
        subject = open_subject(path)
        for entry in subject.entries:
            if entry.kind == "file":
                assert subject.read(entry) == GOOD[entry.name]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_only_files_have_content(tmp_path: Path, kind: bytes) -> None:
    subject = open_subject(packed(tmp_path / "model.tar.gz", GOOD, [special("x", kind, "model.pth")]))
    with pytest.raises(Unreadable, match="no file x"):
        subject.read(Entry("x", "file"))


def test_nothing_is_unpacked_and_an_archive_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_MEMBERS", 3)
    path = packed(tmp_path / "model.tar.gz", {str(number): b"" for number in range(4)})
    with pytest.raises(Unreadable, match="more than 3 members"):
        _ = open_subject(path).entries
    assert list(tmp_path.iterdir()) == [path]
