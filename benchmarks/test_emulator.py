"""Measures the emulator's overhead per invocation, per submission, and in memory, with a container that does nothing.

LocalStack bounds the speed: each job reads and writes an object there and publishes a message. The container is a real
HTTP server in this process; the emulator and LocalStack are processes of their own, as in use.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import httpx
import psutil
import pytest

from deploy.core.waiting import wait_until
from harness.emulator.context.arns import Account
from harness.local_cloud.clients import local_client
from harness.local_cloud.localstack import EmbeddedCloud, start_embedded
from tests.harness.emulator.containers import Said, Script, Seen, serve
from tests.harness.emulator.emulator_process import EmulatorProcess

ENDPOINT = "bench"
BUCKET = "bench-bucket"
OVERHEAD_TARGET_SECONDS = 0.015
SUBMISSIONS_TARGET_PER_SECOND = 200.0
# A gate is this share of a target, because shared machines are noisy.
GATE = 0.8
MEMORY_GROWTH_BYTES = 48 << 20


@dataclass
class Gatekeeper:
    """A container that answers at once, or holds every request until it is opened; it notes the times of each."""

    opened: threading.Event = field(default_factory=threading.Event)
    began: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def answer(self, seen: Seen) -> Said:
        self.began.append(time.perf_counter())
        self.ids.append(seen.headers.get("x-amzn-sagemaker-inference-id", ""))
        self.opened.wait(timeout=300)
        self.ended.append(time.perf_counter())
        return Said(200, b"{}")

    def forget(self) -> None:
        self.began.clear()
        self.ended.clear()
        self.ids.clear()


@dataclass(frozen=True)
class Lab:
    keeper: Gatekeeper
    container_url: str
    emulator: EmulatorProcess
    cloud_url: str

    def submit(self, count: int, threads: int = 4) -> float:
        """Submit that many requests, and return the seconds that it took."""
        each = count // threads
        runtimes = [local_client("sagemaker-runtime", endpoint_url=self.emulator.url) for _ in range(threads)]

        def work(runtime: Any) -> None:
            for _ in range(each):
                runtime.invoke_endpoint_async(EndpointName=ENDPOINT, InputLocation=f"s3://{BUCKET}/input")

        started = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, runtimes))
        return time.perf_counter() - started

    def drain(self, count: int) -> None:
        self.keeper.opened.set()
        wait_until(
            lambda: True if len(self.keeper.ended) >= count and self.outputs() >= count else None,
            what=f"{count} answers",
            timeout_seconds=300,
            every_seconds=0.5,
        )

    def outputs(self) -> int:
        s3 = local_client("s3", endpoint_url=self.cloud_url)
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="out/")
        return sum(page["KeyCount"] for page in pages)

    def reset(self) -> None:
        s3 = local_client("s3", endpoint_url=self.cloud_url)
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="out/"):
            for found in page.get("Contents", []):
                s3.delete_object(Bucket=BUCKET, Key=found["Key"])
        self.keeper.opened.clear()
        self.keeper.forget()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    with start_embedded(state_dir=tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture(scope="module")
def lab_of_module(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    keeper = Gatekeeper()
    server = serve(Script(answer=keeper.answer), "i-bench")
    url = f"http://127.0.0.1:{server.server_address[1]}"
    emulator = EmulatorProcess(tmp_path_factory.mktemp("emulator"), cloud.url, url)
    emulator.start()
    try:
        set_up_endpoint(cloud, emulator)
        yield Lab(keeper, url, emulator, cloud.url)
    finally:
        keeper.opened.set()
        emulator.stop()
        server.shutdown()
        server.server_close()


@pytest.fixture
def lab(lab_of_module: Lab) -> Lab:
    lab_of_module.reset()
    return lab_of_module


def set_up_endpoint(cloud: EmbeddedCloud, emulator: EmulatorProcess) -> None:
    s3 = local_client("s3", endpoint_url=cloud.url)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="input", Body=b"{}", ContentType="application/json")
    topic = local_client("sns", endpoint_url=cloud.url, region=Account.region).create_topic(Name="bench")["TopicArn"]
    sagemaker = local_client("sagemaker", endpoint_url=emulator.url)
    sagemaker.create_model(ModelName=ENDPOINT, PrimaryContainer={"Image": "image:1"})
    sagemaker.create_endpoint_config(
        EndpointConfigName=ENDPOINT,
        ProductionVariants=[
            {
                "VariantName": "AllTraffic",
                "ModelName": ENDPOINT,
                "InstanceType": "ml.g4dn.xlarge",
                "InitialInstanceCount": 1,
            }
        ],
        AsyncInferenceConfig={
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 1},
            "OutputConfig": {
                "S3OutputPath": f"s3://{BUCKET}/out",
                "NotificationConfig": {"SuccessTopic": topic, "ErrorTopic": topic},
            },
        },
    )
    sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=ENDPOINT)
    wait_until(
        lambda: True if sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "InService" else None,
        what="the endpoint",
        timeout_seconds=60,
    )


def direct_seconds(lab: Lab, count: int) -> float:
    """The median time of that many direct POSTs to the same container."""
    lab.keeper.opened.set()
    with httpx.Client(trust_env=False) as client:
        times = []
        for _ in range(count):
            started = time.perf_counter()
            client.post(f"{lab.container_url}/invocations", content=b"{}").raise_for_status()
            times.append(time.perf_counter() - started)
    return median(times)


def test_overhead_of_an_invocation(lab: Lab, benchmark: Any) -> None:
    """Measures from one answer of the container to its next request. One job runs at a time, so the emulator's whole
    work for a job lies between them: store the answer, publish, fetch the next input. A direct POST does none of it.
    """
    count = 200
    direct = direct_seconds(lab, count)
    lab.reset()
    lab.submit(count)
    benchmark.pedantic(lab.drain, args=(count,), rounds=1, iterations=1)
    gaps = [begin - end for end, begin in zip(lab.keeper.ended, lab.keeper.began[1:], strict=False)]
    overhead = median(gaps)
    benchmark.extra_info.update(overhead_median_seconds=overhead, direct_post_median_seconds=direct, jobs=count)
    assert overhead <= OVERHEAD_TARGET_SECONDS / GATE


def test_submissions_while_the_container_is_blocked(lab: Lab, benchmark: Any) -> None:
    count = 600
    seconds = benchmark.pedantic(lab.submit, args=(count,), rounds=1, iterations=1)
    benchmark.extra_info.update(submissions_per_second=count / seconds, threads=4)
    lab.drain(count)
    assert count / seconds >= SUBMISSIONS_TARGET_PER_SECOND * GATE


def test_a_thousand_queued_jobs_are_drained_with_none_lost_or_doubled(lab: Lab, benchmark: Any) -> None:
    count = 1000
    before = psutil.Process(lab.emulator.pid).memory_info().rss
    lab.submit(count)
    benchmark.pedantic(lab.drain, args=(count,), rounds=1, iterations=1)
    growth = psutil.Process(lab.emulator.pid).memory_info().rss - before
    benchmark.extra_info.update(jobs=count, memory_growth_bytes=growth)
    assert Counter(lab.keeper.ids).most_common(1)[0][1] == 1
    assert len(lab.keeper.ids) == lab.outputs() == count
    assert growth < MEMORY_GROWTH_BYTES
