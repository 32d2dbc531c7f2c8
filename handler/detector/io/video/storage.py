"""Gives a body a path that OpenCV can open, in a file that disappears with its use, even when the process is killed.

Owns: the anonymous file. It has no name on any disk: OpenCV opens it through /proc/self/fd.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

# Larger bodies go to an unlinked file in TMPDIR, whose pages the kernel can write back.
MEMORY_LIMIT_BYTES = 256 << 20


@contextmanager
def named(body: bytes | bytearray) -> Iterator[str]:
    """A path under which `body` can be read while the context lasts."""
    with _anonymous_file(len(body)) as file:
        file.write(body)
        file.flush()
        yield f"/proc/self/fd/{file.fileno()}" if sys.platform == "linux" else str(file.name)


def _anonymous_file(size_bytes: int) -> IO[bytes]:
    if sys.platform != "linux":  # no /proc: the file needs a name, and is removed when it is closed
        return tempfile.NamedTemporaryFile()
    if size_bytes <= MEMORY_LIMIT_BYTES:
        return os.fdopen(os.memfd_create("clip"), "w+b")
    return tempfile.TemporaryFile()
