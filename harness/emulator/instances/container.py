"""One request to a container: `POST /invocations` and `GET /ping`, as SageMaker's agent makes them.

It uses the standard library's client for two reasons. The deadline must hold for the exchange as a whole, and a
socket's time-out restarts at every read. A container that answers before it has read the whole body (a 413) must be
heard. Bodies are streamed: memory holds at most one chunk of each. What this machine cannot read or write is
LocalTrouble, never the container's failure.
"""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Protocol
from urllib.parse import urlsplit

from deploy.core import header_text
from harness.emulator.store.trouble import LocalTrouble, is_local, own_file
from harness.serving.stacks.contract.ping import PING_TIMEOUT_SECONDS

_CHUNK_BYTES = 256 * 1024
MAX_HEADER_BYTES = 4096

TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for each"
    " container in Amazon CloudWatch, resolve the issue, and try again."
)
NO_CONTENT_LENGTH = "The response from container primary did not specify the required Content-Length header"
HEADERS_TOO_LONG = (
    "Response received from the primary container has headers with length greater than 4096 bytes. Reduce the length of"
    " your container's response headers and update your endpoint."
)
# A container that loses patience while its answer waits for room on the disk has not failed.
_HELD_UP_SECONDS = 0.5
PROCESS_EXITED = "An error occurred while handling request as the model process exited."


@dataclass(frozen=True)
class Answered:
    status: int
    content_type: str | None
    custom_attributes: str | None
    size_bytes: int


@dataclass(frozen=True)
class Unanswered:
    """SageMaker would not accept the answer, or none came; `message` is its data-log's text."""

    message: str


@dataclass(frozen=True)
class Unreached:
    """The connection failed: the request was not sent and may be sent again."""

    message: str


Answer = Answered | Unanswered | Unreached


class Sink(Protocol):
    """Takes the body of an answer. It may wait for room; that time is not the container's."""

    def write(self, data: bytes, /) -> object: ...


class _DeadlinePassed(Exception):
    """The exchange as a whole took too long."""


class _Connection(http.client.HTTPConnection):
    """A connection whose every read and write ends at the deadline of the exchange."""

    def __init__(self, base_url: str, timeout_seconds: float, now: Callable[[], float]) -> None:
        super().__init__(urlsplit(base_url).netloc, timeout=timeout_seconds, blocksize=_CHUNK_BYTES)
        self._now = now
        self._deadline = now() + timeout_seconds
        self._socket: socket.socket | None = None
        self._held_up_seconds = 0.0

    @property
    def was_held_up(self) -> bool:
        """Whether the container had to wait until a part of its answer could be stored."""
        return self._held_up_seconds > _HELD_UP_SECONDS

    def hand_over(self, chunk: bytes, sink: Sink) -> None:
        """Store a part of the answer; the deadline moves by the time that it takes. Raises LocalTrouble."""
        started = self._now()
        with own_file("cannot store the answer"):
            sink.write(chunk)
        seconds = self._now() - started
        self._deadline += seconds
        self._held_up_seconds = max(seconds, self._held_up_seconds)

    def connect(self) -> None:
        super().connect()
        self._socket = self.sock  # http.client drops its reference when the answer says "Connection: close"

    def arm(self) -> None:
        remaining = self._deadline - self._now()
        if remaining <= 0:
            raise _DeadlinePassed
        if self._socket is not None:
            self._socket.settimeout(remaining)

    def send(self, data: object) -> None:
        self.arm()
        super().send(data)  # type: ignore[arg-type]  # typeshed's own union is private


def ping(base_url: str) -> bool:
    """Whether the container answers 200 within SageMaker's two seconds. Raises LocalTrouble when it cannot be asked."""
    connection = _Connection(base_url, PING_TIMEOUT_SECONDS, time.monotonic)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except OSError as error:
        if is_local(error):
            raise LocalTrouble(f"cannot ping {base_url}: {error}") from error
        return False
    except (http.client.HTTPException, _DeadlinePassed):
        return False
    finally:
        connection.close()


def invoke(
    base_url: str,
    headers: Mapping[str, str],
    body: IO[bytes],
    size_bytes: int,
    *,
    answer: Sink,
    timeout_seconds: float,
    is_length_required: bool = True,
) -> Answer:
    """Send `size_bytes` of `body` and write the answer's body to `answer`. Raises LocalTrouble, also after sending."""
    connection = _Connection(base_url, timeout_seconds, time.monotonic)
    response: http.client.HTTPResponse | None = None
    try:
        connection.connect()
    except OSError as error:
        return Unreached(f"The container at {base_url} cannot be reached: {error}")
    try:
        _send(connection, headers, body, size_bytes)
        connection.arm()
        response = connection.getresponse()
        if refusal := _refusal(response, is_length_required):
            return Unanswered(refusal)
        size = _receive(connection, response, answer)
        return Answered(
            response.status,
            _header(response, "Content-Type"),
            _header(response, "X-Amzn-SageMaker-Custom-Attributes"),
            size,
        )
    except (_DeadlinePassed, TimeoutError):
        return Unanswered(TIMED_OUT)
    except (OSError, http.client.HTTPException) as error:
        if is_local(error) or connection.was_held_up:
            raise LocalTrouble(f"the answer of {base_url} could not be taken: {error}") from error
        return Unanswered(PROCESS_EXITED)
    finally:
        if response is not None:
            response.close()
        connection.close()


def _send(connection: _Connection, headers: Mapping[str, str], body: IO[bytes], size_bytes: int) -> None:
    connection.putrequest("POST", "/invocations", skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, header_text.written(value))
    connection.putheader("Content-Length", str(size_bytes))
    connection.endheaders()
    try:
        while chunk := _read(body):
            connection.send(chunk)
    except (BrokenPipeError, ConnectionResetError):
        return  # it may have answered already: a 413 comes before the body is read


def _read(body: IO[bytes]) -> bytes:
    with own_file("cannot read the request's body"):
        return body.read(_CHUNK_BYTES)


def _header(response: http.client.HTTPResponse, name: str) -> str | None:
    value = response.getheader(name)
    return None if value is None else header_text.reread(value)


def _refusal(response: http.client.HTTPResponse, is_length_required: bool) -> str | None:
    if sum(len(name) + len(value) + 4 for name, value in response.getheaders()) > MAX_HEADER_BYTES:
        return HEADERS_TOO_LONG
    is_success = 200 <= response.status < 300
    if is_length_required and is_success and response.getheader("Content-Length") is None:
        return NO_CONTENT_LENGTH
    return None


def _receive(connection: _Connection, response: http.client.HTTPResponse, sink: Sink) -> int:
    size = 0
    while True:
        connection.arm()
        chunk = response.read1(_CHUNK_BYTES)
        if not chunk:
            break
        connection.hand_over(chunk, sink)
        size += len(chunk)
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return size
