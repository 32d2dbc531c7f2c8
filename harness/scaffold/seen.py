"""What was found in a folder, as values; paths are relative to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.scaffold.functions import Functions


@dataclass(frozen=True)
class Entry:
    """A file that a serving container could call."""

    path: Path
    functions: Functions
    siblings: frozenset[str] = frozenset()
    """The string literals of the other Python files in its folder and below, which come along."""

    @property
    def words(self) -> frozenset[str]:
        """Every string literal of the handler."""
        return self.functions.words | self.siblings

    @property
    def source(self) -> Path:
        """The folder that becomes code/ of the archive; `.` is the project's own."""
        return self.path.parent


@dataclass(frozen=True)
class Seen:
    folder: Path
    is_empty: bool
    """Whether nothing is in it but hidden files, a README and a licence."""
    entries: tuple[Entry, ...] = ()
    """With functions of the toolkit, the likeliest first."""
    others: tuple[Entry, ...] = ()
    """Those that serve in another way."""
    unreadable: tuple[str, ...] = ()
    """Python files that cannot be parsed, each with its place and reason."""
    files: tuple[Path, ...] = ()
    """All but hidden ones, the shallow before the deep."""
    weights: tuple[Path, ...] = ()
    requirements: tuple[Path, ...] = ()
    dockerfile: Path | None = None
    inputs: tuple[Path, ...] = ()
    """Files that could be a request."""
