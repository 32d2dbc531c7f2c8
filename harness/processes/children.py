"""Child processes: this module alone starts them, ends them, and ends those that a killed run left behind.

A child leads its own session and process group, writes stdout and stderr to a log file, and is in the ledger
(`harness.processes.ledger`) from before it exists until it is gone. It carries the record's id in its environment, and
so do its descendants: a JVM that outlives its parent, or a worker in a session of its own, is found by the id.

    with start_process([...], what="LocalStack", state_dir=state, log_path=log, environment=env, cwd=run_dir) as child:
        ...
    for left_over in sweep(state): ...
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

import psutil

from deploy.core.waiting import wait_until
from harness.core.errors import MachineCannot, TimedOut
from harness.core.state import is_ours_to_remove, processes_dir, remove_tree
from harness.processes import ledger
from harness.processes.ledger import ProcessRecord
from harness.processes.shield import Shield, shielded

# No other user may read what a child writes.
_PRIVATE = 0o077
TAIL_BYTES = 256 * 1024
KILL_TIMEOUT_SECONDS = 10.0
_running: set[ChildProcess] = set()


@dataclass(frozen=True)
class Swept:
    """What a sweep did about one record of a run that is gone."""

    what: str
    ended_pids: tuple[int, ...]
    removed: tuple[Path, ...]


class ChildProcess:
    """A running child; `stop` ends it with everything it started. Made by `start_process`."""

    def __init__(self, popen: subprocess.Popen[bytes], record: ProcessRecord, state_dir: Path, log_path: Path) -> None:
        self._popen = popen
        self._record = record
        self._state_dir = state_dir
        self._stopping = threading.Lock()
        self._exit_code: int | None = None
        self.what = record.what
        self.pid = popen.pid
        self.started_by = os.getpid()
        self.log_path = log_path

    def exit_code(self) -> int | None:
        """None while it runs; negative for the signal that ended it.

        The ended child is not reaped until `stop`, so that no other process gets its pid or its group's.
        """
        if self._exit_code is None:
            self._exit_code = _peek_exit_code(self._popen)
        return self._exit_code

    def log_tail(self, lines: int = 50) -> str:
        return log_tail(self.log_path, lines)

    def family(self) -> list[psutil.Process]:
        """The child and all of its descendants that run."""
        return _family(self._record)

    def stop(self, grace_seconds: float = 10.0) -> None:
        """Send SIGTERM to the family, and SIGKILL after the grace; reap it, remove its folders and its record.

        A signal that would end this program waits for that, and ends the grace.
        """
        with shielded() as shield, self._stopping:
            if self._popen.returncode is not None:
                return
            _end(self._record, grace_seconds, shield)
            self._exit_code = self._popen.wait()
            _clear(self._record, self._record.remove, self._state_dir)
            _running.discard(self)

    def __enter__(self) -> ChildProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def start_process(
    command: Sequence[str | Path],
    *,
    what: str,
    state_dir: Path,
    log_path: Path,
    environment: Mapping[str, str],
    cwd: Path,
    remove: Sequence[Path] = (),
) -> ChildProcess:
    """Start `command` with exactly this environment; raises MachineCannot when the program is not there.

    `remove` names folders that go with the process. A sweep removes only those below the state folder or made by
    `harness.core.state.new_temp_dir`: the ledger is a file, and a file can say anything.
    """
    record = ProcessRecord(uuid.uuid4().hex, what, ledger.me(), None, tuple(path.absolute() for path in remove))
    ledger.write(state_dir, record)
    popen = None
    try:
        log_path.parent.mkdir(parents=True, exist_ok=True)
        popen = _spawn(command, environment={**environment, ledger.TOKEN_VARIABLE: record.id}, cwd=cwd, log=log_path)
        record = replace(record, process=ledger.identity(popen.pid))
        ledger.write(state_dir, record)
    except OSError as error:
        if popen is not None:  # it runs, and was not written down
            popen.kill()
            popen.wait()
        ledger.forget(state_dir, record.id)
        raise MachineCannot(f"cannot start {what}: {error}; is {command[0]} installed and executable?") from error
    except BaseException:
        _end(record, grace_seconds=0)
        ledger.forget(state_dir, record.id)
        raise
    child = ChildProcess(popen, record, state_dir, log_path)
    _running.add(child)
    return child


@atexit.register
def _end_those_left() -> None:
    """An interrupt may come between the start of a child and the block that would stop it."""
    for child in tuple(_running):
        if child.started_by == os.getpid():  # not in a fork
            child.stop(grace_seconds=0)


def _spawn(
    command: Sequence[str | Path], *, environment: Mapping[str, str], cwd: Path, log: Path
) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=_PRIVATE,
        )


def sweep(state_dir: Path, grace_seconds: float = 5.0) -> tuple[Swept, ...]:
    """End the processes of runs that are gone, and remove their folders; no process of a living run is touched.

    Two sweeps at once take turns; the second finds nothing left.
    """
    folder = processes_dir(state_dir)
    if not folder.is_dir():
        return ()
    lock = folder / "sweep.lock"
    with ledger.file_lock(lock, what="another run's clean-up", timeout_seconds=ledger.SWEEP_LOCK_TIMEOUT_SECONDS):
        orphans = [record for record in ledger.records(state_dir) if not ledger.is_alive(record.owner)]
        return tuple(_sweep_one(record, state_dir, grace_seconds) for record in orphans)


def _sweep_one(record: ProcessRecord, state_dir: Path, grace_seconds: float) -> Swept:
    pids = _end(record, grace_seconds)
    ours = [path for path in record.remove if is_ours_to_remove(path, state_dir)]
    return Swept(record.what, pids, _clear(record, ours, state_dir))


def log_tail(path: Path, lines: int = 50) -> str:
    """The last lines of a log; empty when there is none yet."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _peek_exit_code(popen: subprocess.Popen[bytes]) -> int | None:
    if popen.returncode is not None or not hasattr(os, "waitid"):
        return popen.poll()
    try:
        found = os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:  # another thread has just reaped it
        return popen.poll()
    if found is None:
        return None
    return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status


def _family(record: ProcessRecord) -> list[psutil.Process]:
    leader = _leader(record)
    found = {process.pid: process for process in psutil.process_iter() if _carries(process, record.id)}
    if leader is not None:
        found[leader.pid] = leader
        with suppress(psutil.Error):
            found |= {process.pid: process for process in leader.children(recursive=True)}
        found |= {process.pid: process for process in psutil.process_iter() if _group(process.pid) == leader.pid}
    return [process for process in found.values() if _runs(process)]


def _leader(record: ProcessRecord) -> psutil.Process | None:
    # A zombie leader still holds its pid, and with it the name of its group.
    if record.process is None or ledger.identity(record.process.pid, zombies=True) != record.process:
        return None
    with suppress(psutil.Error):
        return psutil.Process(record.process.pid)
    return None


def _carries(process: psutil.Process, record_id: str) -> bool:
    with suppress(psutil.Error, OSError):
        return process.environ().get(ledger.TOKEN_VARIABLE) == record_id
    return False


def _group(pid: int) -> int | None:
    with suppress(OSError):
        return os.getpgid(pid)
    return None


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _end(record: ProcessRecord, grace_seconds: float, shield: Shield | None = None) -> tuple[int, ...]:
    first = _family(record)
    _signal(first, signal.SIGTERM)
    with suppress(TimedOut):
        _wait_gone(first, grace_seconds, record.what, shield)
    ended = {process.pid for process in first}
    while rest := _family(record):  # again, for processes that started in the meantime
        _signal(rest, signal.SIGKILL)
        _wait_gone(rest, KILL_TIMEOUT_SECONDS, record.what)
        ended |= {process.pid for process in rest}
    return tuple(sorted(ended))


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)  # psutil checks first that the pid is still the same process's


def _wait_gone(
    processes: Sequence[psutil.Process], timeout_seconds: float, what: str, shield: Shield | None = None
) -> None:
    def is_over() -> bool | None:
        hurries = shield is not None and shield.received is not None
        return True if hurries or not any(_runs(process) for process in processes) else None

    wait_until(
        is_over,
        what=f"{what} to end",
        timeout_seconds=timeout_seconds,
        every_seconds=0.02,
    )


def _clear(record: ProcessRecord, folders: Iterable[Path], state_dir: Path) -> tuple[Path, ...]:
    removed = tuple(path for path in folders if os.path.lexists(path))
    for path in removed:
        remove_tree(path)
    ledger.forget(state_dir, record.id)
    return removed
