"""The table of operations: botocore knows each, each has one owner, and the HTTP application serves no other."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from botocore.model import OperationModel

from harness.emulator.protocol import service_models
from harness.emulator.protocol.http import HttpApplication
from harness.emulator.protocol.operations import Operation, OperationTable
from tests.harness.emulator.running import RunningEmulator
from tests.harness.emulator.world import World

ROOMS_OF_SERVICES = {
    "sagemaker": {"control_plane"},
    "sagemaker-runtime": {"runtime"},
    "application-autoscaling": {"scaling"},
    "logs": {"logs"},
}


def ask(app: HttpApplication, method: str, path: str, target: str = "") -> tuple[int, dict[str, Any]]:
    """Return status and document of one request without a body."""
    sent: list[Any] = []
    headers = [(b"host", b"localhost"), (b"x-amz-target", target.encode())]
    scope = {"type": "http", "method": method, "path": path, "headers": headers}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"] or b"{}")


def known_operations(service: str) -> list[OperationModel]:
    model = service_models.service(service)
    return [model.operation_model(name) for name in model.operation_names]


def test_botocore_knows_every_operation(world: World) -> None:
    for operation in world.parts.operations:
        assert operation.model.name == operation.name, operation


def test_every_operation_is_a_method_of_one_module_of_its_services_room(world: World) -> None:
    owners: dict[tuple[str, str], str] = {}
    for operation in world.parts.operations:
        owner = operation.answer.__self__  # type: ignore[attr-defined]  # a bound method
        module = type(owner).__module__
        assert operation in owner.operations(), f"{module} answers {operation.name} and does not list it"
        assert module.split(".")[2] in ROOMS_OF_SERVICES[operation.service], operation
        assert owners.setdefault((operation.service, operation.name), module) == module
    assert {service for service, _ in owners} == set(ROOMS_OF_SERVICES)


def test_an_operation_with_two_owners_is_refused(world: World) -> None:
    class Second:
        def operations(self) -> tuple[Operation, ...]:
            return tuple(world.parts.operations)

    with pytest.raises(ValueError, match="twice"):
        OperationTable([Second(), Second()])


def test_every_operation_of_the_table_is_served(world: World) -> None:
    app = HttpApplication(world.parts.operations, {})
    routes = {route.operation.name for route in app.routes}
    for operation in world.parts.operations:
        prefix = service_models.target_prefix(operation.service)
        if prefix is None:
            assert operation.name in routes
        else:
            _, said = ask(app, "POST", "/", f"{prefix}.{operation.name}")
            assert said.get("__type") != "UnknownOperationException", operation


@pytest.mark.parametrize("service", ROOMS_OF_SERVICES)
def test_no_operation_beside_the_table_is_served(world: World, service: str) -> None:
    app = HttpApplication(world.parts.operations, {})
    prefix = service_models.target_prefix(service)
    mine = {operation.name for operation in world.parts.operations if operation.service == service}
    for model in known_operations(service):
        if model.name in mine:
            continue
        path = "/" if prefix else model.http["requestUri"].replace("{EndpointName}", "ep")
        status, said = ask(app, "POST", path, f"{prefix}.{model.name}")
        assert (status, "does not know the operation" in str(said)) == (400, True), model.name


def test_beside_aws_the_emulator_reports_on_itself_and_nothing_else(world: World, running: RunningEmulator) -> None:
    reports = running.emulator.reports()
    assert set(reports) == {"/_rehearsal/health", "/_rehearsal/instances", "/_rehearsal/timings"}
    app = HttpApplication(world.parts.operations, reports)
    assert ask(app, "GET", "/_rehearsal/health")[0] == 200
    for path in ("/", "/ping", "/_rehearsal", "/_rehearsal/other", "/endpoints/ep/invocations"):
        assert ask(app, "GET", path)[0] == 400, path
