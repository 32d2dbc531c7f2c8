"""Answers InvokeEndpointAsync: it checks the rules that no service model states, stores the job and builds the 202."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from harness.emulator.async_inference.jobs import Invocation, Jobs
from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.protocol import faults
from harness.emulator.protocol.operations import RUNTIME, Operation
from harness.emulator.protocol.shapes import Document, Parameters
from harness.emulator.store.catalog import Endpoint
from harness.emulator.store.deployment import AsyncSettings
from harness.emulator.store.spool import Spool

DEFAULT_TTL_SECONDS = 21600
DEFAULT_TIMEOUT_SECONDS = 900


@dataclass(frozen=True)
class AsyncRequest:
    """InvokeEndpointAsync's members, after validation against the model."""

    endpoint_name: str
    body: bytes = b""
    input_location: str | None = None
    content_type: str | None = None
    accept: str | None = None
    custom_attributes: str | None = None
    inference_id: str | None = None
    path_extension: str | None = None
    filename: str | None = None
    ttl_seconds: int = DEFAULT_TTL_SECONDS
    timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS

    @staticmethod
    def read(request: Parameters) -> AsyncRequest:
        return AsyncRequest(
            endpoint_name=request["EndpointName"],
            body=request["Body"],
            input_location=request.get("InputLocation"),
            content_type=request.get("ContentType"),
            accept=request.get("Accept"),
            custom_attributes=request.get("CustomAttributes"),
            inference_id=request.get("InferenceId"),
            path_extension=request.get("S3OutputPathExtension"),
            filename=request.get("Filename"),
            ttl_seconds=request.get("RequestTTLSeconds", DEFAULT_TTL_SECONDS),
            timeout_seconds=request.get("InvocationTimeoutSeconds", DEFAULT_TIMEOUT_SECONDS),
        )


@dataclass(frozen=True)
class Accepted:
    inference_id: str
    output_location: str | None
    failure_location: str | None


class Submissions:
    def __init__(
        self,
        context: EmulatorContext,
        jobs: Jobs,
        spool: Spool,
        wake: Callable[[int], None] = lambda _: None,
        new_uuid: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        """`wake` is called with the endpoint's id after a job is accepted."""
        self._context, self._jobs, self._spool = context, jobs, spool
        self._wake, self._new_uuid = wake, new_uuid

    def operations(self) -> tuple[Operation, ...]:
        return (Operation(RUNTIME, "InvokeEndpointAsync", self.invoke_endpoint_async),)

    def invoke_endpoint_async(self, request: Parameters) -> Document:
        """The members of the 202, which botocore's model places in its headers and its body."""
        accepted = self.submit(AsyncRequest.read(request))
        return {
            "InferenceId": accepted.inference_id,
            "OutputLocation": accepted.output_location,
            "FailureLocation": accepted.failure_location,
        }

    def submit(self, request: AsyncRequest) -> Accepted:
        """Store the invocation before returning. Raises AwsFault, and what says that it could not be stored."""
        endpoint = serving_endpoint(self._context, request.endpoint_name)
        settings = endpoint.deployment.async_settings
        if settings is None:
            raise faults.wrong_inference_type(request.endpoint_name)
        _require_one_input(request)
        invocation = self._invocation(request, settings)
        if request.input_location is None:
            self._spool.keep_input(invocation.uuid, request.body)
        try:
            self._jobs.add(endpoint.id, invocation, self._context.now())
        except BaseException:
            self._spool.drop(invocation.uuid)
            raise
        self._wake(endpoint.id)
        return Accepted(invocation.inference_id, invocation.output_location, invocation.failure_location)

    def _invocation(self, request: AsyncRequest, settings: AsyncSettings) -> Invocation:
        job_uuid = self._new_uuid()
        return Invocation(
            uuid=job_uuid,
            endpoint_name=request.endpoint_name,
            inference_id=request.inference_id or self._new_uuid(),
            input_location=request.input_location,
            content_type=request.content_type,
            accept=request.accept,
            custom_attributes=request.custom_attributes,
            timeout_seconds=request.timeout_seconds,
            ttl_seconds=request.ttl_seconds,
            output_location=output_location(settings.output_path, job_uuid, request),
            failure_location=failure_location(settings.failure_path, job_uuid, request),
        )


def serving_endpoint(context: EmulatorContext, name: str) -> Endpoint:
    """Return the endpoint of exactly this spelling. Raises AwsFault unless it accepts invocations now."""
    endpoint = context.catalog.endpoint(context.account.endpoint(name))
    if endpoint is None or endpoint.name != name or not endpoint.takes_invocations:
        raise faults.no_such_endpoint(name, context.account.account_id)
    return endpoint


def _require_one_input(request: AsyncRequest) -> None:
    """The texts are the emulator's own; AWS's are not published."""
    if request.body and request.input_location is not None:
        raise faults.runtime_invalid("Exactly one of Body and InputLocation must be specified, but both were.")
    if not request.body and request.input_location is None:
        raise faults.runtime_invalid("Exactly one of Body and InputLocation must be specified, but neither was.")


def output_location(output_path: str | None, job_uuid: str, request: AsyncRequest) -> str | None:
    """Build `<S3OutputPath>/<extension>/<Filename or uuid.out>`; the order of the optional parts is the emulator's."""
    if output_path is None:
        return None
    return _joined(output_path, request.path_extension, request.filename or f"{job_uuid}.out")


def failure_location(failure_path: str | None, job_uuid: str, request: AsyncRequest) -> str | None:
    """Build `<S3FailurePath>/<extension>/<stem>-error.out`."""
    if failure_path is None:
        return None
    stem = request.filename.partition(".")[0] if request.filename else job_uuid
    return _joined(failure_path, request.path_extension, f"{stem}-error.out")


def _joined(base: str, extension: str | None, name: str) -> str:
    scheme, _, rest = base.partition("://")
    parts = [part for piece in (rest, extension or "", name) for part in piece.split("/") if part]
    return f"{scheme}://{'/'.join(parts)}"
