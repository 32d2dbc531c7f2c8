"""Many jobs, many callers, many endpoints, and the largest body: every job has one end, and memory stays small.

`REHEARSAL_LOAD_JOBS=10000` is for the night: 10,000 queued jobs, 2,000 submissions from 16 threads, 200 endpoints, and
1 GB in and out.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from deploy.core.waiting import wait_until
from harness.local_cloud.clients import local_client
from tests.harness.emulator.campaigns.kills import BUCKET, REGION, create_endpoint, fresh_cloud
from tests.harness.emulator.emulator_process import EmulatorProcess
from tests.harness.emulator.running import RunningEmulator, running_emulator

JOBS = int(os.environ.get("REHEARSAL_LOAD_JOBS", "1000"))
THREADS = 16
ENDPOINTS = JOBS // 50
LARGEST_BYTES = 1024**3 if JOBS >= 10_000 else 128 * 1024**2
LIMIT_SECONDS = 300 + JOBS // 10
_CHUNK = 1024 * 1024


@pytest.fixture
def roomy(tmp_path: Path) -> Iterator[RunningEmulator]:
    with running_emulator(tmp_path, instance_quota=ENDPOINTS + 1, ping_every_seconds=5.0) as made:
        yield made


def submit(running: RunningEmulator, name: str, number: int) -> str:
    return running.client.invoke_endpoint_async(EndpointName=name, Body=b"%d" % number)["InferenceId"]


def each_has_one_end(running: RunningEmulator, accepted: list[str]) -> None:
    wait_until(lambda: len(running.topics.published) >= len(accepted) or None, what="every message",
               timeout_seconds=LIMIT_SECONDS, every_seconds=0.1)  # fmt: skip
    jobs = running.emulator.parts.records.jobs
    wait_until(lambda: None if jobs.unfinished_uuids() else True, what="every job to be noted", timeout_seconds=30)
    told = Counter(json.loads(text).get("inferenceId") for _, text in running.topics.published)
    assert {told[one] for one in accepted} == {1}
    written = Counter(running.objects.writes)
    assert set(written.values()) == {1}
    assert len(written) == len(accepted)


@pytest.mark.timeout(2 * LIMIT_SECONDS)
def test_a_long_queue_from_many_callers_is_worked_off(roomy: RunningEmulator) -> None:
    """At zero instances all of it waits; then one instance works it off, while as many as a fifth of it come anew."""
    roomy.serve(concurrency=8)
    scale(roomy, 0)
    with ThreadPoolExecutor(THREADS) as pool:
        accepted = list(pool.map(lambda number: submit(roomy, "ep", number), range(JOBS)))
        assert len(roomy.emulator.parts.records.jobs.unfinished_uuids()) == JOBS
        scale(roomy, 1)
        began = time.monotonic()
        accepted += list(pool.map(lambda number: submit(roomy, "ep", number), range(JOBS, JOBS + JOBS // 5)))
        rate = JOBS // 5 / (time.monotonic() - began)
    each_has_one_end(roomy, accepted)
    seconds = time.monotonic() - began
    print(f"{len(accepted)} jobs, {rate:.0f} submissions/s beside {len(accepted) / seconds:.0f} jobs/s")


def scale(running: RunningEmulator, count: int) -> None:
    running.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="ep", DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": count}]
    )
    running.wait_for("ep", "InService")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the threads' times are read from /proc")
@pytest.mark.timeout(2 * LIMIT_SECONDS)
def test_many_endpoints_serve_and_cost_little_at_rest(roomy: RunningEmulator) -> None:
    names = [f"ep-{number}" for number in range(ENDPOINTS)]
    began = time.monotonic()
    for name in names:
        roomy.create(name)
    for name in names:
        wait_until(lambda name=name: roomy.emulator.health()["endpoints"][name] == "InService" or None,  # type: ignore[misc, index]
                   what=name, timeout_seconds=LIMIT_SECONDS)  # fmt: skip
    up_seconds = time.monotonic() - began
    with ThreadPoolExecutor(THREADS) as pool:
        accepted = list(pool.map(lambda number: submit(roomy, names[number % ENDPOINTS], number), range(5 * ENDPOINTS)))
    each_has_one_end(roomy, accepted)
    before, began = cpu_seconds(), time.monotonic()
    threading.Event().wait(5)
    share = (sum(cpu_seconds().values()) - sum(before.values())) / (time.monotonic() - began)
    threads = threading.active_count()
    print(f"{ENDPOINTS} endpoints in {up_seconds:.1f} s; at rest {share:.2f} of a core, {threads} threads")
    assert share < 0.9


def cpu_seconds() -> dict[str, float]:
    """What each thread of the emulator has used so far; those of the scripted containers have no names of their own."""
    ticks = os.sysconf("SC_CLK_TCK")
    used = {}
    for thread in threading.enumerate():
        stat = Path(f"/proc/self/task/{thread.native_id}/stat")
        if not thread.name.startswith("Thread-") and stat.exists():
            used[thread.name] = sum(map(int, stat.read_text().rpartition(")")[2].split()[11:13])) / ticks
    return used


class Streaming(BaseHTTPRequestHandler):
    """A container that answers what it got, and holds a piece of it at a time."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Write no log."""

    def do_GET(self) -> None:
        self._head(0)

    def do_POST(self) -> None:
        left = size = int(self.headers["Content-Length"])
        with TemporaryFile() as kept:
            while left:
                piece = self.rfile.read(min(_CHUNK, left))
                kept.write(piece)
                left -= len(piece)
            kept.seek(0)
            self._head(size)
            while piece := kept.read(_CHUNK):
                self.wfile.write(piece)

    def _head(self, size: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()


@contextmanager
def streaming_container() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Streaming) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def peak_bytes(pid: int) -> int:
    """The most memory that a process ever held."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def large_file(path: Path) -> str:
    """Make a file of the largest size; returns its digest."""
    digest = hashlib.sha256()
    with path.open("wb") as out:
        for _ in range(LARGEST_BYTES // _CHUNK):
            piece = os.urandom(_CHUNK)
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()


@pytest.mark.e2e
@pytest.mark.timeout(900)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peaks of memory are read from /proc")
def test_the_largest_body_goes_in_and_out_through_the_disk(tmp_path: Path) -> None:
    digest = large_file(tmp_path / "input")
    with fresh_cloud(tmp_path) as cloud, streaming_container() as container:
        s3 = local_client("s3", endpoint_url=cloud.url, region=REGION)
        with (tmp_path / "input").open("rb") as body:
            s3.put_object(Bucket=BUCKET, Key="in/large", Body=body)
        topic = local_client("sns", endpoint_url=cloud.url, region=REGION).create_topic(Name="large")["TopicArn"]
        emulator = EmulatorProcess(tmp_path, cloud.url, container)
        emulator.start()
        try:
            create_endpoint(emulator.url, topic)
            before, began = peak_bytes(emulator.pid), time.monotonic()
            client = local_client("sagemaker-runtime", endpoint_url=emulator.url, region=REGION)
            answer = client.invoke_endpoint_async(EndpointName="ep", InputLocation=f"s3://{BUCKET}/in/large")
            key = answer["OutputLocation"].removeprefix(f"s3://{BUCKET}/")
            wait_until(lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix=key).get("Contents"), what="the answer",
                       timeout_seconds=600)  # fmt: skip
            seconds, grown = time.monotonic() - began, peak_bytes(emulator.pid) - before
            found = hashlib.sha256()
            for piece in s3.get_object(Bucket=BUCKET, Key=key)["Body"].iter_chunks(_CHUNK):
                found.update(piece)
            wait_until(lambda: None if list((emulator.state_dir / "spool").iterdir()) else True, what="an empty spool",
                       timeout_seconds=30)  # fmt: skip
            assert emulator.stop() == 0
        finally:
            emulator.end()
    print(f"{LARGEST_BYTES / 1e6:.0f} MB in and out in {seconds:.1f} s; the emulator grew by {grown / 1e6:.1f} MB")
    assert found.hexdigest() == digest
    assert grown < 64e6
