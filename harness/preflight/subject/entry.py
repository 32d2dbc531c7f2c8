"""One member: its name as it is spelled, its kind and size. A name may be anything that an archive can carry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Literal

Kind = Literal["file", "folder", "link", "other"]


@dataclass(frozen=True)
class Entry:
    name: str
    kind: Kind
    size_bytes: int = 0
    target: str = ""
    """Of a link."""

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The parts of the name without `.`; never empty, so that the root itself has one part."""
        return PurePosixPath(self.name).parts or (".",)

    @property
    def leaves_the_root(self) -> bool:
        return PurePosixPath(self.name).is_absolute() or ".." in self.parts or "\0" in self.name or "\\" in self.name

    @property
    def shown(self) -> str:
        return printable(self.name)

    @property
    def shown_top(self) -> str:
        return printable(self.parts[0])

    @property
    def shown_target(self) -> str:
        return printable(self.target)


def printable(name: str) -> str:
    """A name that any terminal and any encoding can show: what is not printable is escaped."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in name)
