"""Opens a path as a subject: a folder or an archive."""

from __future__ import annotations

from pathlib import Path

from harness.core.errors import ConfigurationError
from harness.preflight.subject.archive import Archive
from harness.preflight.subject.folder import Folder
from harness.preflight.subject.subject import Subject


def open_subject(path: Path, *, entry_point: str = "inference.py") -> Subject:
    """Raises ConfigurationError when there is nothing at `path`; reads nothing yet."""
    if path.is_dir():
        return Folder(path, entry_point)
    if path.is_file():
        return Archive(path, entry_point)
    raise ConfigurationError(f"{path}: no such file or folder; name a model.tar.gz, or the folder it is packed from")
