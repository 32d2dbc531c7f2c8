"""The queue: accepted invocations as rows, and every change of their state as one transaction.

    queued -> running -> delivering -> done       (postponed: running -> queued, delivering -> settling -> delivering)

The step to `delivering` stores the outcome before anything is sent to S3 or SNS. After a kill, the next start reads
from the rows what is still to be delivered (`recover`).
"""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass, replace
from typing import Any

from harness.emulator.async_inference import outcomes
from harness.emulator.async_inference.outcomes import JobOutcome
from harness.emulator.store.store import Store, dump, load

_OLDEST_DUE = (
    "SELECT * FROM jobs WHERE endpoint_id = ? AND state = 'queued' AND not_before <= ? AND expires_at > ?"
    " ORDER BY id LIMIT 1"
)
_OWED = (
    "SELECT COUNT(*) AS n FROM (SELECT 1 FROM jobs WHERE endpoint_id = ? AND state IN ('delivering', 'settling')"
    " LIMIT ?)"
)
_PRUNE = (
    "DELETE FROM jobs WHERE id IN (SELECT id FROM (SELECT id, event_at FROM jobs WHERE endpoint_id = ?"
    " AND state = 'done' ORDER BY id LIMIT ?) WHERE event_at <= ?)"
)
_PRUNED_AT_ONCE = 1000
_LONGEST_REST_SECONDS = 60


@dataclass(frozen=True)
class Invocation:
    """The request, and the locations that the 202 promised."""

    uuid: str
    endpoint_name: str
    inference_id: str
    input_location: str | None
    """None when the body was inline; the spool then holds it."""
    content_type: str | None
    accept: str | None
    custom_attributes: str | None
    timeout_seconds: int
    ttl_seconds: int
    output_location: str | None
    failure_location: str | None


@dataclass(frozen=True)
class Job:
    id: int
    endpoint_id: int
    state: str
    received_at: float
    expires_at: float
    started_at: float | None
    instance_id: str | None
    invocation: Invocation
    outcome: JobOutcome | None
    event_at: float | None
    is_delivered: bool
    """The object is stored at its location; only the notification may be missing."""
    attempts: int
    """How often S3 or SNS answered 5xx to the next step."""


@dataclass(frozen=True)
class Backlog:
    queued: int
    running: int
    oldest_received_at: float | None

    @property
    def size(self) -> int:
        return self.queued + self.running


class Jobs:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, endpoint_id: int, invocation: Invocation, received_at: float) -> None:
        with self._store.transaction() as rows:
            rows.execute(
                "INSERT INTO jobs (uuid, endpoint_id, state, received_at, expires_at, request)"
                " VALUES (?, ?, 'queued', ?, ?, ?)",
                (invocation.uuid, endpoint_id, received_at, received_at + invocation.ttl_seconds,
                 dump(asdict(invocation))),
            )  # fmt: skip

    def claim(self, endpoint_id: int, now: float, instance_id: str) -> Job | None:
        """Set the oldest due job to running and return it; None when no job is due."""
        with self._store.transaction() as rows:
            row = rows.execute(_OLDEST_DUE, (endpoint_id, now, now)).fetchone()
            if row is None:
                return None
            rows.execute(
                "UPDATE jobs SET state = 'running', started_at = ?, instance_id = ? WHERE id = ?",
                (now, instance_id, row["id"]),
            )
            return self._job(row["id"])

    def has_due(self, endpoint_id: int, now: float) -> bool:
        return self._store.row(_OLDEST_DUE, (endpoint_id, now, now)) is not None

    def decide_overdue(self, endpoint_id: int, now: float) -> list[Job]:
        """Decide the queued jobs whose time to live has passed as expired."""
        with self._store.transaction() as rows:
            found = rows.execute(
                "SELECT * FROM jobs WHERE endpoint_id = ? AND state = 'queued' AND expires_at <= ?"
                " ORDER BY id LIMIT 100",
                (endpoint_id, now),
            ).fetchall()
            overdue = [_job(row) for row in found]
            decided = [self.decide(job, outcomes.expired(job.invocation.ttl_seconds), now) for job in overdue]
        return [job for job in decided if job is not None]

    def decide(self, job: Job, outcome: JobOutcome, now: float) -> Job | None:
        """Store the outcome, which only has to be delivered then. None when the endpoint was deleted."""
        with self._store.transaction() as rows:
            updated = rows.execute(
                "UPDATE jobs SET state = 'delivering', outcome = ?, event_at = ?, attempts = 0 WHERE id = ?",
                (dump(outcomes.to_json(outcome)), now, job.id),
            )
            return self._job(job.id) if updated.rowcount == 1 else None

    def mark_delivered(self, job: Job) -> Job:
        with self._store.transaction() as rows:
            rows.execute("UPDATE jobs SET is_delivered = 1, attempts = 0 WHERE id = ?", (job.id,))
        return replace(job, is_delivered=True, attempts=0)

    def postpone(self, job: Job, until: float) -> None:
        """Return the job to the state from which it is claimed again, not before `until`."""
        with self._store.transaction() as rows:
            rows.execute(
                "UPDATE jobs SET not_before = ?, state = CASE state WHEN 'running' THEN 'queued'"
                " WHEN 'delivering' THEN 'settling' ELSE state END WHERE id = ?",
                (until, job.id),
            )

    def postpone_failing(self, job: Job, now: float) -> None:
        """Count a 5xx answer and postpone the job, each time for twice as long, up to a minute."""
        with self._store.transaction() as rows:
            rows.execute("UPDATE jobs SET attempts = attempts + 1 WHERE id = ?", (job.id,))
            failing = rows.execute("SELECT attempts FROM jobs WHERE id = ?", (job.id,)).fetchone()
            if failing is not None:
                self.postpone(job, now + rest_seconds(failing["attempts"]))

    def claim_settling(self, endpoint_id: int, now: float) -> Job | None:
        with self._store.transaction() as rows:
            row = rows.execute(
                "SELECT id FROM jobs WHERE endpoint_id = ? AND state = 'settling' AND not_before <= ?"
                " ORDER BY id LIMIT 1",
                (endpoint_id, now),
            ).fetchone()
            if row is None:
                return None
            rows.execute("UPDATE jobs SET state = 'delivering' WHERE id = ?", (row["id"],))
            return self._job(row["id"])

    def finish(self, job: Job) -> None:
        with self._store.transaction() as rows:
            rows.execute("UPDATE jobs SET state = 'done' WHERE id = ?", (job.id,))

    def recover(self) -> None:
        """Requeue after a restart what was running or being delivered."""
        with self._store.transaction() as rows:
            rows.execute("UPDATE jobs SET state = 'queued', started_at = NULL WHERE state = 'running'")
            rows.execute("UPDATE jobs SET state = 'settling' WHERE state = 'delivering'")

    def find(self, uuid: str) -> Job | None:
        row = self._store.row("SELECT * FROM jobs WHERE uuid = ?", (uuid,))
        return None if row is None else _job(row)

    def count(self, endpoint_id: int, state: str) -> int:
        row = self._store.row(
            "SELECT COUNT(*) AS n FROM jobs WHERE endpoint_id = ? AND state = ?", (endpoint_id, state)
        )
        return 0 if row is None else int(row["n"])

    def owed(self, endpoint_id: int, at_most: int) -> int:
        """Count the outcomes that are decided and not yet delivered, up to `at_most`."""
        row = self._store.row(_OWED, (endpoint_id, at_most))
        return 0 if row is None else int(row["n"])

    def prune(self, decided_before: float) -> int:
        """Delete delivered jobs that were decided by then and return their number.

        One call reads only the oldest finished jobs of each endpoint, so that the transaction stays short.
        """
        with self._store.transaction() as rows:
            endpoints = [row["id"] for row in rows.execute("SELECT id FROM endpoints")]
            return sum(rows.execute(_PRUNE, (each, _PRUNED_AT_ONCE, decided_before)).rowcount for each in endpoints)

    def backlog(self, endpoint_id: int) -> Backlog:
        oldest = self._store.row(
            "SELECT MIN(received_at) AS at FROM jobs WHERE endpoint_id = ? AND state = 'queued'", (endpoint_id,)
        )
        under_way = sum(self.count(endpoint_id, state) for state in ("running", "delivering", "settling"))
        return Backlog(self.count(endpoint_id, "queued"), under_way, None if oldest is None else oldest["at"])

    def uuids_of(self, endpoint_id: int) -> list[str]:
        rows = self._store.rows("SELECT uuid FROM jobs WHERE endpoint_id = ? AND state <> 'done'", (endpoint_id,))
        return [row["uuid"] for row in rows]

    def unfinished_uuids(self) -> set[str]:
        return {row["uuid"] for row in self._store.rows("SELECT uuid FROM jobs WHERE state <> 'done'")}

    def _job(self, job_id: int) -> Job:
        return _job(self._store.rows("SELECT * FROM jobs WHERE id = ?", (job_id,))[0])


def _job(row: sqlite3.Row) -> Job:
    request: dict[str, Any] = load(row["request"])
    return Job(
        id=row["id"],
        endpoint_id=row["endpoint_id"],
        state=row["state"],
        received_at=row["received_at"],
        expires_at=row["expires_at"],
        started_at=row["started_at"],
        instance_id=row["instance_id"],
        invocation=Invocation(**request),
        outcome=outcomes.from_json(load(row["outcome"])) if row["outcome"] else None,
        event_at=row["event_at"],
        is_delivered=bool(row["is_delivered"]),
        attempts=row["attempts"],
    )


def rest_seconds(attempts: int) -> float:
    """How long a job waits after that many 5xx answers in a row."""
    return float(min(2 ** (min(attempts, 10) - 1), _LONGEST_REST_SECONDS))
