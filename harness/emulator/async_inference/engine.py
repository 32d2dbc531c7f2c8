"""The order of the work: which job runs when, from the queue to the delivered outcome. It has no thread, HTTP or sleep.

`assign` claims a job and a free slot together, `perform` does the work in the caller's thread, `work_one` does both.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from harness.emulator.async_inference.delivery import Delivery
from harness.emulator.async_inference.job_records import JobRecords
from harness.emulator.async_inference.jobs import Job
from harness.emulator.async_inference.outcomes import JobOutcome
from harness.emulator.async_inference.worker import Worker
from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.instances.slots import Slot, Slots

# How many outcomes are delivered before the queue is read again.
_SETTLED_AT_ONCE = 50
# How long a job waits after an unexpected error.
REST_AFTER_AN_ERROR_SECONDS = 5.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Assignment:
    job: Job
    slot: Slot


class Engine:
    def __init__(
        self, context: EmulatorContext, records: JobRecords, slots: Slots, worker: Worker, delivery: Delivery
    ) -> None:
        self._context, self._jobs, self._spool = context, records.jobs, records.spool
        self._slots, self._worker, self._delivery = slots, worker, delivery

    @property
    def is_closing(self) -> bool:
        return self._worker.is_closing

    def close(self) -> None:
        """Assign no more jobs and leave unanswered ones in the queue. Call it before the instances are stopped."""
        self._worker.is_closing = True

    def work_one(self, endpoint_id: int) -> JobOutcome | None:
        """Work on the oldest due job if a slot is free."""
        assignment = self.assign(endpoint_id)
        return None if assignment is None else self.perform(assignment)

    def assign(self, endpoint_id: int) -> Assignment | None:
        is_due = not self.is_closing and self._jobs.has_due(endpoint_id, self._context.now())
        if not is_due or self._is_congested(endpoint_id):
            return None
        slot = self._slots.acquire(endpoint_id)
        if slot is None:
            return None
        job = self._jobs.claim(endpoint_id, self._context.now(), slot.stream.instance_id)
        if job is None:
            slot.release()
            return None
        return Assignment(job, slot)

    def perform(self, assignment: Assignment) -> JobOutcome | None:
        """Return the delivered outcome; None when the job was postponed or its endpoint was deleted."""
        job = assignment.job
        try:
            outcome = self._worker.outcome(job, assignment.slot)
        finally:
            assignment.slot.release()
        decided = None if outcome is None else self._jobs.decide(job, outcome, self._context.now())
        if decided is None:
            self._spool.answer_path(job.invocation.uuid).unlink(missing_ok=True)
            return None
        return self._deliver(decided)

    def expire(self, endpoint_id: int) -> int:
        """Fail the jobs whose time to live has passed; return their number."""
        overdue = self._jobs.decide_overdue(endpoint_id, self._context.now())
        for job in overdue:
            self._deliver(job)
        return len(overdue)

    def settle(self, endpoint_id: int) -> int:
        """Deliver decided outcomes that were postponed; return how many were tried."""
        for tried in range(_SETTLED_AT_ONCE):
            job = self._jobs.claim_settling(endpoint_id, self._context.now())
            if job is None:
                return tried
            self._deliver(job)
        return _SETTLED_AT_ONCE

    def _is_congested(self, endpoint_id: int) -> bool:
        """Whether too many outcomes wait for S3 or SNS to send the container another request."""
        limit = self._context.settings.most_deliveries
        return self._jobs.owed(endpoint_id, limit) >= limit

    def _deliver(self, job: Job) -> JobOutcome | None:
        """Postpone the job after an unexpected error, so that `settle` tries it again."""
        try:
            return self._delivery.deliver(job)
        except Exception:
            log.exception("the outcome of job %s could not be delivered; it is tried again", job.invocation.uuid)
            self._jobs.postpone(job, self._context.now() + REST_AFTER_AN_ERROR_SECONDS)
            return None
