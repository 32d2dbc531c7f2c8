"""Allows one deployment at a time: the lock is an object in the bucket, which only one can create, and which expires.

Its owner renews it while it works (`Hold`), by conditional puts, so a lost lock is noticed. The same owner may take it
again, so an interrupted deployment can be resumed from the machine that started it. Since every process of that machine
is the same owner, `alone` keeps those apart.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.aws import Clients, aws_errors
from deploy.aws.describe import is_missing
from deploy.core.errors import AwsRefused, DeployError, LockLost
from deploy.core.files import private_folder
from deploy.core.waiting import Clock

# The lock expires this long after its last renewal, so a machine that died blocks others no longer than that.
_LASTS = timedelta(minutes=15)
# The difference to the expiry allows for clocks that differ by minutes and for lost connections.
_RENEWED_AFTER = timedelta(minutes=3)
SCHEMA = "rehearsal.lock/1"


@dataclass(frozen=True)
class Lock:
    bucket: str
    key: str
    owner: str
    """An id that is kept after the process, so that `resume` is the same owner."""
    who: str
    """Shown to others while the lock is held."""


class Hold:
    """The lock while this process holds and renews it. Raises LockLost once another owner has it."""

    def __init__(self, clients: Clients, lock: Lock, clock: Clock, etag: str) -> None:
        self._clients, self._lock, self._real = clients, lock, clock
        self._since = self._renewed = clock.today()
        self._etag = etag

    @property
    def clock(self) -> Clock:
        """A clock that renews the lock whenever it sleeps."""
        return replace(self._real, sleep=self._sleep)

    def renew(self) -> None:
        """Renew the lock when that is due. Raises LockLost when another owner has it, or it is gone."""
        if self._real.today() - self._renewed >= _RENEWED_AFTER:
            self.check()

    def check(self) -> None:
        """Renew at once, before a change that must not happen under another's lock. Raises as `renew` does."""
        now = self._real.today()
        try:
            etag = _put(self._clients, self._lock, self._since, now, IfMatch=self._etag)
        except AwsRefused:
            if now - self._renewed < _LASTS - _RENEWED_AFTER:
                return  # the lock is valid for a while: the next renewal tries again
            raise
        self._etag = etag or self._adopted()
        self._renewed = now

    def _adopted(self) -> str:
        """The lock's ETag, if it is still ours: a renewal whose answer was lost may have been carried out."""
        found = _read(self._clients, self._lock)
        if found is not None and found[0]["owner"] == self._lock.owner:
            return found[1]
        whose = f"{found[0]['who']} holds it since {found[0]['since']}" if found else "it was deleted"
        raise LockLost(
            f"the deployment lock s3://{self._lock.bucket}/{self._lock.key} is no longer ours: {whose}. Nothing more "
            "was touched. See with `deploy status` what serves now"
        )

    def _sleep(self, seconds: float) -> None:
        self.renew()
        self._real.sleep(seconds)


@contextmanager
def held(clients: Clients, lock: Lock, clock: Clock) -> Iterator[Hold]:
    """Hold the lock. Raises DeployError when somebody else deploys.

    The lock is deleted at the end, except when the process is interrupted: then it expires.
    """
    hold = Hold(clients, lock, clock, _take(clients, lock, clock.today()))
    try:
        yield hold
    except Exception:
        _give_back(clients, lock)
        raise
    _give_back(clients, lock)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Lock a file against other processes; the kernel unlocks it however the process ends.

    Raises DeployError when another process holds it.
    """
    private_folder(path.parent)
    with path.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DeployError(
                f"another `deploy` on this machine is at work on the same endpoint (it holds {path}): "
                "wait until it ends, then run this again"
            ) from error
        yield


def _take(clients: Clients, lock: Lock, now: datetime) -> str:
    """Take the lock, and return the ETag of our object."""
    for _ in range(2):  # again when the lock was deleted or expired between our put and our get
        if etag := _put(clients, lock, now, now, IfNoneMatch="*"):
            return etag
        found = _read(clients, lock)
        if found is None:
            continue
        document, etag = found
        ended = datetime.fromisoformat(document["expires"]) <= now
        ours = ended or document["owner"] == lock.owner
        if ours and (taken := _put(clients, lock, now, now, IfMatch=etag)):
            return taken
        if not ours:
            raise DeployError(
                f"{document['who']} has been deploying since {document['since']}: wait until that ends. It renews its "
                f"lock s3://{lock.bucket}/{lock.key} every few minutes; if it died, the lock ends by itself at "
                f"{document['expires']}, and `deploy resume` on the machine that started it goes on at once"
            )
    raise DeployError(f"s3://{lock.bucket}/{lock.key} is taken and given back by somebody again and again: try later")


def _put(clients: Clients, lock: Lock, since: datetime, now: datetime, **condition: str) -> str | None:
    """Write the lock, and return its ETag; None when the condition does not hold."""
    document = {
        "schema": SCHEMA, "owner": lock.owner, "who": lock.who, "since": since.isoformat(timespec="seconds"),
        "expires": (now + _LASTS).isoformat(timespec="seconds"),
    }  # fmt: skip
    conditions: dict[str, Any] = dict(condition)
    try:
        with aws_errors("taking the deployment lock"):
            body = json.dumps(document).encode()
            put = clients.s3.put_object(Bucket=lock.bucket, Key=lock.key, Body=body, **conditions)
    except AwsRefused as refused:
        if refused.code in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
            return None
        raise
    return put["ETag"]


def _read(clients: Clients, lock: Lock) -> tuple[dict[str, str], str] | None:
    try:
        with aws_errors("reading the deployment lock"):
            found = clients.s3.get_object(Bucket=lock.bucket, Key=lock.key)
            return json.loads(found["Body"].read()), found["ETag"]
    except AwsRefused as refused:
        if is_missing(refused):
            return None
        raise


def _give_back(clients: Clients, lock: Lock) -> None:
    found = _read(clients, lock)
    if found is not None and found[0]["owner"] == lock.owner:
        with aws_errors("giving back the deployment lock"):
            clients.s3.delete_object(Bucket=lock.bucket, Key=lock.key)
