"""From a parsed call to the function that answers it, and back to bytes: the control planes and the runtime.

Whatever goes wrong leaves as an AWS-shaped error; an unforeseen exception is logged and answers 500.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from harness.emulator.protocol import faults, json_rpc, service_models, validation
from harness.emulator.protocol.faults import AwsFault
from harness.emulator.protocol.json_rpc import Reply
from harness.emulator.runtime.invoke import RealTime, RealTimeRequest
from harness.emulator.runtime.invoke_async import AsyncRequest, Submissions

Operation = Callable[[Mapping[str, Any]], dict[str, Any] | None]
_CONSTRAINT_CODES: Mapping[str, str] = {"logs": "InvalidParameterException"}
log = logging.getLogger(__name__)


class ControlFace:
    """`POST /` with X-Amz-Target; `operations` maps a service and an operation's name to its function."""

    def __init__(self, operations: Mapping[tuple[str, str], Operation]) -> None:
        self.operations = operations

    def answer(self, target: str | None, body: bytes) -> Reply:
        try:
            return json_rpc.json_reply(self._call(target, body))
        except AwsFault as fault:
            return json_rpc.json_fault(fault)
        except Exception:
            log.exception("%s failed", target)
            return json_rpc.json_fault(faults.internal())

    def _call(self, target: str | None, body: bytes) -> dict[str, Any] | None:
        call = json_rpc.json_call(target, body)
        function = self.operations.get((call.service, call.operation.name))
        if function is None:
            raise faults.unknown_operation(target or "")
        validation.check(
            call.operation, call.parameters, code=_CONSTRAINT_CODES.get(call.service, "ValidationException")
        )
        return function(call.parameters)


class RuntimeFace:
    """`POST /endpoints/<name>/async-invocations` and `/invocations`."""

    def __init__(self, submissions: Submissions, real_time: RealTime) -> None:
        self._submissions = submissions
        self._real_time = real_time

    def invoke_async(self, endpoint_name: str, headers: Mapping[str, str], body: bytes) -> Reply:
        return self._answer(self._invoke_async, endpoint_name, headers, body)

    def invoke(self, endpoint_name: str, headers: Mapping[str, str], body: bytes) -> Reply:
        return self._answer(self._invoke, endpoint_name, headers, body)

    def _answer(
        self, act: Callable[[str, Mapping[str, str], bytes], Reply], name: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        try:
            return act(name, headers, body)
        except AwsFault as fault:
            return json_rpc.rest_fault(fault)
        except Exception:
            log.exception("an invocation of endpoint %s failed", name)
            return json_rpc.rest_fault(faults.internal())

    def _invoke_async(self, endpoint_name: str, headers: Mapping[str, str], body: bytes) -> Reply:
        given = _parameters("InvokeEndpointAsync", endpoint_name, headers, body)
        accepted = self._submissions.submit(
            AsyncRequest(
                endpoint_name=endpoint_name,
                body=body,
                input_location=given.get("InputLocation"),
                content_type=given.get("ContentType"),
                accept=given.get("Accept"),
                custom_attributes=given.get("CustomAttributes"),
                inference_id=given.get("InferenceId"),
                path_extension=given.get("S3OutputPathExtension"),
                filename=given.get("Filename"),
                ttl_seconds=given.get("RequestTTLSeconds", AsyncRequest.ttl_seconds),
                timeout_seconds=given.get("InvocationTimeoutSeconds", AsyncRequest.timeout_seconds),
            )
        )
        locations = {
            "X-Amzn-SageMaker-OutputLocation": accepted.output_location,
            "X-Amzn-SageMaker-FailureLocation": accepted.failure_location,
        }
        document = json_rpc.json_reply({"InferenceId": accepted.inference_id}).body
        return json_rpc.rest_reply(202, locations, document, content_type="application/json")

    def _invoke(self, endpoint_name: str, headers: Mapping[str, str], body: bytes) -> Reply:
        given = _parameters("InvokeEndpoint", endpoint_name, headers, body)
        answer = self._real_time.invoke(
            RealTimeRequest(
                endpoint_name=endpoint_name,
                body=body,
                content_type=given.get("ContentType"),
                accept=given.get("Accept"),
                custom_attributes=given.get("CustomAttributes"),
                inference_id=given.get("InferenceId"),
                target_variant=given.get("TargetVariant"),
            )
        )
        extra = {
            "x-Amzn-Invoked-Production-Variant": answer.variant_name,
            "X-Amzn-SageMaker-Custom-Attributes": answer.custom_attributes,
        }
        return json_rpc.rest_reply(200, extra, answer.body, content_type=answer.content_type)


def _parameters(operation_name: str, endpoint_name: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
    operation = service_models.operation("sagemaker-runtime", operation_name)
    if operation is None:
        raise faults.unknown_operation(operation_name)
    parameters = json_rpc.rest_parameters(operation, {"EndpointName": endpoint_name}, headers, body)
    validation.check(operation, parameters, code="ValidationError")
    return parameters
