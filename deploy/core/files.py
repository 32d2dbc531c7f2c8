"""Files that are written whole or not at all: a temporary file beside the target, then a rename."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from deploy.core.errors import DeployError


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when the block ends well; otherwise the old one stays, and no scraps.

    Raises DeployError when the disk refuses. An OSError from inside the block counts as that too.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise DeployError(
            f"{path} could not be written: {error}. The older file, if any, is unchanged; "
            "correct the cause and run again"
        ) from error


def write_text(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write(text.encode())
