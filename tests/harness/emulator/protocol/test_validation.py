"""The constraints of botocore's models in AWS's words, and the protocols that apply them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.protocol import json_rpc, rest_json, service_models, validation
from harness.emulator.protocol.faults import AwsFault
from tests.harness.emulator.world import Refused, World


def complaint(operation: str, parameters: dict[str, Any], service: str = "sagemaker") -> str:
    model = service_models.operation(service, operation)
    assert model is not None
    with pytest.raises(AwsFault) as caught:
        validation.check(model, parameters, code="ValidationException")
    return caught.value.message


def test_a_pattern() -> None:
    assert complaint("CreateModel", {"ModelName": "no_underscores"}) == (
        "1 validation error detected: Value 'no_underscores' at 'modelName' failed to satisfy constraint: Member must"
        r" satisfy regular expression pattern: [a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?"
    )


def test_a_missing_member() -> None:
    assert complaint("CreateEndpoint", {"EndpointName": "e"}) == (
        "1 validation error detected: Value null at 'endpointConfigName' failed to satisfy constraint:"
        " Member must not be null"
    )


def test_an_enum_deep_inside() -> None:
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.t3.medium", "InitialInstanceCount": 0}
    text = complaint("CreateEndpointConfig", {"EndpointConfigName": "c", "ProductionVariants": [variant]})
    assert text.startswith("2 validation errors detected: ")
    assert (
        "Value 'ml.t3.medium' at 'productionVariants.1.member.instanceType' failed to satisfy constraint:"
        " Member must satisfy enum value set: [ml."
    ) in text
    assert (
        "Value '0' at 'productionVariants.1.member.initialInstanceCount' failed to satisfy constraint:"
        " Member must have value greater than or equal to 1"
    ) in text


def test_a_length_and_a_value_that_must_not_be_shown() -> None:
    text = complaint(
        "InvokeEndpointAsync", {"EndpointName": "e", "CustomAttributes": "x" * 1025}, service="sagemaker-runtime"
    )
    assert text == (
        "1 validation error detected: Value at 'customAttributes' failed to satisfy constraint:"
        " Member must have length less than or equal to 1024"
    )


@pytest.mark.parametrize("wrong", [{"ModelName": 5}, {"ModelName": "m", "Tags": {}}, {"ModelName": True}])
def test_a_wrong_type_is_a_serialization_error(world: World, wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        world.call("CreateModel", **wrong)
    assert caught.value.code == "SerializationException"


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b"null", b'{"a": NaN}', b"\xff", b"[" * 100_000, b'{"a": 1e400}', b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "\\ud800"}', b'{"\\udc00": 1}', b'{"a": {"\\udc00": 1}}', b'{"a":' * 101 + b"1" + b"}" * 101,
    ],
)  # fmt: skip
def test_a_body_that_is_no_json_object(world: World, body: bytes) -> None:
    reply = json_rpc.answer(world.parts.operations, "SageMaker.ListModels", body)
    assert reply.status == 400
    assert json.loads(reply.body)["__type"] == "SerializationException"


def test_of_equal_names_the_last_counts(world: World) -> None:
    body = b'{"ModelName": "first", "ModelName": "last", "PrimaryContainer": {"Image": "i"}}'
    assert json_rpc.answer(world.parts.operations, "SageMaker.CreateModel", body).status == 200
    assert world.call("ListModels")["Models"][0]["ModelName"] == "last"


@pytest.mark.parametrize(
    "value", [10**400, -(10**400), 253402300800, "soon", "2026-02-30T00:00:00Z", "9999-12-31T23:59:59-14:00"]
)
def test_what_is_no_time_is_refused(world: World, value: object) -> None:
    with pytest.raises(Refused, match="no timestamp of the years 1 to 9999 found at creationTimeAfter"):
        world.call("ListModels", CreationTimeAfter=value)


@pytest.mark.parametrize("value", [0, 1.5e9, "2026-02-28T00:00:00Z", "0001-01-01T00:00:00", "9999-12-31T23:59:59"])
def test_what_is_a_time_is_taken(world: World, value: object) -> None:
    assert world.call("ListModels", CreationTimeAfter=value) == {"Models": []}


@pytest.mark.parametrize(
    ("member", "value"),
    [("DesiredInstanceCount", 2**31), ("DesiredInstanceCount", -(2**31) - 1), ("DesiredWeight", 1e39)],
)
def test_a_number_beyond_its_type_is_refused(world: World, member: str, value: float) -> None:
    with pytest.raises(Refused, match="a number beyond") as caught:
        world.call("UpdateEndpointWeightsAndCapacities", EndpointName="e",
                   DesiredWeightsAndCapacities=[{"VariantName": "v", member: value}])  # fmt: skip
    assert caught.value.code == "SerializationException"


def test_null_is_absent(world: World) -> None:
    world.call("CreateModel", ModelName="m", PrimaryContainer={"Image": "i", "ModelDataUrl": None}, Tags=None)
    assert "ModelDataUrl" not in world.call("DescribeModel", ModelName="m")["PrimaryContainer"]


@pytest.mark.parametrize("target", [None, "", "SageMaker", "SageMaker.", "SageMaker.Nothing", "Other.CreateModel"])
def test_an_unknown_operation(world: World, target: str | None) -> None:
    reply = json_rpc.answer(world.parts.operations, target, b"{}")
    assert (reply.status, json.loads(reply.body)["__type"]) == (400, "UnknownOperationException")


def test_a_modelled_operation_that_is_not_emulated(world: World) -> None:
    with pytest.raises(Refused) as caught:
        world.call("CreateTrainingJob")
    assert caught.value.code == "UnknownOperationException"


def shapes(shape: Shape, seen: set[str]) -> Iterator[Shape]:
    if shape.name in seen:
        return
    seen.add(shape.name)
    yield shape
    inner: list[Shape] = []
    if isinstance(shape, StructureShape):
        inner = list(shape.members.values())
    elif isinstance(shape, ListShape):
        inner = [shape.member]
    elif isinstance(shape, MapShape):
        inner = [shape.key, shape.value]
    for each in inner:
        yield from shapes(each, seen)


def served_operations(world: World) -> list[tuple[str, str]]:
    return [(operation.service, operation.name) for operation in world.parts.operations]


def test_every_pattern_of_every_operation_can_be_read(world: World) -> None:
    seen: set[str] = set()
    count = 0
    for service, name in served_operations(world):
        operation = service_models.operation(service, name)
        assert operation is not None
        for shape in shapes(operation.input_shape, seen) if operation.input_shape else ():
            if "pattern" in shape.metadata:
                service_models.pattern(shape.metadata["pattern"])
                count += 1
            assert shape.type_name in validation.PYTHON_TYPES
    assert count > 50


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=80))
def test_inference_ids_are_printable_and_do_not_start_with_a_blank(text: str) -> None:
    operation = service_models.operation("sagemaker-runtime", "InvokeEndpointAsync")
    assert operation is not None
    is_right = len(text) <= 64 and text[0] != " "
    parameters = {"EndpointName": "e", "InferenceId": text}
    if is_right:
        validation.check(operation, parameters, code="ValidationError")
    else:
        with pytest.raises(AwsFault):
            validation.check(operation, parameters, code="ValidationError")


def test_numbers_in_headers() -> None:
    operation = service_models.operation("sagemaker-runtime", "InvokeEndpointAsync")
    assert operation is not None
    name = "x-amzn-sagemaker-requestttlseconds"
    assert rest_json.rest_parameters(operation, {"EndpointName": "e"}, {name: "60"}, b"")["RequestTTLSeconds"] == 60
    for text in ("soon", "", "6_0", " 60", "\u0666\u0660", "1e3", "60.0", "0x3c", "9" * 5000):
        with pytest.raises(AwsFault, match="Member must be an integer"):
            rest_json.rest_parameters(operation, {"EndpointName": "e"}, {name: text}, b"")
