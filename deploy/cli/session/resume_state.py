"""Keeps the promotion that `deploy resume` can finish, and holds the locks while a command changes something.

Owns `order.json`, schema `rehearsal.order/1`, and the file `busy` in the session's folder. May not: change anything in
the account but the deployment lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from deploy.apply import lock
from deploy.apply.lock import Hold
from deploy.aws import describe
from deploy.cli.options import TargetName
from deploy.cli.session.session import Session
from deploy.cli.session.target import Options
from deploy.core import files
from deploy.core.errors import ConfigurationError

SCHEMA = "rehearsal.order/1"


@contextmanager
def alone(work: Session) -> Iterator[None]:
    """Raises DeployError while another process of this machine works on the same endpoint."""
    with lock.alone(work.state_dir / "busy"):
        yield


@contextmanager
def locked(work: Session) -> Iterator[Hold | None]:
    """Hold the locks of this machine and of the bucket. Without a bucket the lock is None."""
    with alone(work):
        if describe.bucket_region(work.clients, work.store.bucket) is None:
            yield None
        else:
            door = lock.Lock(work.store.bucket, f"{work.store.prefix}/lock.json", work.owner, work.actor)
            with lock.held(work.clients, door, work.clock) as hold:
                yield hold


def remember(work: Session) -> None:
    """Keep the options and the release of a promotion for `deploy resume`."""
    document = {"schema": SCHEMA, "release": work.desired.release, **asdict(work.options)}
    files.write_text(_path(work), json.dumps(document, indent=2) + "\n")


def forget(work: Session) -> None:
    _path(work).unlink(missing_ok=True)


def unfinished(work: Session) -> str | None:
    """A message about a promotion that started on this machine and has not ended; None when there is none."""
    if not _path(work).exists():
        return None
    _, release = remembered(work)
    return f"a promotion of release {release} was started here and has not ended"


def remembered(work: Session) -> tuple[Options, str]:
    """The options and the release of the promotion. Raises ConfigurationError when there is nothing to resume."""
    try:
        document = json.loads(_path(work).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"there is nothing to resume for {work.project.endpoint_name}: the last promotion ended"
        ) from error
    del document["schema"]
    release = str(document.pop("release"))
    lists = {key: tuple(document[key]) for key in ("evidence", "override")}
    return Options(**(document | lists | {"target": TargetName(document["target"])})), release


def require_same(work: Session, release: str) -> None:
    """Raises ConfigurationError when bundle or settings now give another release than the interrupted one."""
    if work.desired.release != release:
        raise ConfigurationError(
            f"the interrupted promotion was of release {release}; bundle and settings have changed since and mean "
            f"release {work.desired.release}. Bring them back to resume, or say `deploy --promote` to plan and promote "
            "what there is now"
        )


def _path(work: Session) -> Path:
    return work.state_dir / "order.json"
