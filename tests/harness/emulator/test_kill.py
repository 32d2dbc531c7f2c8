"""`kill -9` of the emulator at random times: every accepted invocation reaches exactly one terminal outcome."""

from __future__ import annotations

import io
import json
import os
import random
import tarfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from deploy.core.waiting import wait_until
from harness.local_cloud.clients import local_client
from harness.local_cloud.localstack import EmbeddedCloud, start_embedded
from harness.processes import sweep
from tests.harness.emulator.containers import Said, Script, Seen, serve
from tests.harness.emulator.emulator_process import EmulatorProcess
from tests.harness.emulator.proxy import CuttableProxy

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_sagemaker_runtime.type_defs import InvokeEndpointAsyncOutputTypeDef

pytestmark = pytest.mark.e2e

REGION = "eu-west-1"
BUCKET = "durable"
JOBS = 200
KILLS = 3
# The default keeps everyday runs short; a release needs 50.
SEEDS = int(os.environ.get("REHEARSAL_KILL_SEEDS", "2"))


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    with start_embedded(state_dir=tmp_path_factory.mktemp("cloud"), region=REGION) as running:
        s3 = local_client("s3", endpoint_url=running.url, region=REGION)
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})  # type: ignore[typeddict-item]  # a known region
        yield running


def sometimes_wrong(dice: random.Random) -> Any:
    def answer(seen: Seen) -> Said:
        threading.Event().wait(dice.uniform(0, 0.02))
        return Said(500, b"scripted") if seen.body.endswith(b"7") else Said(200, seen.body)

    return answer


class Inbox:
    """All published messages, by the location of the result."""

    def __init__(self, cloud: EmbeddedCloud, name: str) -> None:
        sns = local_client("sns", endpoint_url=cloud.url, region=REGION)
        self._sqs = local_client("sqs", endpoint_url=cloud.url, region=REGION)
        self.topic = sns.create_topic(Name=name)["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=attributes["QueueArn"])
        self.by_location: dict[str, list[str]] = defaultdict(list)

    def collect(self) -> None:
        while found := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in found:
                self._keep(json.loads(message["Body"])["Message"])
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])

    def _keep(self, text: str) -> None:
        places = json.loads(text).get("responseParameters", {})
        self.by_location[places.get("outputLocation") or places.get("failureLocation", "test")].append(text)


def submit(client: SageMakerRuntimeClient, number: int) -> InvokeEndpointAsyncOutputTypeDef:
    """Submit until the request is accepted, as a client with unlimited retries does."""

    def attempt() -> InvokeEndpointAsyncOutputTypeDef | None:
        try:
            return client.invoke_endpoint_async(EndpointName="ep", Body=b"%d" % number, ContentType="text/plain")
        except (BotoCoreError, ClientError):
            return None

    return wait_until(attempt, what=f"job {number} to be accepted", timeout_seconds=60, every_seconds=0.05)


def create_endpoint(emulator: EmulatorProcess, topic: str, prefix: str, *, model_data: str | None = None) -> None:
    client = local_client("sagemaker", endpoint_url=emulator.url, region=REGION)
    container: Any = {"Image": "image:1", **({"ModelDataUrl": model_data} if model_data else {})}
    client.create_model(ModelName="ep", PrimaryContainer=container)
    client.create_endpoint_config(
        EndpointConfigName="ep",
        ProductionVariants=[
            {"VariantName": "AllTraffic", "ModelName": "ep", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        ],
        AsyncInferenceConfig={
            "OutputConfig": {
                "S3OutputPath": f"s3://{BUCKET}/{prefix}/out",
                "S3FailurePath": f"s3://{BUCKET}/{prefix}/failed",
                "NotificationConfig": {"SuccessTopic": topic, "ErrorTopic": topic},
            },
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 8},
        },
    )
    client.create_endpoint(EndpointName="ep", EndpointConfigName="ep")
    client.get_waiter("endpoint_in_service").wait(EndpointName="ep", WaiterConfig={"Delay": 1, "MaxAttempts": 90})


def stored_keys(cloud: EmbeddedCloud, prefix: str) -> set[str]:
    s3 = local_client("s3", endpoint_url=cloud.url, region=REGION)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/")
    return {f"s3://{BUCKET}/{item['Key']}" for page in pages for item in page.get("Contents", ())}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_killed_at_random_times_it_loses_and_doubles_nothing(cloud: EmbeddedCloud, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - chooses times, keeps no secret
    container = serve(Script(sometimes_wrong(dice)), "i-test")
    inbox = Inbox(cloud, f"kill-{seed}-{time.time_ns()}")
    prefix = inbox.topic.rpartition(":")[2]
    emulator = EmulatorProcess(tmp_path, cloud.url, f"http://127.0.0.1:{container.server_address[1]}")
    emulator.start()
    try:
        create_endpoint(emulator, inbox.topic, prefix)
        client = local_client("sagemaker-runtime", endpoint_url=emulator.url, region=REGION)
        with ThreadPoolExecutor(4) as pool:
            accepting = [pool.submit(submit, client, number) for number in range(JOBS)]
            for _ in range(KILLS):
                threading.Event().wait(dice.uniform(0.05, 1.0))
                emulator.kill()
                emulator.start()
            accepted = [one.result() for one in accepting]
        wait_until(lambda: _is_settled(cloud, prefix, accepted, inbox), what="every outcome", timeout_seconds=90)
        assert emulator.stop() == 0
    finally:
        emulator.end()
        container.shutdown()
        container.server_close()
    inbox.collect()
    outputs = stored_keys(cloud, prefix)
    for answer in accepted:
        ends = [place for place in (answer["OutputLocation"], answer["FailureLocation"]) if place in outputs]
        assert len(ends) == 1, answer
        texts = inbox.by_location[ends[0]]
        assert len(set(texts)) == 1, "one message, or the same again after a kill between sending and noting"
        assert len(texts) <= 1 + KILLS, "a kill between sending a message and noting it repeats that message once"


def _is_settled(cloud: EmbeddedCloud, prefix: str, accepted: list[Any], inbox: Inbox) -> bool | None:
    inbox.collect()
    outputs = stored_keys(cloud, prefix)
    done = [one for one in accepted if outputs & {one["OutputLocation"], one["FailureLocation"]}]
    told = [one for one in accepted if {one["OutputLocation"], one["FailureLocation"]} & set(inbox.by_location)]
    return True if len(done) == len(told) == len(accepted) else None


def test_a_cloud_that_goes_away_and_returns_costs_no_job(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    container = serve(Script(sometimes_wrong(random.Random(1))), "i-test")  # noqa: S311 - as above
    inbox = Inbox(cloud, f"away-{time.time_ns()}")
    prefix = inbox.topic.rpartition(":")[2]
    proxy = CuttableProxy(cloud.url)
    emulator = EmulatorProcess(tmp_path, proxy.url, f"http://127.0.0.1:{container.server_address[1]}")
    emulator.start()
    try:
        create_endpoint(emulator, inbox.topic, prefix)
        client = local_client("sagemaker-runtime", endpoint_url=emulator.url, region=REGION)
        accepted = []
        for number in range(60):
            if number == 20:
                proxy.cut()
            accepted.append(submit(client, number))
        wait_until(lambda: proxy.refused > 3 or None, what="the emulator to notice", timeout_seconds=30)
        proxy.mend()
        wait_until(lambda: _is_settled(cloud, prefix, accepted, inbox), what="every outcome", timeout_seconds=60)
        assert emulator.stop() == 0
    finally:
        emulator.end()
        proxy.close()
        container.shutdown()
        container.server_close()
    outputs = stored_keys(cloud, prefix)
    for answer in accepted:
        assert len(outputs & {answer["OutputLocation"], answer["FailureLocation"]}) == 1


ECHO = b"""
def model_fn(model_dir):
    return model_dir

def transform_fn(model, data, content_type, accept):
    return data, "text/plain"
"""


def test_containers_that_a_killed_emulator_left_are_ended_and_the_endpoint_returns(
    cloud: EmbeddedCloud, tmp_path: Path
) -> None:
    inbox = Inbox(cloud, f"orphan-{time.time_ns()}")
    prefix = inbox.topic.rpartition(":")[2]
    s3 = local_client("s3", endpoint_url=cloud.url, region=REGION)
    s3.put_object(Bucket=BUCKET, Key="echo.tar.gz", Body=archive({"code/inference.py": ECHO, "model.pth": b"weights"}))
    emulator = EmulatorProcess(tmp_path, cloud.url, "process")
    emulator.start()
    try:
        create_endpoint(emulator, inbox.topic, prefix, model_data=f"s3://{BUCKET}/echo.tar.gz")
        containers = descendants(emulator.pid)
        assert containers
        emulator.kill()
        assert any(process.is_running() for process in containers), "a container outlives its emulator"
        emulator.start()
        _, alive = psutil.wait_procs(containers, timeout=20)
        assert alive == []
        client = local_client("sagemaker-runtime", endpoint_url=emulator.url, region=REGION)
        accepted = submit(client, 5)
        wait_until(lambda: _is_settled(cloud, prefix, [accepted], inbox), what="the outcome", timeout_seconds=90)
        assert accepted["OutputLocation"] in stored_keys(cloud, prefix)
        assert emulator.stop() == 0
        assert list((emulator.state_dir / "instances").iterdir()) == []
    finally:
        emulator.end()
        sweep(emulator.state_dir)


def descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
