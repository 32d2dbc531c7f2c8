"""Every member of every operation, with values that JSON can say and no client does: an answer, and never a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from harness.emulator.instances.platform_log import LogStream
from harness.emulator.protocol import json_rpc, service_models
from harness.emulator.protocol.operations import Operation
from tests.harness.emulator.protocol.test_http_fuzz import GOOD
from tests.harness.emulator.world import World

ARN = "arn:aws:sagemaker:eu-west-1:000000000000:endpoint/fuzz"
MORE: list[tuple[str, dict[str, Any]]] = [
    ("SageMaker.ListModels", {}),
    ("SageMaker.ListEndpointConfigs", {"SortBy": "Name"}),
    ("SageMaker.ListTags", {"ResourceArn": ARN}),
    ("SageMaker.DeleteTags", {"ResourceArn": ARN, "TagKeys": ["k"]}),
    ("AnyScaleFrontendService.DescribeScalableTargets", {"ServiceNamespace": "sagemaker"}),
    ("AnyScaleFrontendService.DescribeScalingPolicies", {"ServiceNamespace": "sagemaker"}),
]
HOSTILE = {
    "1e400": "1e400", "-1e400": "-1e400", "10^400": "1" + "0" * 400, "-10^400": "-1" + "0" * 400,
    "5000 digits": "9" * 5000, "1e308": "1e308", "-1e308": "-1e308", "5e-324": "5e-324", "2^31": "2147483648",
    "2^63": "9223372036854775808", "-2^63-1": "-9223372036854775809", "a half": "0.5", "year 10000": "253402300800",
    "year 0": "-62135596801", "NaN": "NaN", "Infinity": "Infinity", "-Infinity": "-Infinity",
    "half a character": '"\\ud800"', "the other half": '"a\\udc00"', "NUL": '"\\u0000"', "no text": '""',
    "a long text": f'"{"x" * 70_000}"', "the last day": '"9999-12-31T23:59:59.999999-14:00"',
    "the first day": '"0001-01-01T00:00:00+14:00"', "a day": '"2026-02-30T00:00:00Z"', "the text NaN": '"NaN"',
    "deep lists": "[" * 500 + "]" * 500, "deep maps": '{"a":' * 500 + "1" + "}" * 500, "no list": "[]", "no map": "{}",
    "null": "null", "true": "true",
}  # fmt: skip
HERE = "\x01here"


@pytest.fixture
def full(world: World) -> World:
    """A world in which every good request finds what it names."""
    world.serve("fuzz")
    world.serve("rt", is_async=False)
    log = world.parts.platform_log.container_log(LogStream("fuzz", "AllTraffic", "i-1"))
    log.write_text("a line\nand another\n")
    for target, document in GOOD:
        json_rpc.answer(world.parts.operations, target, json.dumps(document).encode())
    return world


def places(shape: Shape | None, seen: tuple[str, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths to everything within a shape, itself included."""
    if shape is None or shape.name in seen:
        return
    yield ()
    inside: list[tuple[str | int, Shape]] = []
    if isinstance(shape, StructureShape):
        inside = list(shape.members.items())
    elif isinstance(shape, ListShape):
        inside = [(0, shape.member)]
    elif isinstance(shape, MapShape):
        inside = [("k", shape.value)]
    for key, member in inside:
        yield from ((key, *path) for path in places(member, (*seen, shape.name)))


def with_value(document: Any, path: tuple[str | int, ...], value: str) -> Any:
    """A copy of a document with `value` at a path, which is made where it is missing."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(key, int):
        items = document if isinstance(document, list) and document else [None]
        return [with_value(items[0], rest, value), *items[1:]]
    members = document if isinstance(document, dict) else {}
    return {**members, key: with_value(members.get(key), rest, value)}


def requests(operation: Operation) -> list[tuple[str, dict[str, Any]]]:
    target = f"{service_models.target_prefix(operation.service)}.{operation.name}"
    return [one for one in GOOD + MORE if one[0] == target] or [(target, {})]


def spoken(world: World) -> list[Operation]:
    return [one for one in world.parts.operations if service_models.protocol(one.service) == "json"]


def hostile(operation: Operation) -> Iterator[tuple[str, str, bytes]]:
    """Every request with one hostile value: what it is, its target, and its body."""
    for target, document in requests(operation):
        for path in places(operation.model.input_shape):
            text = json.dumps(with_value(document, path, HERE))
            for name, value in HOSTILE.items():
                yield f"{target} {path} {name}", target, text.replace(json.dumps(HERE), value).encode()


def test_no_value_of_any_member_ends_in_a_500(full: World) -> None:
    asked, failed = 0, []
    for what, target, body in (each for operation in spoken(full) for each in hostile(operation)):
        reply = json_rpc.answer(full.parts.operations, target, body)
        asked += 1
        json.loads(reply.body or b"{}", parse_constant=pytest.fail)
        if reply.status >= 500:
            failed.append(what)
    assert failed == []
    assert asked > 10_000
    nothing_that_was_accepted_breaks_what_reads_it(full)


def nothing_that_was_accepted_breaks_what_reads_it(world: World) -> None:
    world.step()
    world.parts.publisher.sample()
    world.parts.publisher.publish()
    world.parts.scaler.tick()
    reading = [one for one in spoken(world) if one.name.startswith(("List", "Describe"))]
    for target, document in (each for operation in reading for each in requests(operation)):
        assert json_rpc.answer(world.parts.operations, target, json.dumps(document).encode()).status in (200, 400)
