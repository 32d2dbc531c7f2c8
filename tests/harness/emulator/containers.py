"""Containers for tests: real HTTP servers that answer by a script, and the runtime that starts them."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.serving.instances.runtime import InstanceExit, InstanceFacts, InstanceSpec, InstanceUsage


@dataclass(frozen=True)
class Seen:
    """A request that the container received."""

    headers: Mapping[str, str]
    body: bytes
    instance_id: str


@dataclass(frozen=True)
class Said:
    """An answer of the container."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    is_chunked: bool = False
    drops_connection: bool = False


def echo(seen: Seen) -> Said:
    return Said(200, seen.body, {"Content-Type": seen.headers.get("content-type", "application/octet-stream")})


@dataclass
class Script:
    """How all containers of a test answer, and the requests they received; tests may change `answer` at any time."""

    answer: Callable[[Seen], Said] = echo
    is_healthy: Callable[[], bool] = lambda: True
    start_error: Exception | None = None
    usage: Callable[[], InstanceUsage | None] = lambda: None
    seen: list[Seen] = field(default_factory=list)
    now_inside: int = 0
    most_inside: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, seen: Seen) -> Said:
        with self.lock:
            self.seen.append(seen)
            self.now_inside += 1
            self.most_inside = max(self.most_inside, self.now_inside)
        try:
            return self.answer(seen)
        finally:
            with self.lock:
                self.now_inside -= 1


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.open: set[socket.socket] = set()

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        self.open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Break every connection in the middle of what it carries."""
        for each in list(self.open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that disconnect."""


def serve(script: Script, instance_id: str) -> Server:
    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Write no log."""

        def do_GET(self) -> None:
            self.send_response(200 if script.is_healthy() else 500)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            lowered = {name.lower(): value for name, value in self.headers.items()}
            self._say(script.handle(Seen(lowered, body, instance_id)))

        def _say(self, said: Said) -> None:
            if said.drops_connection:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            if not said.is_chunked:
                self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True).start()
    return server


class ScriptedInstance:
    def __init__(self, spec: InstanceSpec, script: Script) -> None:
        self._spec = spec
        self.script = script
        self._server = serve(script, spec.instance_id)
        self._exit: InstanceExit | None = None
        self.graces: list[float] = []
        self._is_lent = False

    @property
    def spec(self) -> InstanceSpec:
        return self._spec

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def ended(self) -> InstanceExit | None:
        return self._exit

    def log_tail(self, lines: int = 50) -> str:
        return "Traceback: the script says so\nValueError: no weights"

    def facts(self) -> InstanceFacts:
        return InstanceFacts("scripted")

    def usage(self) -> InstanceUsage | None:
        return self.script.usage()

    def crash(self) -> None:
        self.close()
        self._exit = InstanceExit(1, "exited with code 1", datetime.now(UTC))

    def stop(self, grace_seconds: float = 30.0) -> None:
        self.graces.append(grace_seconds)
        if self._exit is None:
            self.close()
            self._exit = InstanceExit(0, "stopped", datetime.now(UTC))
        shutil.rmtree(self._spec.work_dir, ignore_errors=True)

    def hang_up(self) -> None:
        """Break the connections under way, and go on."""
        self._server.hang_up()

    def lend(self, server: Server) -> None:
        """Make the instance a server that the caller stops."""
        self.close()
        self._server, self._is_lent = server, True

    def close(self) -> None:
        """Stop listening; the process keeps running."""
        if not self._is_lent:
            self._server.shutdown()
            self._server.server_close()


class ScriptedRuntime:
    name = "scripted"

    def __init__(self, script: Script) -> None:
        self.script = script
        self.instances: list[ScriptedInstance] = []

    def start(self, spec: InstanceSpec) -> ScriptedInstance:
        if self.script.start_error is not None:
            raise self.script.start_error
        instance = ScriptedInstance(spec, self.script)
        self.instances.append(instance)
        return instance

    def running(self) -> list[ScriptedInstance]:
        return [instance for instance in self.instances if instance.ended() is None]
