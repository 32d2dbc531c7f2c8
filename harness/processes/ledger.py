"""The ledger of processes: one JSON file for each child, so that a later run can end what a killed run left behind.

Owns the files `<state>/run/processes/<id>.json` and the identity of a process. A pid alone is no identity, because the
kernel uses it again. It sends no signals; `children` does.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil

from deploy.core.files import PRIVATE, write_text
from deploy.core.waiting import wait_until
from harness.core.state import processes_dir

SCHEMA = "rehearsal.process/1"
TOKEN_VARIABLE = "REHEARSAL_PROCESS"  # noqa: S105 - the name of a variable, inherited by every descendant
SWEEP_LOCK_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class ProcessIdentity:
    pid: int
    born: str
    """Boot and start time in kernel ticks; unlike psutil's create_time it does not move when the clock is set."""
    namespace: str
    """The pid namespace: in another container the same pid is another process."""


@dataclass(frozen=True)
class ProcessRecord:
    id: str
    """Also the value of TOKEN_VARIABLE in the environment of the process and of its descendants."""
    what: str
    owner: ProcessIdentity
    process: ProcessIdentity | None
    """None between the decision to start and the start; the leader of its own session and process group."""
    remove: tuple[Path, ...]
    """Folders that are removed when the process is gone."""


def identity(pid: int, *, zombies: bool = False) -> ProcessIdentity | None:
    """The process that has this pid now; None for none, and for a zombie (ended, not yet reaped) unless `zombies`."""
    if sys.platform != "linux":
        return _portable_identity(pid, zombies=zombies)
    try:
        # The command's name, in parentheses, may hold anything; the fields that count follow the last one.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, start_ticks = fields[0], fields[19]
    ended = state in "ZX" and not zombies
    return None if ended else ProcessIdentity(pid, f"{_boot_id()}:{start_ticks}", own_namespace())


def _portable_identity(pid: int, *, zombies: bool) -> ProcessIdentity | None:
    try:
        process = psutil.Process(pid)
        ended = process.status() == psutil.STATUS_ZOMBIE and not zombies
        return None if ended else ProcessIdentity(pid, f"{process.create_time():.2f}", own_namespace())
    except psutil.Error:
        return None


def me() -> ProcessIdentity:
    found = identity(os.getpid())
    if found is None:
        raise RuntimeError("the running process is not in the process table; is /proc mounted?")
    return found


@lru_cache(maxsize=1)
def _boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


@lru_cache(maxsize=1)
def own_namespace() -> str:
    path = Path("/proc/self/ns/pid")
    return str(path.readlink()) if path.is_symlink() else ""


def is_alive(who: ProcessIdentity) -> bool:
    """True also for a process of another pid namespace on the same boot: it cannot be seen, so it is left alone."""
    if who.namespace != own_namespace():
        return who.born.partition(":")[0] == _boot_id()
    return identity(who.pid) == who


def write(state_dir: Path, record: ProcessRecord) -> None:
    write_text(processes_dir(state_dir) / f"{record.id}.json", json.dumps(_to_json(record), indent=1), PRIVATE)


def forget(state_dir: Path, record_id: str) -> None:
    (processes_dir(state_dir) / f"{record_id}.json").unlink(missing_ok=True)


def records(state_dir: Path) -> Iterator[ProcessRecord]:
    """Every readable record; those of an unknown schema belong to another version."""
    for path in sorted(processes_dir(state_dir).glob("*.json")):
        with suppress(FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
            document = json.loads(path.read_text())
            if document["schema"] == SCHEMA:
                yield _from_json(document)


def _to_json(record: ProcessRecord) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "id": record.id,
        "what": record.what,
        "owner": vars(record.owner),
        "process": vars(record.process) if record.process else None,
        "remove": [str(path) for path in record.remove],
    }


def _from_json(document: dict[str, Any]) -> ProcessRecord:
    process = document["process"]
    return ProcessRecord(
        id=document["id"],
        what=document["what"],
        owner=ProcessIdentity(**document["owner"]),
        process=ProcessIdentity(**process) if process else None,
        remove=tuple(Path(path) for path in document["remove"]),
    )


@contextmanager
def file_lock(path: Path, *, what: str, timeout_seconds: float) -> Iterator[None]:
    """One holder on this machine at a time; the kernel releases the lock when the holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        wait_until(lambda: _try_lock(file.fileno()), what=what, timeout_seconds=timeout_seconds, every_seconds=0.05)
        yield


def _try_lock(descriptor: int) -> bool | None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    return True
