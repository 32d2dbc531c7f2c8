"""The seam between rules and what they judge, and the error for what cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from harness.core.errors import HarnessError
from harness.preflight.subject.entry import Entry


class Unreadable(HarnessError):
    """The subject cannot be listed, or a member of it cannot be read. `advice` is the next step."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


class Subject(Protocol):
    """Files by name. Listed when first asked for, and once."""

    @property
    def path(self) -> Path: ...

    @property
    def entry_point(self) -> str:
        """The module below `code/` that the container loads (SAGEMAKER_PROGRAM)."""
        ...

    @property
    def is_archive(self) -> bool: ...

    @property
    def entries(self) -> Sequence[Entry]:
        """In the order of the archive, or by name. Raises Unreadable."""
        ...

    def read(self, entry: Entry) -> bytes:
        """The content of a file. Raises Unreadable."""
        ...
