"""uvicorn in a thread, on a socket that is bound before any other part starts."""

from __future__ import annotations

import socket
import threading
from collections.abc import Collection

import uvicorn
from starlette.types import ASGIApp

from deploy.core.waiting import wait_until
from harness.core.errors import MachineCannot, ServiceDidNotStart, TimedOut
from harness.emulator.protocol.connections import ConnectionLimits, protocol

_START_SECONDS = 30.0


def listening_socket(host: str, port: int) -> socket.socket:
    """Raises MachineCannot when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio disables Nagle's algorithm, which costs 40 ms an answer, only on sockets made with IPPROTO_TCP.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(2048)
    except OSError as error:
        made.close()
        raise MachineCannot(
            f"cannot listen on {host}:{port}: {error}; choose another port, or 0 for a free one"
        ) from error
    return made


class HttpServer:
    def __init__(self, app: ASGIApp, listener: socket.socket, limits: ConnectionLimits | None = None) -> None:
        chosen = limits or ConnectionLimits()
        config = uvicorn.Config(
            app, log_level="error", access_log=False, lifespan="off", ws="none", http=protocol(chosen), loop="asyncio",
            server_header=False, timeout_keep_alive=chosen.rest_seconds, timeout_graceful_shutdown=5,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._listener = listener
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="http", daemon=True)

    def start(self) -> None:
        self._thread.start()
        try:
            wait_until(
                lambda: self._server.started or None,
                what="the HTTP server",
                timeout_seconds=_START_SECONDS,
                every_seconds=0.01,
            )
        except TimedOut as error:
            raise ServiceDidNotStart(f"the emulator's HTTP server did not start: {error}") from error

    def connections(self) -> Collection[object]:
        """Those open now."""
        return list(self._server.server_state.connections)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()
