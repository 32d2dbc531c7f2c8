"""What the emulator writes while it works, as one object, so that a test can make any of the writes fail.

Every act is announced to `before`, which does nothing here. A test's own `Disk` raises from it, or writes less than it
was given, as a real disk does when it fills up.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from harness.emulator.store.trouble import own_file

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_IN_MEMORY_BYTES = 1024 * 1024


class Disk:
    def before(self, act: str, what: str) -> None:
        """Called before each act (`open`, `write`, `sql` ...) on `what`, a path or a statement."""

    def open(self, path: Path, mode: str) -> FileIO:
        """Open without a buffer, so that each write tells what it stored. The caller closes it. Raises OSError."""
        self.before("open", str(path))
        return FileIO(path, mode)

    def write(self, file: FileIO, data: ReadableBuffer) -> int:
        """Return how many bytes were stored, perhaps fewer than given. Raises OSError when none were."""
        self.before("write", str(file.name))
        return file.write(data) or 0

    def make_folder(self, path: Path) -> None:
        if not path.is_dir():
            self.before("mkdir", str(path))
            path.mkdir(parents=True, exist_ok=True)

    def remove(self, path: Path) -> None:
        self.before("unlink", str(path))
        path.unlink(missing_ok=True)

    def temporary(self, folder: Path) -> IO[bytes]:
        """A file without a name in `folder`, in memory up to 1 MB. It raises LocalTrouble, never OSError."""
        return cast("IO[bytes]", _Temporary(self, folder))


class _Temporary(tempfile.SpooledTemporaryFile[bytes]):
    def __init__(self, disk: Disk, folder: Path) -> None:
        super().__init__(_IN_MEMORY_BYTES, dir=str(folder))
        self._disk, self._folder = disk, folder

    def write(self, data: ReadableBuffer) -> int:
        with own_file(f"cannot keep the input below {self._folder}"):
            self._disk.before("write", str(self._folder / "input"))
            return super().write(data)

    def read(self, *size: int) -> bytes:
        with own_file(f"cannot read the input below {self._folder}"):
            return super().read(*size)

    def seek(self, *to: int) -> int:
        with own_file(f"cannot keep the input below {self._folder}"):
            return super().seek(*to)

    def close(self) -> None:
        with suppress(OSError):  # it is not read again
            super().close()
