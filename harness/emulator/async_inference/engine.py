"""The order of the work: which job runs when, from the queue to the delivered outcome. It has no thread and no HTTP.

`assign` claims a job and a free slot together, `perform` does the work in the caller's thread, `work_one` does both.
Whatever breaks, a claimed job is decided, delivered or postponed, and that change is tried until it is stored; only
EmulatorStops leaves the row as it is, and the next start resumes from it.
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
from harness.emulator.store.trouble import EmulatorStops, local_trouble

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
        job = None
        try:
            job = self._jobs.claim(endpoint_id, self._context.now(), slot.stream.instance_id)
        finally:
            if job is None:
                slot.release()
        return None if job is None else Assignment(job, slot)

    def give_back(self, assignment: Assignment, why: BaseException) -> None:
        """Postpone a job that could not be begun."""
        assignment.slot.release()
        self._postpone(assignment.job, "could not be begun", why)

    def perform(self, assignment: Assignment) -> JobOutcome | None:
        """Return the delivered outcome; None when the job was postponed or its endpoint was deleted.

        Raises EmulatorStops, and any error while the engine closes.
        """
        job = assignment.job
        try:
            outcome = self._worker.outcome(job, assignment.slot)
        except EmulatorStops:
            raise
        except Exception as error:
            if self.is_closing:
                raise
            self._postpone(job, "failed with an unexpected error", error)
            outcome = None
        finally:
            assignment.slot.release()
        decided = None if outcome is None else self._decide(job, outcome)
        if decided is None:
            self._spool.drop_answer(job.invocation.uuid)
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
        except EmulatorStops:
            raise
        except Exception as error:
            self._postpone(job, "could not be delivered", error)
            return None

    def _decide(self, job: Job, outcome: JobOutcome) -> Job | None:
        now = self._context.now()
        what = f"the outcome of job {job.invocation.uuid}"
        return self._context.patience.stored(what, lambda: self._jobs.decide(job, outcome, now))

    def _postpone(self, job: Job, what: str, error: BaseException) -> None:
        """Neither the job's model nor the cloud is to blame: this costs no attempt."""
        uuid, trouble = job.invocation.uuid, local_trouble(error)
        if trouble is None:
            log.error("job %s %s; it is tried again", uuid, what, exc_info=error)
        else:
            log.warning("job %s waits, because this machine could not go on: %s", uuid, trouble)
        until = self._context.now() + REST_AFTER_AN_ERROR_SECONDS
        self._context.patience.stored(f"the wait of job {uuid}", lambda: self._jobs.postpone(job, until))
