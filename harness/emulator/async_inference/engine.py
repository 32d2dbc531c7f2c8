"""The work itself: one job from the queue to its outcome. No threads, no HTTP face, no sleeps; time is an argument.

`assign` takes a job and a free slot together, `perform` does the work in the caller's thread; `work_one` is both.
"""

from __future__ import annotations

import logging
import tempfile
import time
from dataclasses import dataclass
from typing import IO, Protocol

from harness.emulator.async_inference import outcomes
from harness.emulator.async_inference.delivery import RETRY_SECONDS, Delivery, insisting
from harness.emulator.async_inference.jobs import Invocation, Job, Jobs
from harness.emulator.async_inference.outcomes import Completed, Failed, Outcome
from harness.emulator.async_inference.timings import Timings
from harness.emulator.context.cloud import CloudFailing, CloudRefused, CloudUnreachable, FetchedObject, Objects
from harness.emulator.context.settings import EmulatorSettings
from harness.emulator.context.timestamps import Now
from harness.emulator.instances import container
from harness.emulator.instances.container import Answered, Unanswered, Unreached
from harness.emulator.instances.platform_log import LogStream, PlatformLog
from harness.emulator.metrics.meter import Datum, Meter
from harness.emulator.store.catalog import Catalog
from harness.emulator.store.spool import Spool

_IN_MEMORY_BYTES = 1024 * 1024
_SETTLED_AT_ONCE = 50
"""Then the queue is looked at again."""
REST_AFTER_A_SURPRISE_SECONDS = 5.0
log = logging.getLogger(__name__)


class Slot(Protocol):
    """The right to send one request to one instance; MaxConcurrentInvocationsPerInstance of them an instance."""

    @property
    def base_url(self) -> str: ...

    @property
    def stream(self) -> LogStream: ...

    def release(self) -> None: ...


class Slots(Protocol):
    def acquire(self, endpoint_id: int) -> Slot | None:
        """None while every instance is busy, or there is none."""
        ...


@dataclass(frozen=True)
class Assignment:
    job: Job
    slot: Slot


class Engine:
    def __init__(
        self,
        catalog: Catalog,
        jobs: Jobs,
        spool: Spool,
        slots: Slots,
        objects: Objects,
        delivery: Delivery,
        meter: Meter,
        platform_log: PlatformLog,
        timings: Timings,
        settings: EmulatorSettings,
        now: Now,
    ) -> None:
        self._catalog, self._jobs, self._spool, self._slots = catalog, jobs, spool, slots
        self._settings = settings
        self._objects, self._delivery = objects, delivery
        self._meter, self._journal, self._timings, self._now = meter, platform_log, timings, now
        self.is_closing = False
        """Set before instances are stopped for good: an unanswered job then stays in the queue for the next start."""

    def work_one(self, endpoint_id: int) -> Outcome | None:
        """Work on the oldest due job, if there is one and a slot for it."""
        assignment = self.assign(endpoint_id)
        return None if assignment is None else self.perform(assignment)

    def assign(self, endpoint_id: int) -> Assignment | None:
        if self.is_closing or not self._jobs.has_due(endpoint_id, self._now()) or self._is_congested(endpoint_id):
            return None
        slot = self._slots.acquire(endpoint_id)
        if slot is None:
            return None
        job = self._jobs.claim(endpoint_id, self._now(), slot.stream.instance_id)
        if job is None:
            slot.release()
            return None
        return Assignment(job, slot)

    def perform(self, assignment: Assignment) -> Outcome | None:
        """The delivered outcome; None when the job was postponed or its endpoint deleted."""
        job = assignment.job
        try:
            outcome = self._outcome(job, assignment.slot)
        finally:
            assignment.slot.release()
        decided = None if outcome is None else self._jobs.decide(job, outcome, self._now())
        if decided is None:
            self._spool.answer_path(job.invocation.uuid).unlink(missing_ok=True)
            return None
        return self._deliver(decided)

    def expire(self, endpoint_id: int) -> int:
        """Fail what waited beyond its time to live; how many that were."""
        overdue = self._jobs.decide_overdue(endpoint_id, self._now())
        for job in overdue:
            self._deliver(job)
        return len(overdue)

    def settle(self, endpoint_id: int) -> int:
        """Deliver what is decided and still owed; how many were tried."""
        for tried in range(_SETTLED_AT_ONCE):
            job = self._jobs.claim_settling(endpoint_id, self._now())
            if job is None:
                return tried
            self._deliver(job)
        return _SETTLED_AT_ONCE

    def _is_congested(self, endpoint_id: int) -> bool:
        """So many outcomes wait for S3 or SNS that no further request is sent to the container."""
        limit = self._settings.most_deliveries
        return self._jobs.owed(endpoint_id, limit) >= limit

    def _deliver(self, job: Job) -> Outcome | None:
        """A decided job is never left where nobody would take it up."""
        try:
            return self._delivery.deliver(job)
        except Exception:
            log.exception("the outcome of job %s could not be delivered; it is tried again", job.invocation.uuid)
            self._jobs.postpone(job, self._now() + REST_AFTER_A_SURPRISE_SECONDS)
            return None

    def _outcome(self, job: Job, slot: Slot) -> Outcome | None:
        waited_seconds = (job.started_at or job.received_at) - job.received_at
        self._note(job, slot, "TimeInBacklog", waited_seconds * 1e3)
        self._timings.note(job.invocation, "queue", waited_seconds)
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=str(self._spool.directory)) as body:
            try:
                with insisting(job, self._settings.most_attempts):
                    fetched = self._fetch(job, slot, body)
            except CloudFailing:
                self._jobs.postpone_failing(job, self._now())
                return None
            except CloudUnreachable:
                self._jobs.postpone(job, self._now() + RETRY_SECONDS)
                return None
            except CloudRefused as refused:
                location = job.invocation.input_location or ""
                self._journal.write(slot.stream, str(refused), inference_id=job.invocation.inference_id)
                return outcomes.download_failure(location, str(refused))
            body.seek(0)
            return self._ask(job, slot, body, fetched)

    def _fetch(self, job: Job, slot: Slot, into: IO[bytes]) -> FetchedObject:
        location = job.invocation.input_location
        if location is None:
            body = self._spool.input_path(job.invocation.uuid).read_bytes()
            into.write(body)
            return FetchedObject(None, len(body))
        started = time.perf_counter()
        fetched = self._objects.fetch(location, into)
        seconds = time.perf_counter() - started
        self._note(job, slot, "RequestDownloadLatency", seconds * 1e6)
        self._timings.note(job.invocation, "download", seconds)
        return fetched

    def _ask(self, job: Job, slot: Slot, body: IO[bytes], fetched: FetchedObject) -> Outcome | None:
        invocation = job.invocation
        started = time.perf_counter()
        answer = container.invoke(
            slot.base_url,
            container_headers(invocation, fetched.content_type),
            body,
            fetched.size_bytes,
            answer_path=self._spool.answer_path(invocation.uuid),
            timeout_seconds=float(invocation.timeout_seconds),
        )
        seconds = time.perf_counter() - started
        self._note(job, slot, "ModelLatency", seconds * 1e6)
        self._timings.note(invocation, "container", seconds)
        if isinstance(answer, Unreached):
            self._jobs.postpone(job, self._now() + RETRY_SECONDS)
            return None
        if isinstance(answer, Unanswered):
            self._journal.model_error(slot.stream, invocation.inference_id, 0, answer.message)
            return None if self.is_closing else outcomes.no_answer()
        return self._judge(job, slot, answer)

    def _judge(self, job: Job, slot: Slot, answer: Answered) -> Completed | Failed:
        if 200 <= answer.status < 300:
            return Completed(answer.content_type, answer.size_bytes)
        with self._spool.answer_path(job.invocation.uuid).open("rb") as body:
            quote = body.read(2048).decode("utf-8", "replace")
        self._journal.model_error(slot.stream, job.invocation.inference_id, answer.status, quote)
        return outcomes.model_failure(answer.status, answer.content_type, answer.size_bytes)

    def _note(self, job: Job, slot: Slot, name: str, value: float) -> None:
        self._meter.note(Datum(name, value, self._now(), job.invocation.endpoint_name, slot.stream.variant_name))


def container_headers(invocation: Invocation, object_content_type: str | None) -> dict[str, str]:
    """What reaches the container: the caller's content type, else the S3 object's own."""
    given = {
        "Content-Type": invocation.content_type or object_content_type,
        "Accept": invocation.accept,
        "X-Amzn-SageMaker-Custom-Attributes": invocation.custom_attributes,
        "X-Amzn-SageMaker-Inference-Id": invocation.inference_id,
    }
    return {name: value for name, value in given.items() if value is not None}
