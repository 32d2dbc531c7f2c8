"""A plan is written whole or not at all, and never over what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.core.errors import ConfigurationError
from harness.scaffold.planned import Plan, write


def test_files_are_written_and_gitignore_is_added_to(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("dist/\n*.log")
    written = write(Plan(tmp_path, {"a/b.txt": b"b"}, ("/dist/", "/.rehearsal/")), force=False)
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"b"
    assert (tmp_path / ".gitignore").read_text() == "dist/\n*.log\n/.rehearsal/\n"
    assert (written.files, written.ignored) == (("a/b.txt",), ("/.rehearsal/",))


def test_what_is_there_is_kept_and_nothing_else_is_written(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"b\.txt is there already: nothing was written.*--force"):
        write(Plan(tmp_path, {"a.txt": b"a", "b.txt": b"b"}, ("/dist/",)), force=False)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"b.txt": "mine"}


def test_force_replaces_it(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("mine")
    write(Plan(tmp_path, {"b.txt": b"b"}), force=True)
    assert (tmp_path / "b.txt").read_text() == "b"


def test_the_same_content_is_no_conflict(tmp_path: Path) -> None:
    plan = Plan(tmp_path, {"b.txt": b"b"}, ("/dist/",))
    write(plan, force=False)
    again = write(plan, force=False)
    assert (again.files, again.ignored) == ((), ())


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    written = write(Plan(tmp_path, {"b.txt": b"b"}, ("/dist/",)), force=False, is_dry=True)
    assert written.files == ("b.txt",)
    assert list(tmp_path.iterdir()) == []
