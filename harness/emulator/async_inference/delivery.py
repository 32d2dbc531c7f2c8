"""Delivers a decided outcome: it stores the object at the promised location, then publishes the one message.

A delivery resumes where it was interrupted. It waits while the cloud does not answer. A refusal fails the job, and the
last of a limited number of 5xx answers counts as a refusal. What was sent is recorded before anything else is sent,
however long the disk takes for it.
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import IO, TypeVar

from harness.emulator.async_inference import notifications, outcomes
from harness.emulator.async_inference.job_records import JobRecords
from harness.emulator.async_inference.jobs import Job
from harness.emulator.async_inference.outcomes import JobCompleted, JobFailed, JobOutcome
from harness.emulator.context.cloud import CloudFailing, CloudRefused, CloudUnreachable, Objects, Topics
from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.metrics.meter import Datum, Meter
from harness.emulator.store.catalog import Endpoint
from harness.emulator.store.deployment import AsyncSettings

# How long a job waits after the cloud did not answer.
RETRY_SECONDS = 1.0
T = TypeVar("T")
log = logging.getLogger(__name__)


class Delivery:
    def __init__(
        self, context: EmulatorContext, records: JobRecords, objects: Objects, topics: Topics, meter: Meter
    ) -> None:
        self._context, self._meter = context, meter
        self._jobs, self._spool, self._timings = records.jobs, records.spool, records.timings
        self._objects, self._topics = objects, topics

    def deliver(self, job: Job) -> JobOutcome | None:
        """Return the delivered outcome; None when it was postponed or the endpoint was deleted."""
        endpoint = self._context.catalog.endpoint_by_id(job.endpoint_id)
        settings = None if endpoint is None else endpoint.deployment.async_settings
        if endpoint is None or settings is None or job.outcome is None or endpoint.status == "Deleting":
            self._spool.drop(job.invocation.uuid)
            return None
        try:
            delivered = self._put_object(endpoint, settings, job)
            self._publish(endpoint, settings, delivered)
        except CloudFailing:
            self._stored(job, lambda: self._jobs.postpone_failing(job, self._context.now()))
            return None
        except CloudUnreachable:
            self._stored(job, lambda: self._jobs.postpone(job, self._context.now() + RETRY_SECONDS))
            return None
        self._stored(job, lambda: self._jobs.finish(delivered))
        self._spool.drop(job.invocation.uuid)
        self._measure(endpoint, delivered)
        return delivered.outcome

    def _put_object(self, endpoint: Endpoint, settings: AsyncSettings, job: Job) -> Job:
        if job.is_delivered:
            return job
        if isinstance(job.outcome, JobCompleted):
            job = self._put_output(endpoint, settings, job)
        if isinstance(job.outcome, JobFailed):
            self._put_failure(endpoint, settings, job)
        return self._stored(job, lambda: self._jobs.mark_delivered(job))

    def _put_output(self, endpoint: Endpoint, settings: AsyncSettings, job: Job) -> Job:
        location = job.invocation.output_location
        if location is None or not isinstance(job.outcome, JobCompleted):
            return job
        content_type = job.outcome.content_type
        try:
            with self._spool.open_answer(job.invocation.uuid) as body:
                seconds = _timed(lambda: self._store(job, location, body, content_type, settings))
        except FileNotFoundError as gone:
            return self._fail_upload(job, location, f"the answer is gone: something removed {gone.filename}")
        except CloudRefused as refused:
            return self._fail_upload(job, location, str(refused))
        self._note(endpoint, "ResponseUploadLatency", seconds * 1e6)
        self._timings.note(job.invocation, "upload", seconds)
        return job

    def _fail_upload(self, job: Job, location: str, why: str) -> Job:
        outcome, now = outcomes.upload_failure(location, why), self._context.now()
        return self._stored(job, lambda: self._jobs.decide(job, outcome, now)) or job

    def _stored(self, job: Job, change: Callable[[], T]) -> T:
        return self._context.patience.stored(f"the delivery of job {job.invocation.uuid}", change)

    def _put_failure(self, endpoint: Endpoint, settings: AsyncSettings, job: Job) -> None:
        location = job.invocation.failure_location
        if location is None or not isinstance(job.outcome, JobFailed):
            return
        try:
            with self._failure_body(job, job.outcome) as body:
                self._store(job, location, body, job.outcome.content_type or "text/plain", settings)
        except CloudRefused as refused:
            log.warning("job %s: the failure object could not be written: %s", job.invocation.uuid, refused)
            self._note(endpoint, "ResponseUploadFailures", 1)

    def _failure_body(self, job: Job, outcome: JobFailed) -> IO[bytes]:
        if outcome.size_bytes is not None:
            with suppress(FileNotFoundError):
                return self._spool.open_answer(job.invocation.uuid)
        return io.BytesIO(outcome.reason.encode())

    def _store(
        self, job: Job, location: str, body: IO[bytes], content_type: str | None, settings: AsyncSettings
    ) -> None:
        with limited_attempts(job, self._context.settings.most_attempts):
            self._objects.store(location, body, content_type=content_type, kms_key_id=settings.kms_key_id)

    def _publish(self, endpoint: Endpoint, settings: AsyncSettings, job: Job) -> None:
        if job.outcome is None:
            return
        topic = notifications.topic_for(job.outcome, settings.notifications)
        if topic is None:
            return
        answer = partial(self._spool.read_answer, job.invocation.uuid)
        message = notifications.result_message(
            job, job.outcome, settings.notifications, region=self._context.settings.account.region, answer=answer
        )
        try:
            with limited_attempts(job, self._context.settings.most_attempts):
                self._topics.publish(topic, message)
        except CloudRefused as refused:
            log.warning("job %s: the notification could not be published: %s", job.invocation.uuid, refused)
            self._note(endpoint, "NotificationFailures", 1)

    def _measure(self, endpoint: Endpoint, job: Job) -> None:
        """Failure counts of zero are published, zeros of the rarer counts are not, as observed on AWS."""
        cause = job.outcome.cause if isinstance(job.outcome, JobFailed) else None
        self._note(endpoint, "InvocationFailures", int(cause is not None))
        self._note(endpoint, "TotalProcessingTime", (self._context.now() - job.received_at) * 1e3)
        if cause is outcomes.Cause.EXPIRED:
            self._note(endpoint, "ExpiredRequests", 1)
            return
        self._note(endpoint, "InvocationsProcessed", 1)
        self._note(endpoint, "RequestDownloadFailures", int(cause is outcomes.Cause.DOWNLOAD))
        self._note(endpoint, "ResponseUploadFailures", int(cause is outcomes.Cause.UPLOAD))
        if cause is outcomes.Cause.MODEL_CLIENT_ERROR:
            self._note(endpoint, "Invocation4XXErrors", 1)
        if cause in (outcomes.Cause.MODEL_SERVER_ERROR, outcomes.Cause.NO_ANSWER):
            self._note(endpoint, "Invocation5XXErrors", 1)

    def _note(self, endpoint: Endpoint, name: str, value: float) -> None:
        variant = endpoint.deployment.variants[0].name
        self._meter.note(Datum(name, value, self._context.now(), endpoint.name, variant))


@contextmanager
def limited_attempts(job: Job, most_attempts: int) -> Iterator[None]:
    """Raise CloudRefused instead of CloudFailing once `most_attempts` answers were 5xx."""
    try:
        yield
    except CloudFailing as failing:
        if job.attempts + 1 < most_attempts:
            raise
        name = job.invocation.endpoint_name
        log.warning("job %s of %s: given up after %d attempts: %s", job.invocation.uuid, name, most_attempts, failing)
        raise CloudRefused("ServiceUnavailable", f"{failing} (given up after {most_attempts} attempts)") from failing


def _timed(act: Callable[[], None]) -> float:
    """Return the seconds that `act` took."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
