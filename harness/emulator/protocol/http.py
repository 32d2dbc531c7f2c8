"""The HTTP application: one port serves all services of the table of operations.

It refuses foreign web pages, finds the operation, reads the body up to its limit and calls the protocol in a thread.
Besides AWS's paths it serves the emulator's own reports. It knows no operation by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import unquote

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from deploy.core import header_text
from harness.core.callers import Callers
from harness.emulator.protocol import faults, json_rpc, rest_json
from harness.emulator.protocol.operations import OperationTable
from harness.emulator.protocol.reply import Reply
from harness.emulator.protocol.rest_json import Route

MAX_CONTROL_BYTES = 4 * 1024 * 1024
# Threads that answer one route. InvokeEndpoint's wait for a container, so that others may not depend on the same.
_THREADS_A_ROUTE = 64

# The emulator's reports about itself, outside AWS's paths: functions that return a JSON document, by path.
Reports = Mapping[str, Callable[[], object]]


class HttpApplication:
    """An ASGI application. It replaces Starlette's router, which decodes path segments that AWS keeps encoded."""

    def __init__(self, table: OperationTable, reports: Reports, callers: Callers | None = None) -> None:
        self._table, self._reports, self._callers = table, reports, callers or Callers()
        self.routes = rest_json.routes(table)
        self._threads = {route: CapacityLimiter(_THREADS_A_ROUTE) for route in self.routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            return
        try:
            reply = await self._answered(Request(scope, receive))
        except ClientDisconnect:
            return
        await _send(reply, send)

    async def _answered(self, request: Request) -> Reply:
        given = [request.headers.getlist(name) for name in ("host", "origin", "sec-fetch-site")]
        refusal = self._callers.refusal(*given)
        if refusal is not None:
            return json_rpc.json_fault(faults.foreign_caller(refusal))
        return await self._answer(request)

    async def _answer(self, request: Request) -> Reply:
        path = request.scope.get("raw_path", request.scope["path"].encode()).decode("latin-1").partition("?")[0]
        if request.method == "GET" and path in self._reports:
            return json_rpc.json_reply(await run_in_threadpool(self._reports[path]))
        if request.method == "POST" and path == "/":
            return await self._answer_json(request)
        pieces = tuple(path.strip("/").split("/"))
        for route in self.routes:
            labels = route.labels(request.method, pieces)
            if labels is not None:
                return await _answer_rest(request, route, labels, self._threads[route])
        if self._is_beside_a_route(request.method, pieces):
            return rest_json.rest_fault(faults.unknown_operation(pieces[-1][:256]))
        return json_rpc.json_fault(faults.unknown_operation(f"{request.method} {path[:256]}"))

    async def _answer_json(self, request: Request) -> Reply:
        body = await _body(request, MAX_CONTROL_BYTES)
        if len(body) > MAX_CONTROL_BYTES:
            too_long = faults.unreadable(f"The request body is longer than {MAX_CONTROL_BYTES} bytes.")
            return json_rpc.json_fault(too_long)
        return await run_in_threadpool(json_rpc.answer, self._table, request.headers.get("x-amz-target"), body)

    def _is_beside_a_route(self, method: str, pieces: tuple[str, ...]) -> bool:
        """Whether a path differs from a route only in its last segment, so that its caller uses rest-json."""
        return any(route.labels(method, (*pieces[:-1], route.pieces[-1])) is not None for route in self.routes)


async def _answer_rest(request: Request, route: Route, labels: Mapping[str, str], threads: CapacityLimiter) -> Reply:
    decoded = {name: unquote(value) for name, value in labels.items()}
    body = await _body(request, route.longest_body_bytes)
    answer = partial(rest_json.answer, route.operation, decoded, _headers(request), body)
    return await to_thread.run_sync(answer, limiter=threads)


def _headers(request: Request) -> Mapping[str, str]:
    return {name.decode("latin-1").lower(): header_text.read(value) for name, value in request.headers.raw}


async def _body(request: Request, limit: int) -> bytes:
    """Keep at most one byte above the limit, so that validation refuses a longer body."""
    kept = bytearray()
    async for chunk in request.stream():
        kept += chunk[: limit + 1 - len(kept)]
    return bytes(kept)


async def _send(reply: Reply, send: Send) -> None:
    headers = [(name.lower().encode("latin-1"), header_text.written(value)) for name, value in reply.headers.items()]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
