"""One emulator for each state folder: an advisory lock that the operating system releases when its holder dies."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from harness.core.errors import MachineCannot


class StateLock:
    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / "emulator.lock"
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Raises MachineCannot while another emulator holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            raise MachineCannot(
                f"another emulator is using {self._path.parent}; stop it, or give this one its own state folder"
            ) from error
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
