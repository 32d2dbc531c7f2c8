"""The whole emulator, with threads and port, on a disk that fails: random trouble, a real full disk, real limits.

`REHEARSAL_FAULTS=all` takes 20 seeds instead of two.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from deploy.core.waiting import wait_until
from tests.harness.emulator.containers import Said, Seen
from tests.harness.emulator.running import RunningEmulator, running_emulator
from tests.harness.emulator.store.faulty_disk import FULL, TROUBLES, FaultyDisk, Plan, Trouble, no_trouble

SEEDS = 20 if os.environ.get("REHEARSAL_FAULTS") == "all" else 2
JOBS = 60
FAILING_SECONDS = 2.0
SMALL_DISK_BYTES = 6 * 1024 * 1024
THREADS = {"keeper", "scaler", "metrics", "logs", "housekeeping", "life-ep", "jobs-ep", "http"}


def answer(seen: Seen) -> Said:
    status = 500 if seen.body.endswith(b"7") else 200
    return Said(status, seen.body[::-1] * 3, {"Content-Type": "application/x-answer"})


class Client:
    """Submits until it is accepted, as one that tries again after each 503 does, and checks what it gets in the end."""

    def __init__(self, running: RunningEmulator, pause: Callable[[float], object] = time.sleep) -> None:
        self.running, self._pause = running, pause
        self.accepted: dict[bytes, dict[str, str]] = {}
        self.refusals: list[ClientError] = []

    def submit(self, body: bytes, *, tries: int = 400) -> bool:
        for _ in range(tries):
            try:
                self.accepted[body] = dict(self.running.client.invoke_endpoint_async(EndpointName="ep", Body=body))  # type: ignore[arg-type]  # its members are texts
                return True
            except ClientError as refused:
                self.refusals.append(refused)
            except BotoCoreError:
                pass  # no connection: too many open files
            self._pause(0.02)
        return False

    def wait(self, seconds: float = 30) -> None:
        wait_until(self._is_over, what=self._states(), timeout_seconds=seconds, every_seconds=0.05)

    def _is_over(self) -> bool | None:
        jobs = self.running.emulator.parts.records.jobs
        return True if jobs.count(1, "done") == len(self.accepted) else None

    def _states(self) -> str:
        jobs = self.running.emulator.parts.records.jobs
        return str({state: jobs.count(1, state) for state in ("queued", "running", "delivering", "settling", "done")})

    def check(self) -> Counter[str]:
        """Each job: one object, the right bytes, one message, and no blame on the model for what it did not do."""
        running, found = self.running, Counter[str]()
        told = Counter(message["inferenceId"] for message in running.topics.results())
        written = Counter(running.objects.writes)
        for body, given in self.accepted.items():
            right, wrong = given["OutputLocation"], given["FailureLocation"]
            right, wrong = (wrong, right) if body.endswith(b"7") else (right, wrong)
            assert (written[right], written[wrong], told[given["InferenceId"]]) == (1, 0, 1), given
            assert running.objects.stored[right].body == body[::-1] * 3
        asked = Counter(seen.body for seen in running.script.seen)
        found.update(accepted=len(self.accepted), refused=len(self.refusals), repeated=asked.total() - len(asked))
        alive = {thread.name for thread in threading.enumerate()}
        assert alive >= THREADS, f"these threads ended: {THREADS - alive}"
        assert len(running.runtime.instances) == 1, "no instance was replaced"
        for refused in self.refusals:
            assert refused.response["Error"]["Code"] == "ServiceUnavailable", refused
            assert refused.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        return found


def sometimes(dice: random.Random, troubles: tuple[Trouble, ...], share: float) -> Plan:
    return lambda number, act: dice.choice(troubles) if dice.random() < share else None  # noqa: ARG005


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_trouble_that_passes_costs_no_job_and_needs_no_restart(tmp_path: Path, seed: int, share: float) -> None:
    dice, disk = random.Random(f"{seed}-{share}"), FaultyDisk()  # noqa: S311 - chooses faults, keeps no secret
    with running_emulator(tmp_path, disk) as running:
        running.serve(concurrency=4)
        running.script.answer = answer
        client = Client(running)
        for number in range(JOBS // 2):
            assert client.submit(b"before %d" % number)
        disk.plan = sometimes(dice, TROUBLES, share)
        mend = threading.Timer(FAILING_SECONDS, lambda: setattr(disk, "plan", no_trouble))
        mend.start()
        for number in range(JOBS // 2):
            assert client.submit(b"during %d" % number)
        mend.join()
        client.wait()
        assert disk.failed > 10
        assert client.check()["accepted"] == JOBS
        running.sagemaker.delete_endpoint(EndpointName="ep")
        wait_until(lambda: not running.runtime.running() or None, what="the end of the instances", timeout_seconds=15)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 6 MB in memory. Skips the test where this user may not mount one."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={SMALL_DISK_BYTES}", "none", str(folder)]
    mounted = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_is_really_full_refuses_jobs_and_loses_none(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small") as folder, running_emulator(folder) as running:
        ballast, gate = folder / "ballast", threading.Event()
        running.serve(concurrency=4)

        def late(seen: Seen) -> Said:
            gate.wait(60)
            return answer(seen)

        running.script.answer = late
        client = Client(running)
        for number in range(40):
            assert client.submit(b"%d " % number * 2000 + b"%d" % number)
        fill(ballast)
        for number in range(40, 43):
            client.submit(b"x" * 100_000 + b"%d" % number, tries=1)
        gate.set()
        time.sleep(3)
        assert client.refusals, "nothing fits any more"
        assert "is full" in str(client.refusals[0]) or "No space left" in str(client.refusals[0])
        assert client._is_over() is None, "the answers do not fit either"
        ballast.unlink()
        client.wait()
        assert client.submit(b"and again")
        client.wait()
        assert client.check()["repeated"] == 0


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        size = 64 * 1024
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2


def test_sqlite_that_is_really_full_takes_the_change_later(running: RunningEmulator) -> None:
    """SQLite's own limit of pages: its own error, at its own place, with what it does to the transaction."""
    running.serve(concurrency=4)
    running.script.answer = answer
    client, store = Client(running), running.emulator.parts.context.store
    for number in range(20):
        assert client.submit(b"%d" % number)
    pages = store.rows("PRAGMA page_count")[0][0]
    store.rows(f"PRAGMA max_page_count = {pages}")
    for number in range(400):
        if not client.submit(b"x" * 1000 + b" %d" % number, tries=1):
            break
    assert "database or disk is full" in str(client.refusals[0])
    store.rows("PRAGMA max_page_count = 1000000")
    assert client.submit(b"and again")
    client.wait()
    client.check()


def hold_all_open_files(seconds: float) -> None:
    """Let this process open nothing for so long: take what it may still open, and what it closes meanwhile."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(int(each.name) for each in Path("/proc/self/fd").iterdir())
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 1, before[1]))
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(OSError):
                taken.append(os.open(os.devnull, os.O_RDONLY))
            time.sleep(0.001)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for each in taken:
            os.close(each)


def test_too_many_open_files_fail_no_job_and_no_instance(
    running: RunningEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    gate = threading.Event()

    def late(seen: Seen) -> Said:
        gate.wait(60)
        return answer(seen)

    running.serve(concurrency=4)
    running.script.answer = late
    client = Client(running)
    for number in range(JOBS):
        assert client.submit(b"%d" % number)
    threading.Timer(0.5, gate.set).start()
    hold_all_open_files(FAILING_SECONDS)
    client.wait()
    assert "Too many open files" in caplog.text
    client.check()


def test_a_stop_on_a_full_disk_keeps_the_job_for_the_next_start(tmp_path: Path) -> None:
    with running_emulator(tmp_path, disk := FaultyDisk(), drain_seconds=0.1) as running:
        running.serve()
        inside, leave = threading.Event(), threading.Event()

        def late(seen: Seen) -> Said:
            inside.set()
            leave.wait(30)
            return answer(seen)

        running.script.answer = late
        given = running.client.invoke_endpoint_async(EndpointName="ep", Body=b"kept")
        assert inside.wait(10)
        disk.plan = lambda number, act: FULL  # noqa: ARG005
        leave.set()
        time.sleep(0.5)
        assert running.objects.writes == []
        started = time.monotonic()
    assert time.monotonic() - started < 10, "what cannot be stored holds up no stop"
    with running_emulator(tmp_path) as again:
        again.script.answer = answer
        assert again.wait_for_object(given["OutputLocation"]).body == b"kept"[::-1] * 3
        again.wait_for_results(1)
        assert again.objects.writes == [given["OutputLocation"]]
        assert len(again.topics.results()) == 1


def test_a_container_that_loses_patience_with_our_full_disk_has_not_failed(tmp_path: Path) -> None:
    """It hangs up while its answer waits for room: the one case besides a kill in which it is asked again."""
    with running_emulator(tmp_path, disk := FaultyDisk()) as running:
        running.serve()
        size = 8 * 1024 * 1024  # more than the buffers between us hold
        asked = []

        def big(seen: Seen) -> Said:
            asked.append(seen)
            if len(asked) == 1:
                disk.plan = lambda number, act: FULL if act == "write" else None  # noqa: ARG005
            return Said(200, b"x" * size)

        running.script.answer = big
        given = running.client.invoke_endpoint_async(EndpointName="ep", Body=b"patience")
        wait_until(lambda: bool(asked) or None, what="the request", timeout_seconds=10)
        time.sleep(1)
        running.runtime.instances[0].hang_up()
        disk.plan = no_trouble
        assert len(running.wait_for_object(given["OutputLocation"]).body) == size
        assert [one["invocationStatus"] for one in running.wait_for_results(1)] == ["Completed"]
        assert len(asked) == 2
