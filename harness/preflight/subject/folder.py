"""A folder as a subject. It follows no link."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from harness.preflight.subject.entry import Entry
from harness.preflight.subject.subject import Unreadable

_ADVICE = "make the folder readable"


@dataclass(frozen=True)
class Folder:
    path: Path
    entry_point: str = "inference.py"
    is_archive: ClassVar[bool] = False

    @cached_property
    def entries(self) -> Sequence[Entry]:
        try:
            return tuple(_walk(self.path, ""))
        except OSError as error:
            raise Unreadable(f"the folder cannot be read: {error}", _ADVICE) from error

    def read(self, entry: Entry) -> bytes:
        try:
            return (self.path / entry.name).read_bytes()
        except OSError as error:
            raise Unreadable(f"{entry.shown} cannot be read: {error}", _ADVICE) from error


def _walk(folder: Path, prefix: str) -> Iterator[Entry]:
    with os.scandir(folder) as found:
        items = sorted(found, key=lambda item: item.name)
    for item in items:
        name = prefix + item.name
        if item.is_symlink():
            yield Entry(name, "link", target=str(Path(item.path).readlink()))
        elif item.is_dir(follow_symlinks=False):
            yield Entry(name, "folder")
            yield from _walk(Path(item.path), name + "/")
        elif item.is_file(follow_symlinks=False):
            yield Entry(name, "file", item.stat(follow_symlinks=False).st_size)
        else:
            yield Entry(name, "other")
