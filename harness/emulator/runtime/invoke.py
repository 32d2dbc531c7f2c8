"""Answers InvokeEndpoint for endpoints without an AsyncInferenceConfig: the caller receives the container's answer."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from dataclasses import dataclass

from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.instances import container
from harness.emulator.instances.container import Answered, Unanswered, Unreached
from harness.emulator.instances.platform_log import PlatformLog
from harness.emulator.instances.slots import RealTimeSlots, Slot
from harness.emulator.metrics.meter import Datum, Meter
from harness.emulator.protocol import faults
from harness.emulator.protocol.faults import AwsFault, OriginalAnswer
from harness.emulator.protocol.operations import RUNTIME, Operation
from harness.emulator.protocol.shapes import Document, Parameters
from harness.emulator.runtime.invoke_async import serving_endpoint
from harness.emulator.store.catalog import Endpoint

TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class RealTimeRequest:
    endpoint_name: str
    body: bytes
    content_type: str | None = None
    accept: str | None = None
    custom_attributes: str | None = None
    inference_id: str | None = None
    target_variant: str | None = None

    @staticmethod
    def read(request: Parameters) -> RealTimeRequest:
        return RealTimeRequest(
            endpoint_name=request["EndpointName"],
            body=request["Body"],
            content_type=request.get("ContentType"),
            accept=request.get("Accept"),
            custom_attributes=request.get("CustomAttributes"),
            inference_id=request.get("InferenceId"),
            target_variant=request.get("TargetVariant"),
        )


@dataclass(frozen=True)
class RealTimeAnswer:
    body: bytes
    content_type: str
    variant_name: str
    custom_attributes: str | None


class RealTime:
    def __init__(self, context: EmulatorContext, slots: RealTimeSlots, meter: Meter, platform_log: PlatformLog) -> None:
        self._context, self._slots = context, slots
        self._meter, self._platform_log = meter, platform_log

    def operations(self) -> tuple[Operation, ...]:
        return (Operation(RUNTIME, "InvokeEndpoint", self.invoke_endpoint),)

    def invoke_endpoint(self, request: Parameters) -> Document:
        answer = self.invoke(RealTimeRequest.read(request))
        return {
            "Body": answer.body,
            "ContentType": answer.content_type,
            "InvokedProductionVariant": answer.variant_name,
            "CustomAttributes": answer.custom_attributes,
        }

    def invoke(self, request: RealTimeRequest) -> RealTimeAnswer:
        endpoint = serving_endpoint(self._context, request.endpoint_name)
        if endpoint.deployment.async_request is not None:
            raise faults.wrong_inference_type(request.endpoint_name)
        if request.target_variant is not None and endpoint.deployment.variant(request.target_variant) is None:
            raise faults.runtime_invalid(f"Variant {request.target_variant} of endpoint {endpoint.name} not found.")
        slot = self._slots.acquire_for_request(endpoint.id, request.target_variant)
        if slot is None:
            raise AwsFault("ServiceUnavailable", f"No instance of endpoint {endpoint.name} is healthy.", status=503)
        try:
            return self._ask(endpoint, slot, request)
        finally:
            slot.release()

    def _ask(self, endpoint: Endpoint, slot: Slot, request: RealTimeRequest) -> RealTimeAnswer:
        with self._context.disk.temporary(self._context.settings.spool_dir) as file:
            started = time.perf_counter()
            answer = container.invoke(
                slot.base_url, _headers(request), io.BytesIO(request.body), len(request.body),
                answer=file, timeout_seconds=TIMEOUT_SECONDS, is_length_required=False,
            )  # fmt: skip
            self._measure(endpoint, slot, answer, (time.perf_counter() - started) * 1e6)
            file.seek(0)
            body = file.read() if isinstance(answer, Answered) else b""
        if isinstance(answer, Unanswered | Unreached):
            raise self._model_error(endpoint, slot, request, 0, answer.message)
        if not 200 <= answer.status < 300:
            raise self._model_error(endpoint, slot, request, answer.status, body.decode("utf-8", "replace"))
        return RealTimeAnswer(
            body, answer.content_type or "application/octet-stream", slot.stream.variant_name, answer.custom_attributes
        )

    def _model_error(
        self, endpoint: Endpoint, slot: Slot, request: RealTimeRequest, status: int, said: str
    ) -> AwsFault:
        self._platform_log.model_error(slot.stream, request.inference_id or "-", status, said)
        side = "client" if 400 <= status < 500 else "server"
        region, account_id = self._context.account.region, self._context.account.account_id
        group = f"/aws/sagemaker/Endpoints/{endpoint.name}"
        console = (
            f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group}"
        )
        message = (
            f'Received {side} error ({status}) from primary with message "{said[:1024]}".'
            f" See {console} in account {account_id} for more information."
        )
        stream = f"{slot.stream.variant_name}/{slot.stream.instance_id}"
        original = OriginalAnswer(status, said[:2048], self._context.account.log_stream(endpoint.name, stream))
        return AwsFault("ModelError", message, status=424, original=original)

    def _measure(self, endpoint: Endpoint, slot: Slot, answer: container.Answer, micros: float) -> None:
        status = answer.status if isinstance(answer, Answered) else 500
        values = {
            "Invocations": 1.0,
            "InvocationsPerInstance": 1.0,
            "ModelLatency": micros,
            "Invocation4XXErrors": float(400 <= status < 500),
            "Invocation5XXErrors": float(status >= 500),
        }
        for name, value in values.items():
            self._meter.note(Datum(name, value, self._context.now(), endpoint.name, slot.stream.variant_name))


def _headers(request: RealTimeRequest) -> Mapping[str, str]:
    given = {
        "Content-Type": request.content_type,
        "Accept": request.accept,
        "X-Amzn-SageMaker-Custom-Attributes": request.custom_attributes,
        "X-Amzn-SageMaker-Inference-Id": request.inference_id,
    }
    return {name: value for name, value in given.items() if value is not None}
