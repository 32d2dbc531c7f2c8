"""The record of the local environment that `harness up` keeps: its addresses and the process that keeps it.

Owns the record `<state>/up/up.json`, schema `rehearsal.up/1`. Starts and ends nothing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from deploy.core.files import PRIVATE, write_text
from harness.core.errors import MachineCannot

SCHEMA = "rehearsal.up/1"


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

    def is_alive(self) -> bool:
        try:
            keeper = psutil.Process(self.pid)
            return keeper.create_time() == self.started and keeper.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


def up_dir(state_dir: Path) -> Path:
    return state_dir.absolute() / "up"


def _record(state_dir: Path) -> Path:
    return up_dir(state_dir) / "up.json"


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


def require(state_dir: Path) -> LocalEnvironment:
    """The local environment that runs. Raises MachineCannot when none does."""
    environment = find(state_dir)
    if environment is None:
        raise MachineCannot(f"no local AWS runs here ({up_dir(state_dir)}); start one with `harness up --detach`")
    return environment
