"""Bodies of unfinished jobs, one file each: inline inputs before the work, answers before their delivery."""

from __future__ import annotations

import logging
from collections.abc import Collection
from functools import partial
from io import BufferedReader, FileIO
from pathlib import Path
from types import TracebackType
from typing import IO

from harness.emulator.store.disk import Disk
from harness.emulator.store.patience import Patience
from harness.emulator.store.trouble import own_file

# What the platform's log quotes of an answer.
_HEAD_BYTES = 2048
log = logging.getLogger(__name__)


class AnswerFile:
    """The answer of a container while it arrives. When the disk is full, `write` waits for room.

    The container is not asked again for an answer that it is giving: meanwhile it waits to send the rest.
    """

    def __init__(self, disk: Disk, path: Path, patience: Patience) -> None:
        """Raises LocalTrouble when the file cannot be opened: nothing was asked then."""
        self._disk, self._patience = disk, patience
        self._name = path.name
        with own_file(f"cannot open {path}"):
            self._file: FileIO = disk.open(path, "wb")
        self.head = b""
        """The first 2,048 bytes."""

    def write(self, data: bytes) -> None:
        """Raises EmulatorStops when the emulator ends before there is room."""
        self.head += data[: _HEAD_BYTES - len(self.head)]
        left = memoryview(data)
        while left:
            write_some = partial(self._disk.write, self._file, left)
            left = left[self._patience.stored(f"{self._name} in the spool", write_some) :]

    def __enter__(self) -> AnswerFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with own_file(f"cannot close {self._name} in the spool"):
            self._file.close()


class Spool:
    def __init__(self, directory: Path, disk: Disk, patience: Patience) -> None:
        self.directory = directory
        self._disk, self._patience = disk, patience
        directory.mkdir(parents=True, exist_ok=True)

    def input_path(self, uuid: str) -> Path:
        return self.directory / f"{uuid}.input"

    def answer_path(self, uuid: str) -> Path:
        return self.directory / f"{uuid}.answer"

    def keep_input(self, uuid: str, body: bytes) -> None:
        """Store it whole. Raises LocalTrouble, and leaves nothing behind then."""
        path = self.input_path(uuid)
        try:
            with own_file(f"cannot write {path}"), self._disk.open(path, "wb") as file:
                left = memoryview(body)
                while left:
                    left = left[self._disk.write(file, left) :]
        except BaseException:
            self.drop(uuid)
            raise

    def read_input(self, uuid: str) -> bytes:
        """Raises FileNotFoundError, or LocalTrouble."""
        return self._read(self.input_path(uuid))

    def read_answer(self, uuid: str) -> bytes:
        """Raises FileNotFoundError, or LocalTrouble."""
        return self._read(self.answer_path(uuid))

    def open_answer(self, uuid: str) -> BufferedReader:
        """Open an answer that has arrived. Raises FileNotFoundError, or LocalTrouble."""
        path = self.answer_path(uuid)
        with own_file(f"cannot open {path}"):
            return BufferedReader(self._disk.open(path, "rb"))

    def _read(self, path: Path) -> bytes:
        with own_file(f"cannot read {path}"), self._disk.open(path, "rb") as file:
            return file.readall()

    def temporary(self) -> IO[bytes]:
        """A file without a name for an input on its way. It raises LocalTrouble."""
        return self._disk.temporary(self.directory)

    def answer(self, uuid: str) -> AnswerFile:
        """Open the file of an answer that is about to arrive. Raises LocalTrouble."""
        return AnswerFile(self._disk, self.answer_path(uuid), self._patience)

    def drop(self, uuid: str) -> None:
        """Remove both files. One that cannot be removed is logged, and removed by the next start's `sweep`."""
        for path in (self.input_path(uuid), self.answer_path(uuid)):
            self._remove(path)

    def drop_answer(self, uuid: str) -> None:
        self._remove(self.answer_path(uuid))

    def sweep(self, wanted: Collection[str]) -> None:
        """Remove the files that belong to no unfinished job."""
        for path in self.directory.iterdir():
            if path.stem not in wanted:
                self._remove(path)

    def _remove(self, path: Path) -> None:
        try:
            self._disk.remove(path)
        except OSError as error:
            log.warning("%s stays until the next start: %s", path, error)
