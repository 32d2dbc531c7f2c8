"""Children are started, ended with all they started, and swept up after a run that was killed."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.core.waiting import wait_until
from harness.core.errors import MachineCannot
from harness.core.state import inherited_environment, new_temp_dir, processes_dir
from harness.processes import ChildProcess, Swept, ledger, log_tail, start_process, sweep
from harness.processes.ledger import ProcessIdentity, ProcessRecord
from harness.processes.ports import ReservedPort

REPOSITORY = Path(__file__).parents[3]
PAUSE = "import signal; print('here', flush=True); signal.pause()"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); signal.pause()"
# A child in a session of its own, out of reach of its grandparent's process group.
PARENT_OF_A_STRAY = f"""
import subprocess, sys
stray = subprocess.Popen([sys.executable, "-c", {DEAF!r}], start_new_session=True)
print("stray", stray.pid, flush=True)
import signal; signal.pause()
"""
# A run: starts a server and its stray, tells of them, and waits to be killed.
RUN = f"""
import signal, sys
from pathlib import Path
from harness.processes import start_process
from harness.core.state import inherited_environment, new_temp_dir
state, port = Path(sys.argv[1]), sys.argv[2]
work, temp = state / "work", new_temp_dir("test")
work.mkdir(parents=True)
server = ["-m", "http.server", "--bind", "127.0.0.1", port]
for name, arguments in (("server", server), ("stray", ["-c", {PARENT_OF_A_STRAY!r}])):
    child = start_process(
        [sys.executable, "-u", *arguments], what=name, state_dir=state, log_path=state / (name + ".log"),
        environment=inherited_environment(), cwd=work, remove=[work, temp],
    )
    print(name, child.pid, flush=True)
print("temp", temp, flush=True)
signal.pause()
"""


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    sweep(tmp_path / "state", grace_seconds=0)


def start(state: Path, code: str, **options: object) -> ChildProcess:
    remove = options.get("remove", ())
    assert isinstance(remove, (list, tuple))
    return start_process(
        [sys.executable, "-u", "-c", code],
        what="a child",
        state_dir=state,
        log_path=state / "child.log",
        environment=inherited_environment(),
        cwd=Path("/"),
        remove=remove,
    )


def wait_for_log(path: Path, text: str) -> str:
    return wait_until(
        lambda: log if text in (log := log_tail(path)) else None, what=f"{text!r} in {path}", timeout_seconds=20
    )


def pids_named(log: str, name: str) -> list[int]:
    return [int(line.split()[1]) for line in log.splitlines() if line.startswith(name)]


def ledger_entries(state: Path) -> list[Path]:
    return sorted(processes_dir(state).glob("*.json"))


def runs(pid: int) -> bool:
    return ledger.identity(pid) is not None


def dead() -> ProcessIdentity:
    """An owner that was, and is no more."""
    return ProcessIdentity(os.getpid(), "another birth", ledger.own_namespace())


def test_a_child_has_its_own_group_its_log_and_a_ledger_entry(state: Path) -> None:
    with start(state, PAUSE) as child:
        assert "here" in wait_for_log(child.log_path, "here")
        assert os.getpgid(child.pid) == child.pid
        assert os.getsid(child.pid) == child.pid
        (record,) = ledger.records(state)
        assert record.process == ledger.identity(child.pid)
        assert record.owner == ledger.me()
        assert child.exit_code() is None


def test_stop_reaps_the_child_removes_its_folders_and_its_entry(state: Path) -> None:
    temp = new_temp_dir("test")
    child = start(state, PAUSE, remove=[temp])
    wait_for_log(child.log_path, "here")
    child.stop()
    child.stop()
    assert child.exit_code() == -signal.SIGTERM
    assert not psutil.pid_exists(child.pid)
    assert not temp.exists()
    assert ledger_entries(state) == []


def test_stop_ends_what_made_a_session_of_its_own_and_ignores_sigterm(state: Path) -> None:
    child = start(state, PARENT_OF_A_STRAY)
    (stray,) = pids_named(wait_for_log(child.log_path, "here"), "stray")
    child.stop(grace_seconds=0.3)
    assert not runs(stray)
    assert not runs(child.pid)


def test_an_orphan_of_a_child_that_ended_by_itself_is_found(state: Path) -> None:
    ends_at_once = PARENT_OF_A_STRAY.replace("signal.pause()\n", "", 1).rsplit("import signal", 1)[0]
    child = start(state, ends_at_once)
    (stray,) = pids_named(wait_for_log(child.log_path, "here"), "stray")
    wait_until(child.exit_code, what="the child to end", timeout_seconds=10)
    assert runs(stray)
    child.stop(grace_seconds=0)
    assert not runs(stray)


def test_the_exit_code_is_told_before_the_child_is_reaped(state: Path) -> None:
    child = start(state, "raise SystemExit(7)")
    assert wait_until(child.exit_code, what="the child to end", timeout_seconds=10) == 7
    assert psutil.pid_exists(child.pid), "its pid must stay reserved until stop"
    assert not runs(child.pid)
    child.stop()
    assert child.exit_code() == 7


def test_a_program_that_is_not_there_is_a_message_and_leaves_no_entry(state: Path) -> None:
    with pytest.raises(MachineCannot, match=r"cannot start the thing: .*no-such-program"):
        start_process(
            ["no-such-program"],
            what="the thing",
            state_dir=state,
            log_path=state / "log",
            environment={},
            cwd=Path("/"),
        )
    assert ledger_entries(state) == []


def test_the_child_gets_the_environment_it_was_given_and_none_of_ours(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not for children")
    with start(state, "import os; print('names', *os.environ, flush=True)") as child:
        names = wait_for_log(child.log_path, "names").split()
    assert ledger.TOKEN_VARIABLE in names
    assert "PATH" in names
    assert not [name for name in names if name.startswith("AWS")]


@pytest.mark.timeout(60)
def test_a_killed_run_leaves_no_process_no_port_and_no_folder_after_the_next_sweep(state: Path) -> None:
    with ReservedPort() as port:
        number = port.port
    command = [sys.executable, "-c", RUN, str(state), str(number)]
    run = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    try:
        assert run.stdout is not None
        with run.stdout:
            said = dict(run.stdout.readline().split() for _ in range(3))
        (stray,) = pids_named(wait_for_log(state / "stray.log", "here"), "stray")
        wait_for_log(state / "server.log", "Serving HTTP")
        assert sweep(state) == (), "a living run is left alone"
    finally:
        run.kill()
    wait_until(lambda: None if runs(run.pid) else True, what="the run to die", timeout_seconds=10)
    assert runs(stray)

    swept = sweep(state, grace_seconds=0.5)
    run.wait()
    assert sorted(one.what for one in swept) == ["server", "stray"]
    assert {int(said["server"]), int(said["stray"]), stray} <= {pid for one in swept for pid in one.ended_pids}
    assert not any(runs(pid) for pid in (int(said["server"]), int(said["stray"]), stray))
    assert not (state / "work").exists()
    assert not Path(said["temp"]).exists()
    assert ledger_entries(state) == []
    with socket.create_server(("127.0.0.1", number)):
        pass  # the port is free again


def test_a_run_killed_before_it_knew_the_pid_of_its_child_is_swept_too(state: Path) -> None:
    ledger.write(state, ProcessRecord("feed", "a half-born child", dead(), None, ()))
    environment = {**inherited_environment(), ledger.TOKEN_VARIABLE: "feed"}
    orphan = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], env=environment)
    wait_until(
        lambda: True if sweep_finds(state, orphan.pid) else None, what="the orphan to be ended", timeout_seconds=10
    )
    assert orphan.wait() == -signal.SIGTERM


def sweep_finds(state: Path, pid: int) -> bool:
    return any(pid in one.ended_pids for one in sweep(state))


def test_a_recycled_pid_is_nobody_we_know(state: Path) -> None:
    innocent = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
    try:
        earlier = ProcessIdentity(innocent.pid, "born before", ledger.own_namespace())
        ledger.write(state, ProcessRecord("cafe", "long gone", dead(), earlier, ()))
        assert sweep(state) == (Swept("long gone", (), ()),)
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_a_sweep_removes_only_folders_of_ours(state: Path, tmp_path: Path) -> None:
    precious, ours = tmp_path / "precious", state / "run" / "x"
    precious.mkdir()
    ours.mkdir(parents=True)
    ours.chmod(0o500)
    ledger.write(
        state, ProcessRecord("beef", "a liar", dead(), None, (precious, state / ".." / "precious", state, ours))
    )
    assert sweep(state) == (Swept("a liar", (), (ours,)),)
    assert precious.exists()
    assert state.exists()
    assert not ours.exists()


def test_a_run_in_another_container_is_not_taken_for_dead(state: Path) -> None:
    here = ledger.me()
    elsewhere = ProcessIdentity(1, here.born, "pid:[1]")
    ledger.write(state, ProcessRecord("abba", "somebody else's", elsewhere, None, ()))
    assert sweep(state) == ()
    assert len(ledger_entries(state)) == 1


def test_of_two_sweeps_at_once_each_leftover_is_reported_by_one(state: Path) -> None:
    for number in range(5):
        ledger.write(state, ProcessRecord(f"id{number}", f"leftover {number}", dead(), None, ()))
    found: list[Swept] = []
    sweepers = [threading.Thread(target=lambda: found.extend(sweep(state))) for _ in range(2)]
    for sweeper in sweepers:
        sweeper.start()
    for sweeper in sweepers:
        sweeper.join()
    assert sorted(one.what for one in found) == [f"leftover {number}" for number in range(5)]


def test_sweeping_where_nothing_ever_ran_finds_nothing(tmp_path: Path) -> None:
    assert sweep(tmp_path / "never") == ()


def test_records_survive_the_file(state: Path) -> None:
    record = ProcessRecord("dada", "a thing", ledger.me(), ledger.me(), (Path("/a"), Path("/b")))
    ledger.write(state, record)
    assert list(ledger.records(state)) == [record]


def test_log_tail_gives_the_last_lines_of_any_bytes(tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert log_tail(path) == ""
    path.write_bytes(b"".join(b"line %d\n" % number for number in range(100_000)) + b"\xff last")
    assert log_tail(path, 2) == "line 99999\n\N{REPLACEMENT CHARACTER} last"


def test_a_reserved_port_is_given_to_nobody_who_asks_for_any() -> None:
    with ReservedPort() as reserved:
        others = [ReservedPort() for _ in range(50)]
        assert reserved.port not in {other.port for other in others}
        for other in others:
            other.release()


def test_a_child_that_could_not_be_written_down_does_not_run(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    def no_more_files(pid: int) -> ProcessIdentity:
        started.append(pid)
        raise OSError(errno.EMFILE, "Too many open files")

    me = ledger.me()
    monkeypatch.setattr(ledger, "me", lambda: me)
    monkeypatch.setattr(ledger, "identity", no_more_files)
    with pytest.raises(MachineCannot, match="Too many open files"):
        start_process(
            [sys.executable, "-c", PAUSE], what="child", state_dir=state, log_path=state / "log",
            environment=inherited_environment(), cwd=REPOSITORY,
        )  # fmt: skip
    assert len(started) == 1
    assert not psutil.pid_exists(started[0])
