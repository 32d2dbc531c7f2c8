"""The work on one job at one instance: fetch the input, call the container, turn its answer into an outcome.

The caller's thread does the work. `engine` decides when a job runs and stores its outcome. Trouble of this machine
(LocalTrouble) is no outcome and no attempt: the caller postpones the job.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import IO

from harness.emulator.async_inference import outcomes
from harness.emulator.async_inference.delivery import RETRY_SECONDS, limited_attempts
from harness.emulator.async_inference.job_records import JobRecords
from harness.emulator.async_inference.jobs import Invocation, Job
from harness.emulator.async_inference.outcomes import JobCompleted, JobFailed, JobOutcome
from harness.emulator.context.cloud import CloudFailing, CloudRefused, CloudUnreachable, FetchedObject, Objects
from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.instances import container
from harness.emulator.instances.container import Answered, Unanswered, Unreached
from harness.emulator.instances.platform_log import PlatformLog
from harness.emulator.instances.slots import Slot
from harness.emulator.metrics.meter import Datum, Meter


class Worker:
    def __init__(
        self, context: EmulatorContext, records: JobRecords, objects: Objects, meter: Meter, platform_log: PlatformLog
    ) -> None:
        self._context, self._records = context, records
        self._objects, self._meter, self._platform_log = objects, meter, platform_log
        self.is_closing = False
        """True once the instances are about to be stopped: unanswered jobs then stay in the queue."""

    def outcome(self, job: Job, slot: Slot) -> JobOutcome | None:
        """Return the outcome, or None when the job was postponed. Raises LocalTrouble."""
        waited_seconds = (job.started_at or job.received_at) - job.received_at
        self._note(job, slot, "TimeInBacklog", waited_seconds * 1e3)
        self._records.timings.note(job.invocation, "queue", waited_seconds)
        with self._records.spool.temporary() as body:
            try:
                with limited_attempts(job, self._context.settings.most_attempts):
                    fetched = self._fetch(job, slot, body)
            except CloudFailing:
                self._stored(job, lambda: self._records.jobs.postpone_failing(job, self._context.now()))
                return None
            except CloudUnreachable:
                self._postpone(job)
                return None
            except CloudRefused as refused:
                location = job.invocation.input_location or ""
                self._platform_log.write(slot.stream, str(refused), inference_id=job.invocation.inference_id)
                return outcomes.download_failure(location, str(refused))
            body.seek(0)
            return self._ask(job, slot, body, fetched)

    def _fetch(self, job: Job, slot: Slot, into: IO[bytes]) -> FetchedObject:
        location = job.invocation.input_location
        if location is None:
            return self._fetch_inline(job, into)
        started = time.perf_counter()
        fetched = self._objects.fetch(location, into)
        seconds = time.perf_counter() - started
        self._note(job, slot, "RequestDownloadLatency", seconds * 1e6)
        self._records.timings.note(job.invocation, "download", seconds)
        return fetched

    def _fetch_inline(self, job: Job, into: IO[bytes]) -> FetchedObject:
        try:
            body = self._records.spool.read_input(job.invocation.uuid)
        except FileNotFoundError as gone:
            raise CloudRefused("NoSuchFile", f"the inline body is gone: something removed {gone.filename}") from gone
        into.write(body)
        return FetchedObject(None, len(body))

    def _ask(self, job: Job, slot: Slot, body: IO[bytes], fetched: FetchedObject) -> JobOutcome | None:
        invocation = job.invocation
        started = time.perf_counter()
        with self._records.spool.answer(invocation.uuid) as file:
            answer = container.invoke(
                slot.base_url,
                container_headers(invocation, fetched.content_type),
                body,
                fetched.size_bytes,
                answer=file,
                timeout_seconds=float(invocation.timeout_seconds),
            )
        seconds = time.perf_counter() - started
        self._note(job, slot, "ModelLatency", seconds * 1e6)
        self._records.timings.note(invocation, "container", seconds)
        if isinstance(answer, Unreached):
            self._postpone(job)
            return None
        if isinstance(answer, Unanswered):
            self._platform_log.model_error(slot.stream, invocation.inference_id, 0, answer.message)
            return None if self.is_closing else outcomes.no_answer()
        return self._judge(job, slot, answer, file.head)

    def _judge(self, job: Job, slot: Slot, answer: Answered, head: bytes) -> JobCompleted | JobFailed:
        if 200 <= answer.status < 300:
            return JobCompleted(answer.content_type, answer.size_bytes)
        quote = head.decode("utf-8", "replace")
        self._platform_log.model_error(slot.stream, job.invocation.inference_id, answer.status, quote)
        return outcomes.model_failure(answer.status, answer.content_type, answer.size_bytes)

    def _postpone(self, job: Job) -> None:
        until = self._context.now() + RETRY_SECONDS
        self._stored(job, lambda: self._records.jobs.postpone(job, until))

    def _stored(self, job: Job, change: Callable[[], None]) -> None:
        self._context.patience.stored(f"the wait of job {job.invocation.uuid}", change)

    def _note(self, job: Job, slot: Slot, name: str, value: float) -> None:
        endpoint_name, variant_name = job.invocation.endpoint_name, slot.stream.variant_name
        self._meter.note(Datum(name, value, self._context.now(), endpoint_name, variant_name))


def container_headers(invocation: Invocation, object_content_type: str | None) -> dict[str, str]:
    """The container receives the caller's content type, or else the S3 object's."""
    given = {
        "Content-Type": invocation.content_type or object_content_type,
        "Accept": invocation.accept,
        "X-Amzn-SageMaker-Custom-Attributes": invocation.custom_attributes,
        "X-Amzn-SageMaker-Inference-Id": invocation.inference_id,
    }
    return {name: value for name, value in given.items() if value is not None}
