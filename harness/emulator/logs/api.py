"""Answers FilterLogEvents, GetLogEvents, DescribeLogStreams and DescribeLogGroups for the logs of endpoints.

Every call reads the log files first, so that the answer holds everything that a container has written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from itertools import groupby

from harness.emulator.context.arns import resource_of
from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.logs import paging
from harness.emulator.logs.describing import describe_group, describe_stream, last_event_millis
from harness.emulator.logs.events import (
    FAR_FUTURE,
    MOST_BYTES,
    MOST_EVENTS,
    Event,
    Noted,
    Position,
    Span,
    ends,
    merged,
)
from harness.emulator.logs.events import backwards as events_backwards
from harness.emulator.logs.events import forwards as events_forwards
from harness.emulator.logs.pattern import Matches, matcher
from harness.emulator.logs.times import LogTimes
from harness.emulator.protocol.faults import AwsFault
from harness.emulator.protocol.operations import LOGS, Operation
from harness.emulator.protocol.shapes import Document, Parameters

# The most bytes searched for one answer. At that limit it carries a token, perhaps without events, as on AWS.
_MOST_READ_BYTES = 32 * 1024 * 1024
_MOST_DESCRIBED = 50


class LogsApi:
    def __init__(self, context: EmulatorContext, times: LogTimes) -> None:
        self._times, self._account, self._kept_seconds = times, context.account, context.settings.logs_kept_seconds

    def operations(self) -> tuple[Operation, ...]:
        return (
            Operation(LOGS, "FilterLogEvents", self.filter_log_events),
            Operation(LOGS, "GetLogEvents", self.get_log_events),
            Operation(LOGS, "DescribeLogStreams", self.describe_log_streams),
            Operation(LOGS, "DescribeLogGroups", self.describe_log_groups),
        )

    def filter_log_events(self, request: Parameters) -> Document:
        if request.get("startFromHead") is False:
            raise _invalid("startFromHead false is not emulated here: events come oldest first.")
        streams = _chosen(self._group(request), request)
        matches = matcher(request.get("filterPattern", ""))
        token = request.get("nextToken")
        begin = None if token is None else paging.read_position(token)
        with ExitStack() as stack:
            every = merged(streams, Span(request.get("startTime", 0), request.get("endTime", FAR_FUTURE)), begin, stack)
            found, rest = _page(every, matches, request.get("limit", MOST_EVENTS))
        more = {} if rest is None else {"nextToken": paging.position_token(rest)}
        return {"events": [_filtered(event) for event in found], "searchedLogStreams": [], **more}

    def get_log_events(self, request: Parameters) -> Document:
        noted = _one(self._group(request), request["logStreamName"])
        span = Span(request.get("startTime", 0), request.get("endTime", FAR_FUTURE) - 1)
        limit, token = request.get("limit", MOST_EVENTS), request.get("nextToken")
        if token is not None:
            direction, byte = paging.read_stream_token(token)
        else:
            direction, byte = ("f", 0) if request.get("startFromHead") else ("b", FAR_FUTURE)
        if direction == "f":
            found, _ = _page(events_forwards(noted, span, byte), _any, limit)
        else:
            found = _page(events_backwards(noted, span, byte), _any, limit)[0][::-1]
        return {"events": [_got(event) for event in found], **self._stream_tokens(noted, found, direction, byte)}

    def describe_log_streams(self, request: Parameters) -> Document:
        by_time = request.get("orderBy") == "LastEventTime"
        prefix = request.get("logStreamNamePrefix", "")
        if by_time and prefix:
            raise _invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
        found = [each for each in self._group(request) if each.stream.name.startswith(prefix)]
        found.sort(key=lambda it: (last_event_millis(it) if by_time else 0, it.stream.name),
                   reverse=request.get("descending", False))  # fmt: skip
        names, more = _named_page([each.stream.name for each in found], request)
        shown = [describe_stream(each, self._account) for each in found if each.stream.name in names]
        return {"logStreams": shown, **more}

    def describe_log_groups(self, request: Parameters) -> Document:
        prefix, part = request.get("logGroupNamePrefix", ""), request.get("logGroupNamePattern", "")
        if prefix and part:
            raise _invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
        groups = [
            (name, list(streams))
            for name, streams in groupby(self._noted(), key=lambda noted: noted.stream.group)
            if name.startswith(prefix) and part in name
        ]
        names, more = _named_page([name for name, _ in groups], request)
        shown = [
            describe_group(name, streams, self._account, self._kept_seconds)
            for name, streams in groups
            if name in names
        ]
        return {"logGroups": shown, **more}

    def _noted(self) -> list[Noted]:
        self._times.note()
        return [Noted(stream, self._times.notes_of(stream)) for stream in self._times.streams()]

    def _group(self, request: Parameters) -> list[Noted]:
        """Return the streams of the group, by name."""
        name = _group_name(request)
        found = [noted for noted in self._noted() if noted.stream.group == name]
        if not found:
            raise AwsFault("ResourceNotFoundException", "The specified log group does not exist.")
        return found

    def _stream_tokens(
        self, noted: Noted, found: Sequence[Event], direction: paging.Direction, byte: int
    ) -> dict[str, str]:
        """Return the tokens behind the last event and before the first; without events, of the given byte."""
        if direction == "b" and byte == FAR_FUTURE:
            byte = found[-1].end_byte if found else ends(noted)[1].end_byte
        behind = found[-1].end_byte if found and direction == "f" else byte
        before = found[0].position.byte if found else byte
        return {
            "nextForwardToken": paging.stream_token("f", behind),
            "nextBackwardToken": paging.stream_token("b", before),
        }


def _page(events: Iterable[Event], matches: Matches, limit: int) -> tuple[list[Event], Position | None]:
    """Return the events of one answer and the position of the next; None when nothing is left."""
    found: list[Event] = []
    size = searched = 0
    for event in events:
        is_full = len(found) >= limit or (found and size + event.size_bytes > MOST_BYTES)
        if is_full or searched >= _MOST_READ_BYTES:
            return found, event.position
        searched += event.size_bytes
        if matches(event.message):
            found.append(event)
            size += event.size_bytes
    return found, None


def _any(_: str) -> bool:
    return True


def _chosen(streams: list[Noted], request: Parameters) -> list[Noted]:
    names, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix")
    if names and prefix:
        raise _invalid("LogStreamNames and LogStreamNamePrefix are mutually exclusive parameters.")
    if names:
        return [_one(streams, name) for name in dict.fromkeys(names)]
    return [noted for noted in streams if noted.stream.name.startswith(prefix or "")]


def _one(streams: Iterable[Noted], name: str) -> Noted:
    found = next((noted for noted in streams if noted.stream.name == name), None)
    if found is None:
        raise AwsFault("ResourceNotFoundException", "The specified log stream does not exist.")
    return found


def _group_name(request: Parameters) -> str:
    name, identifier = request.get("logGroupName"), request.get("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise _invalid("Exactly one of logGroupName and logGroupIdentifier must be specified.")
    if name is not None:
        return str(name)
    return resource_of(str(identifier)).removeprefix("log-group:")


def _named_page(names: Sequence[str], request: Parameters) -> tuple[frozenset[str], Document]:
    """Return the names on the page and the token of the next page, which is the last name shown."""
    token, begin = request.get("nextToken"), 0
    if token is not None:
        last = paging.read_name(token)
        if last not in names:
            raise paging.invalid_token()
        begin = names.index(last) + 1
    shown = names[begin : begin + request.get("limit", _MOST_DESCRIBED)]
    is_more = begin + len(shown) < len(names)
    return frozenset(shown), {"nextToken": paging.name_token(shown[-1])} if is_more else {}


def _filtered(event: Event) -> Document:
    return {"logStreamName": event.position.stream, **_got(event), "eventId": event.id}


def _got(event: Event) -> Document:
    return {"timestamp": event.at_millis, "message": event.message, "ingestionTime": event.at_millis}


def _invalid(message: str) -> AwsFault:
    """The texts are the emulator's own."""
    return AwsFault("InvalidParameterException", message)
