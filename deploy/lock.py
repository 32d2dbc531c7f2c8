"""One deployment at a time: an object in the bucket that only one can create, with an end that does not need its owner.

The same owner may enter again, so an interrupted deployment can be resumed from the machine that began it. Since every
process of that machine is the same owner, `alone` keeps those apart.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.aws import Clients, aws_errors
from deploy.errors import AwsRefused, DeployError
from deploy.existing import is_missing
from deploy.waiting import Clock

_LASTS = timedelta(hours=4)
"""Longer than any update: time-outs of start-up and bake are an hour each at most."""
SCHEMA = "rehearsal.lock/1"


@dataclass(frozen=True)
class Lock:
    bucket: str
    key: str
    owner: str
    """An id that survives the process, so that `resume` is the same owner."""
    who: str
    """For the people who find the door locked."""


@contextmanager
def held(clients: Clients, lock: Lock, clock: Clock) -> Iterator[None]:
    """Raises DeployError when somebody else deploys. Given back at the end, except when the process is interrupted."""
    _take(clients, lock, clock.today())
    try:
        yield
    except Exception:
        _give_back(clients, lock)
        raise
    _give_back(clients, lock)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """No other process holds this file meanwhile; the kernel lets go of it however the process ends.

    Raises DeployError when one does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DeployError(
                f"another `deploy` on this machine is at work on the same endpoint (it holds {path}): "
                "wait until it ends, then run this again"
            ) from error
        yield


def _take(clients: Clients, lock: Lock, now: datetime) -> None:
    for _ in range(2):  # the second time when the lock vanished or ran out between our put and our look
        if _put(clients, lock, now, IfNoneMatch="*"):
            return
        found = _read(clients, lock)
        if found is None:
            continue
        document, etag = found
        ended = datetime.fromisoformat(document["expires"]) <= now
        if (ended or document["owner"] == lock.owner) and _put(clients, lock, now, IfMatch=etag):
            return
        if not ended:
            raise DeployError(
                f"{document['who']} has been deploying since {document['since']}: wait until that ends. If it died, "
                f"the lock s3://{lock.bucket}/{lock.key} ends by itself at {document['expires']}; "
                "`deploy resume` on the machine that began it goes on at once, and who knows that it died may delete "
                "the lock"
            )
    raise DeployError(f"s3://{lock.bucket}/{lock.key} is taken and given back by somebody again and again: try later")


def _put(clients: Clients, lock: Lock, now: datetime, **condition: str) -> bool:
    """False when the condition does not hold."""
    document = {
        "schema": SCHEMA, "owner": lock.owner, "who": lock.who, "since": now.isoformat(timespec="seconds"),
        "expires": (now + _LASTS).isoformat(timespec="seconds"),
    }  # fmt: skip
    conditions: dict[str, Any] = dict(condition)
    try:
        with aws_errors("taking the deployment lock"):
            clients.s3.put_object(Bucket=lock.bucket, Key=lock.key, Body=json.dumps(document).encode(), **conditions)
    except AwsRefused as refused:
        if refused.code in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
            return False
        raise
    return True


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
