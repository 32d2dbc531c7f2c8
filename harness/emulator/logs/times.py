"""When log lines arrived: recorded in files beside the logs, because the lines themselves do not say.

A mark is 16 bytes, "the log had this length at this millisecond", in `<times>/<path of the log>.times`; each look that
finds new lines adds one. Memory holds only the last mark of each file. A log whose marks cannot be written or read is
left for the next look; the others are not.
"""

from __future__ import annotations

import logging
import struct
import threading
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from harness.emulator.context.timestamps import Now
from harness.emulator.logs.streams import StreamFile, stream_files
from harness.emulator.store.disk import Disk

_RECORD = struct.Struct("<QQ")
_BLOCK_BYTES = 64 * 1024
log = logging.getLogger(__name__)
# CloudWatch's classic limit; a longer line becomes several events.
LONGEST_EVENT_BYTES = 256 * 1024
# After so long without new bytes, a last line without a line end becomes an event.
UNFINISHED_LINE_SECONDS = 5.0


@dataclass(frozen=True)
class Mark:
    """The length of a log at one look, and the time of that look."""

    end_byte: int
    at_millis: int


_NOTHING = Mark(0, 0)


class Marks:
    """The marks of one log, read from the file on demand."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._length = file.seek(0, 2) // _RECORD.size

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Mark:
        if not 0 <= index < self._length:
            raise IndexError(index)
        self._file.seek(index * _RECORD.size)
        return Mark(*_RECORD.unpack(self._file.read(_RECORD.size)))

    def first_at(self, at_millis: int) -> int:
        """Return the number of the first mark at or after this time."""
        return bisect_left(self, at_millis, key=lambda mark: mark.at_millis)

    def first_beyond(self, byte: int) -> int:
        """Return the number of the mark that covers this byte."""
        return bisect_left(self, byte + 1, key=lambda mark: mark.end_byte)

    def begin_of(self, number: int) -> int:
        return self[number - 1].end_byte if number > 0 else 0


class LogTimes:
    def __init__(self, logs_dir: Path, times_dir: Path, now: Now, disk: Disk | None = None) -> None:
        self._disk = disk or Disk()
        self._logs_dir, self._times_dir, self._now = logs_dir, times_dir, now
        self._lock = threading.Lock()
        self._last: dict[Path, Mark] = {}
        self._latest_millis = 0
        self._has_looked = False

    def note(self) -> None:
        """Look at every log once. Each look has a later timestamp than the one before, so that events stay in order."""
        with self._lock:
            self._latest_millis = max(round(self._now() * 1000), self._latest_millis + 1)
            for stream in stream_files(self._logs_dir):
                with _left_for_later(stream):
                    self._note(stream)
            self._has_looked = True

    def streams(self) -> list[StreamFile]:
        """Return the streams that are not empty."""
        with self._lock:
            return [each for each in stream_files(self._logs_dir) if self._last.get(each.path, _NOTHING).end_byte > 0]

    def notes_of(self, stream: StreamFile) -> Path:
        relative = stream.path.relative_to(self._logs_dir)
        return self._times_dir / relative.with_name(f"{relative.name}.times")

    def prune(self, seconds: float, is_live: Callable[[], Collection[str]]) -> int:
        """Remove logs and marks of ended instances that wrote nothing for so long; return the number of logs."""
        with self._lock:
            live = is_live()
            gone = [stream for stream in stream_files(self._logs_dir) if stream.instance_id not in live]
            old = [stream for stream in gone if self._now() - _changed_at(stream.path) >= seconds]
            for stream in old:
                with _left_for_later(stream):
                    self._remove(stream)
            self._forget_missing()
        return len(old)

    def _forget_missing(self) -> None:
        """Remove the marks of logs that something else removed."""
        for path in [path for path in self._last if not path.exists()]:
            stream = StreamFile("", "", path)
            with _left_for_later(stream):
                self._remove(stream)

    def _note(self, stream: StreamFile) -> None:
        known = self._last.get(stream.path) or self._stored(stream)
        self._last[stream.path] = known
        try:
            found = stream.path.stat()
        except FileNotFoundError:
            return
        if found.st_size < known.end_byte:
            known = self._start_over(stream)
        if found.st_size == known.end_byte:
            return
        is_resting = self._now() - found.st_mtime >= UNFINISHED_LINE_SECONDS
        end = found.st_size if is_resting else _end_of_lines(stream.path, known.end_byte, found.st_size)
        if end > known.end_byte:
            self._append(stream, Mark(end, max(self._timestamp(found.st_mtime), known.at_millis)))

    def _timestamp(self, changed_at: float) -> int:
        """Return this look's time for new lines; at the first look after a start, the file's own time if earlier."""
        return self._latest_millis if self._has_looked else min(self._latest_millis, round(changed_at * 1000))

    def _stored(self, stream: StreamFile) -> Mark:
        """Return the last mark; truncate a mark that a kill left incomplete."""
        path = self.notes_of(stream)
        if not path.exists():
            return _NOTHING
        with path.open("r+b") as file:
            marks = Marks(file)
            file.truncate(len(marks) * _RECORD.size)
            return marks[len(marks) - 1] if len(marks) else _NOTHING

    def _append(self, stream: StreamFile, mark: Mark) -> None:
        """Add a mark; on an error nothing of it stays that a reader takes for one."""
        path, record = self.notes_of(stream), _RECORD.pack(mark.end_byte, mark.at_millis)
        self._disk.make_folder(path.parent)
        with self._disk.open(path, "ab") as file:
            file.truncate(file.tell() // _RECORD.size * _RECORD.size)
            while record:
                record = record[self._disk.write(file, record) :]
        self._last[stream.path] = mark

    def _start_over(self, stream: StreamFile) -> Mark:
        """Discard the marks of a log that was emptied."""
        self.notes_of(stream).unlink(missing_ok=True)
        self._last[stream.path] = _NOTHING
        return _NOTHING

    def _remove(self, stream: StreamFile) -> None:
        """Remove the files but not the variant's folder, in which an instance may be about to write."""
        self._last.pop(stream.path, None)
        notes = self.notes_of(stream)
        for path in (stream.path, notes):
            self._disk.remove(path)
        endpoint, variant = stream.path.relative_to(self._logs_dir).parts[:2]
        _remove_empty(stream.path.parent, self._logs_dir / endpoint / variant)
        _remove_empty(notes.parent, self._times_dir)


@contextmanager
def _left_for_later(stream: StreamFile) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.warning("the log %s is left for later: %s", stream.path, error)


def _end_of_lines(path: Path, begin: int, end: int) -> int:
    """Return the end of the last complete line; without one `begin`, or `end` when the line is already too long."""
    with path.open("rb") as file:
        stop = end
        while stop > begin:
            start = max(begin, stop - _BLOCK_BYTES)
            file.seek(start)
            newline = file.read(stop - start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            stop = start
    return begin if end - begin < LONGEST_EVENT_BYTES else end


def _changed_at(path: Path) -> float:
    """Return the file's modification time; infinity when the file was removed."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
