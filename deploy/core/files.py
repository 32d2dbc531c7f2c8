"""Writes files whole or not at all: into a temporary file beside the target, which is then renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from deploy.core.errors import DeployError

# CI uploaders run as other users.
READABLE, PRIVATE = 0o644, 0o600
_PRIVATE_FOLDER = 0o700


def private_folder(path: Path) -> Path:
    """The folder, made if it is missing, which only its owner may enter, whatever the umask.

    One that belongs to another user is left as it is.
    """
    path.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    found = path.stat()
    if found.st_uid == os.geteuid() and found.st_mode & 0o077:
        path.chmod(_PRIVATE_FOLDER)
    return path


@contextmanager
def replacing(path: Path, mode: int = READABLE) -> Iterator[BinaryIO]:
    """Give a file that replaces `path` when the block succeeds; otherwise the old file stays, and the new one goes.

    The data and the folder are synced, so that neither a crash nor a power cut leaves half a file. Raises DeployError
    when the disk refuses, and for any OSError from inside the block.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode)
            Path(name).replace(path)
            _sync_folder(path.parent)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise DeployError(
            f"{path}: cannot write ({error.strerror or error}); the previous file, if any, is unchanged. Free the disk "
            "or choose another folder, then run again"
        ) from error


def write_bytes(path: Path, data: bytes, mode: int = READABLE) -> None:
    """Raises DeployError when the disk refuses."""
    with replacing(path, mode) as file:
        file.write(data)


def write_text(path: Path, text: str, mode: int = READABLE) -> None:
    """Write `text` in UTF-8. Raises DeployError when the disk refuses."""
    write_bytes(path, text.encode(), mode)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
