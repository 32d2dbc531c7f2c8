"""A rehearsal that is told to end at any time leaves no process, no port and no folder.

`REHEARSAL_STOPS=30` is for the night: so many times, spread over a run, for each of the signals.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from harness.processes import sweep
from tests.e2e.runs import processes_below, validate_command

pytestmark = pytest.mark.e2e

# A run takes longer than the last of them on any machine that is not faster than twice the ones it was written on.
LONGEST_SECONDS = 24.0
COUNT = int(os.environ.get("REHEARSAL_STOPS", "1"))
SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
STOPS = [
    (number, LONGEST_SECONDS * (index + random.Random(f"{number}-{index}").random()) / COUNT)  # noqa: S311
    for index in range(COUNT)
    for number in SIGNALS
]


@pytest.mark.parametrize(("number", "after"), STOPS, ids=lambda value: getattr(value, "name", f"{value}"))
def test_nothing_is_left(tmp_path: Path, number: signal.Signals, after: float) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    run = subprocess.Popen(
        validate_command(tmp_path),
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"TMPDIR": str(temporary)},
    )
    time.sleep(after)
    ports = listening(run.pid)
    run.send_signal(number)
    ended = run.wait(timeout=60)
    # Python itself dies of a signal that comes before the program has begun, and has started nothing then.
    assert ended in (SIGNALS[number], 0, -number), "a run that was over, or one that was told to end"
    assert processes_below(tmp_path / "state") == []
    assert [port for port in ports if is_open(port)] == []
    assert list(temporary.iterdir()) == []
    assert sweep(tmp_path / "state") == ()


def listening(pid: int) -> set[int]:
    """The ports on which the process and its descendants listen."""
    ports = set()
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return set()
    for process in family:
        try:
            found = process.net_connections("tcp")
        except psutil.Error:
            continue
        ports |= {each.laddr.port for each in found if each.status == psutil.CONN_LISTEN}
    return ports


def is_open(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0
