"""The record of the local environment that `harness up` keeps: its addresses and the process that keeps it.

Owns the record `<state>/up/up.json`, schema `rehearsal.up/1`. Starts and ends nothing.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from deploy.core.files import PRIVATE, write_text
from harness.core.errors import ConfigurationError, MachineCannot
from harness.local_environment.local_aws import LocalAws

SCHEMA = "rehearsal.up/1"
CLOUD_IS_GONE = (
    "What its buckets and queues held is gone, and accepted requests wait in the emulator: `harness down`, "
    "then `harness up`, begins anew"
)
_NAME = "up.json"


@dataclass(frozen=True)
class LocalEnvironment:
    """A local environment that runs.

    `pid` is the process that keeps it; `started` tells that process from a later one with the same pid.
    """

    pid: int
    started: float
    cloud_url: str
    sagemaker_url: str
    region: str
    account_id: str
    runtime: str
    cloud_ended: str = ""
    """Why the local cloud runs no more; empty while it does."""

    def is_alive(self) -> bool:
        try:
            keeper = psutil.Process(self.pid)
            return keeper.create_time() == self.started and keeper.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


def of(aws: LocalAws, runtime: str) -> LocalEnvironment:
    """The local environment that this process keeps."""
    return LocalEnvironment(
        pid=os.getpid(),
        started=psutil.Process().create_time(),
        cloud_url=aws.cloud.url,
        sagemaker_url=aws.sagemaker_url,
        region=aws.cloud.region,
        account_id=aws.cloud.account_id,
        runtime=runtime,
        cloud_ended=aws.cloud.ended() or "",
    )


def up_dir(state_dir: Path) -> Path:
    return state_dir.absolute() / "up"


def _record(state_dir: Path) -> Path:
    return up_dir(state_dir) / _NAME


def write(state_dir: Path, environment: LocalEnvironment) -> None:
    write_text(_record(state_dir), json.dumps({"schema": SCHEMA, **asdict(environment)}, indent=1), PRIVATE)


def forget(state_dir: Path) -> None:
    _record(state_dir).unlink(missing_ok=True)


def find(state_dir: Path) -> LocalEnvironment | None:
    """The local environment that runs; None when none does, or when its keeper was killed."""
    try:
        document = json.loads(_record(state_dir).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if document.pop("schema", None) != SCHEMA:
        return None
    environment = LocalEnvironment(**document)
    return environment if environment.is_alive() else None


def was_killed(folder: Path) -> bool:
    """Whether the last keeper of this `up_dir` did not come to its own end, where it removes the record."""
    return (folder / _NAME).exists()


def refuse_second(state_dir: Path) -> None:
    """Raises ConfigurationError when a local environment runs here."""
    found = find(state_dir)
    if found is not None:
        raise ConfigurationError(
            f"a local AWS runs here already (process {found.pid}, {found.sagemaker_url}); end it with "
            "`harness down`, or keep another one with --state-dir"
        )


def require_whole(found: LocalEnvironment) -> None:
    """Raises MachineCannot when one of its services is dead."""
    if found.cloud_ended:
        raise MachineCannot(f"{found.cloud_ended}. {CLOUD_IS_GONE}")


def require(state_dir: Path) -> LocalEnvironment:
    """The local environment that runs, if only in part. Raises MachineCannot when none does."""
    environment = find(state_dir)
    if environment is None:
        raise MachineCannot(f"no local AWS runs here ({up_dir(state_dir)}); start one with `harness up --detach`")
    return environment
