"""One connection of a client, bounded: how many there are, how long a request may take to arrive, an answer to be read.

uvicorn bounds only the rest between two requests. Without these bounds a client that sends half a request, or reads no
answer, keeps its connection for good.
"""

from __future__ import annotations

import asyncio
import json
import resource
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# Half of what the process may open: the other half is for the database, logs, the cloud and the containers.
_SHARE_OF_FILES = 2


def _most_connections() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 512 if soft == resource.RLIM_INFINITY else max(1, min(512, soft // _SHARE_OF_FILES))


@dataclass(frozen=True)
class ConnectionLimits:
    most: int = _most_connections()
    """At that many, the one that rests or sends the longest makes way; where all are being answered, a new one gets
    503."""
    request_seconds: float = 60.0
    """From the connection, or the first byte of a further request, to the request's last byte; then 408."""
    answer_seconds: float = 60.0
    """For which a client may leave an answer, or a piece of it, unread."""
    rest_seconds: int = 75
    """Between two requests of one connection."""


def protocol(limits: ConnectionLimits) -> type[asyncio.Protocol]:
    """What uvicorn makes of every connection."""

    class Bounded(BoundedConnection):
        def __init__(self, **made: Any) -> None:
            super().__init__(limits, **made)

    return Bounded


class BoundedConnection(H11Protocol):
    def __init__(self, limits: ConnectionLimits, **made: Any) -> None:
        super().__init__(**made)
        self._limits = limits
        self._arriving: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self.waits_since: float | None = None
        """When the wait for a request, or for the rest of one, began; None while a request is answered."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self.transport.set_write_buffer_limits(high=0)  # so that `pause_writing` tells of every unread byte
        if len(self.connections) > self._limits.most and not self._make_way():
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "ServiceUnavailable", f"{self._limits.most} connections")
            return
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_arriving()
        self._cancel_unread()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self._limits.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._cancel_unread()

    def give_up(self) -> None:
        """End the wait for this connection's request; 408 where a part of one came."""
        if self.transport.is_closing():
            return
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE) and self._has_begun():
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "RequestTimeoutException", "The request did not arrive in time.")
        else:
            self.transport.close()

    def _watch(self) -> None:
        """Bound the wait for a request that is under way, or that a new connection owes."""
        is_waiting = not self.transport.is_closing() and self.conn.their_state in (h11.IDLE, h11.SEND_BODY)
        if not is_waiting:
            self.waits_since = None
        elif self.waits_since is None:
            self.waits_since = self.loop.time()
        is_owed = is_waiting and (not self._has_asked or self._has_begun())
        if not is_owed:
            self._cancel_arriving()
        elif self._arriving is None:
            self._arriving = self.loop.call_later(self._limits.request_seconds, self.give_up)

    @property
    def _has_asked(self) -> bool:
        """Whether the head of a request ever came. uvicorn's types do not say that `cycle` is None before."""
        return bool(self.cycle)

    def _has_begun(self) -> bool:
        return self.conn.their_state is h11.SEND_BODY or bool(self.conn.trailing_data[0])

    def _make_way(self) -> bool:
        """End the connection that has waited the longest for its client; False when all are being answered."""
        others = [each for each in self.connections if isinstance(each, BoundedConnection) and each is not self]
        waiting = [(each.waits_since, id(each), each) for each in others if each.waits_since is not None]
        if not waiting:
            return False
        _, _, longest = min(waiting)
        longest.give_up()
        longest.waits_since = None
        return True

    def _refuse(self, status: HTTPStatus, code: str, message: str) -> None:
        body = json.dumps({"__type": code, "message": message}).encode()
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(body)))]
        answer = h11.Response(status_code=status, headers=[*headers, ("Connection", "close")], reason=status.phrase)
        for event in (answer, h11.Data(data=body), h11.EndOfMessage()):
            written = self.conn.send(event)
            self.transport.write(written)
        if self._has_asked:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _cancel_arriving(self) -> None:
        if self._arriving is not None:
            self._arriving.cancel()
            self._arriving = None

    def _cancel_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
