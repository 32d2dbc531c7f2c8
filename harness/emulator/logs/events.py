"""Log events: the lines of a stream with the timestamps at which they arrived, read forwards or from the end."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from zlib import crc32

from harness.emulator.logs.streams import StreamFile
from harness.emulator.logs.times import LONGEST_EVENT_BYTES, Mark, Marks

FAR_FUTURE = 2**63 - 1
# The limits of one answer.
MOST_EVENTS = 10_000
MOST_BYTES = 1024 * 1024


@dataclass(frozen=True, order=True)
class Position:
    """The order of a group's events: by time, then by stream, then by byte."""

    at_millis: int
    stream: str
    byte: int


@dataclass(frozen=True)
class Event:
    position: Position
    end_byte: int
    message: str

    @property
    def at_millis(self) -> int:
        return self.position.at_millis

    @property
    def size_bytes(self) -> int:
        """The size as CloudWatch counts it: the message and 26 bytes."""
        return self.end_byte - self.position.byte + 26

    @property
    def id(self) -> str:
        """56 digits, as on AWS; a line has the same id at every read."""
        return f"{self.at_millis:020d}{crc32(self.position.stream.encode()):012d}{self.position.byte:024d}"


@dataclass(frozen=True)
class Noted:
    """A stream and the file of its marks."""

    stream: StreamFile
    notes: Path


@dataclass(frozen=True)
class Span:
    """A range of milliseconds, both ends included."""

    first: int = 0
    last: int = FAR_FUTURE


def merged(streams: Sequence[Noted], span: Span, begin: Position | None, stack: ExitStack) -> Iterator[Event]:
    """Yield the streams' events in the span from `begin` on, by position; files stay open in `stack`."""
    each = (stack.enter_context(closing(_from(stream, span, begin))) for stream in streams)
    return heapq.merge(*each, key=lambda event: event.position)


def _from(noted: Noted, span: Span, begin: Position | None) -> Generator[Event, None, None]:
    name = noted.stream.name
    if begin is None or begin.at_millis < span.first:
        return forwards(noted, span, 0)
    is_behind = name < begin.stream
    span = Span(begin.at_millis + int(is_behind), span.last)
    return forwards(noted, span, begin.byte if name == begin.stream else 0)


def forwards(noted: Noted, span: Span, byte: int) -> Generator[Event, None, None]:
    """Yield the events in the span that begin at `byte` or later."""
    with _opened(noted) as files:
        for log, marks in files:
            number = max(marks.first_at(span.first), marks.first_beyond(byte))
            for each in range(number, len(marks)):
                if marks[each].at_millis > span.last:
                    return
                yield from _events(log, noted, marks, each, max(byte, marks.begin_of(each)))


def backwards(noted: Noted, span: Span, byte: int) -> Iterator[Event]:
    """Yield the events in the span that end by `byte`, the last first; of one mark at most one answer's events."""
    with _opened(noted) as files:
        for log, marks in files:
            number = min(marks.first_beyond(max(byte - 1, 0)), len(marks) - 1)
            while number >= 0 and marks[number].at_millis >= span.first:
                if marks[number].at_millis <= span.last:
                    found = _events(log, noted, marks, number, marks.begin_of(number))
                    yield from reversed(_last(event for event in found if event.end_byte <= byte))
                number -= 1


@contextmanager
def _opened(noted: Noted) -> Iterator[Sequence[tuple[IO[bytes], Marks]]]:
    """Open the log and its marks; yield nothing when they were removed."""
    with ExitStack() as stack:
        try:
            notes = stack.enter_context(noted.notes.open("rb"))
            log = stack.enter_context(noted.stream.path.open("rb"))
        except FileNotFoundError:
            yield ()
            return
        yield ((log, Marks(notes)),)


def _last(events: Iterable[Event]) -> deque[Event]:
    """Return as many of the last events as one answer holds."""
    kept: deque[Event] = deque()
    size = 0
    for event in events:
        kept.append(event)
        size += event.size_bytes
        while len(kept) > MOST_EVENTS or size - kept[0].size_bytes >= MOST_BYTES:
            size -= kept.popleft().size_bytes
    return kept


def ends(noted: Noted) -> tuple[Mark, Mark]:
    """Return the first mark and the last; empty marks when they were removed."""
    try:
        with noted.notes.open("rb") as file:
            marks = Marks(file)
            return (marks[0], marks[len(marks) - 1]) if len(marks) else (Mark(0, 0), Mark(0, 0))
    except FileNotFoundError:
        return Mark(0, 0), Mark(0, 0)


def _events(log: IO[bytes], noted: Noted, marks: Marks, number: int, begin: int) -> Iterator[Event]:
    """Yield the lines of one mark from `begin` on; empty lines are no events."""
    mark = marks[number]
    log.seek(begin)
    while begin < mark.end_byte:
        line = log.readline(min(LONGEST_EVENT_BYTES, mark.end_byte - begin))
        if not line:
            return
        message = line.decode("utf-8", "replace").rstrip("\r\n")
        end = begin + len(line)
        if message:
            yield Event(Position(mark.at_millis, noted.stream.name, begin), end, message)
        begin = end
