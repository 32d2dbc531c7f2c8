"""The HTTP face: one Starlette application for all services on one port. It routes, reads bodies within bounds, and
hands them to the faces in a thread; what they mean is not its affair."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from harness.emulator.handlers import ControlFace, RuntimeFace
from harness.emulator.protocol import faults, json_rpc
from harness.emulator.protocol.json_rpc import Reply
from harness.emulator.runtime.invoke import MAX_BODY_BYTES

MAX_CONTROL_BYTES = 4 * 1024 * 1024
MAX_ASYNC_BYTES = 128000
HEALTH_PATH = "/_rehearsal/health"
INSTANCES_PATH = "/_rehearsal/instances"
TIMINGS_PATH = "/_rehearsal/timings"

Reports = Mapping[str, Callable[[], object]]
"""What the emulator tells of itself beside AWS's paths: JSON documents by path."""


class Face:
    """An ASGI application; a class, because Starlette's router would decode what AWS keeps encoded."""

    def __init__(self, control: ControlFace, runtime: RuntimeFace, reports: Reports) -> None:
        self._control, self._runtime, self._reports = control, runtime, reports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            return
        try:
            reply = await self._answer(Request(scope, receive))
        except ClientDisconnect:
            return
        await _send(reply, send)

    async def _answer(self, request: Request) -> Reply:
        path = request.scope.get("raw_path", request.scope["path"].encode()).decode("latin-1").partition("?")[0]
        if request.method == "GET" and path in self._reports:
            return json_rpc.json_reply(await run_in_threadpool(self._reports[path]))
        if request.method == "POST" and path == "/":
            return await self._control_answer(request)
        pieces = path.strip("/").split("/")
        if request.method == "POST" and len(pieces) == 3 and pieces[0] == "endpoints":
            return await self._runtime_answer(request, unquote(pieces[1]), pieces[2])
        return json_rpc.json_fault(faults.unknown_operation(f"{request.method} {path[:256]}"))

    async def _control_answer(self, request: Request) -> Reply:
        body = await _body(request, MAX_CONTROL_BYTES)
        if len(body) > MAX_CONTROL_BYTES:
            return json_rpc.json_fault(faults.unreadable(f"The request body is longer than {MAX_CONTROL_BYTES} bytes."))
        return await run_in_threadpool(self._control.answer, request.headers.get("x-amz-target"), body)

    async def _runtime_answer(self, request: Request, endpoint_name: str, action: str) -> Reply:
        actions = {
            "async-invocations": (self._runtime.invoke_async, MAX_ASYNC_BYTES),
            "invocations": (self._runtime.invoke, MAX_BODY_BYTES),
        }
        if action not in actions:
            return json_rpc.rest_fault(faults.unknown_operation(action[:256]))
        act, limit = actions[action]
        body = await _body(request, limit)
        return await run_in_threadpool(act, endpoint_name, _headers(request), body)


def _headers(request: Request) -> Mapping[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers.raw}


async def _body(request: Request, limit: int) -> bytes:
    """At most one byte above the limit: enough to be refused by the rule that names it."""
    kept = bytearray()
    async for chunk in request.stream():
        kept += chunk[: limit + 1 - len(kept)]
    return bytes(kept)


async def _send(reply: Reply, send: Send) -> None:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in reply.headers.items()
    ]
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


def application(control: ControlFace, runtime: RuntimeFace, reports: Reports) -> ASGIApp:
    return Face(control, runtime, reports)
