"""What a campaign of kills needs: a stage of real parts for each thing that is killed, jobs, and a count of their ends.

A stage serves one endpoint `ep` at one address, whatever is killed behind it. `strike` kills one part with SIGKILL and
brings back only what does not come back by itself.
"""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from botocore.exceptions import BotoCoreError, ClientError

from deploy.core.waiting import wait_until
from harness.local_cloud.clients import local_client
from harness.local_cloud.localstack import EmbeddedCloud, start_embedded
from harness.processes import sweep
from tests.harness.emulator.containers import Said, Script, Seen, serve
from tests.harness.emulator.emulator_process import EmulatorProcess, KeeperProcess
from tests.harness.emulator.proxy import CuttableProxy
from tests.harness.serving.archives import archive

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

REGION = "eu-west-1"
BUCKET = "durable"
ECHO = b"""
def model_fn(model_dir):
    return model_dir

def transform_fn(model, data, content_type, accept):
    return data, "text/plain"
"""


@dataclass(frozen=True)
class Accepted:
    body: bytes
    output: str
    failure: str

    @property
    def uuid(self) -> str:
        return self.output.rpartition("/")[2].removesuffix(".out")


class Inbox:
    """All published messages, by the location of the result."""

    def __init__(self, cloud: EmbeddedCloud, name: str) -> None:
        self.name = name
        self.by_location: dict[str, list[str]] = defaultdict(list)
        self.attach(cloud)

    def attach(self, cloud: EmbeddedCloud) -> None:
        """Make topic and queue in a cloud that has neither; the topic's ARN is the same in each."""
        sns = local_client("sns", endpoint_url=cloud.url, region=REGION)
        self._sqs = local_client("sqs", endpoint_url=cloud.url, region=REGION)
        self.topic = sns.create_topic(Name=self.name)["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName=self.name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=attributes["QueueArn"])

    def collect(self) -> None:
        while found := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in found:
                self._keep(json.loads(message["Body"])["Message"])
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])

    def _keep(self, text: str) -> None:
        places = json.loads(text).get("responseParameters", {})
        self.by_location[places.get("outputLocation") or places.get("failureLocation", "test")].append(text)


@dataclass
class Stage:
    cloud: EmbeddedCloud
    inbox: Inbox
    url: str
    """The emulator's, which no kill changes."""
    database: Path
    strike: Callable[[random.Random], None] = lambda _: None
    gone: set[str] = field(default_factory=set)
    """The uuids whose object lay in a cloud that was killed with all it held."""
    told: set[str] = field(default_factory=set)
    """The uuids whose message did."""
    most_kills: int = 3

    def stored(self, accepted: list[Accepted]) -> dict[str, bytes]:
        """The results of these jobs by their location."""
        s3 = local_client("s3", endpoint_url=self.cloud.url, region=REGION)
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{self.inbox.name}/")
        keys = {item["Key"] for page in pages for item in page.get("Contents", ())}
        wanted = {place.removeprefix(f"s3://{BUCKET}/") for one in accepted for place in (one.output, one.failure)}
        found = keys & wanted
        return {f"s3://{BUCKET}/{key}": s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in found}

    def states(self) -> Mapping[str, tuple[str, bool]]:
        """State and whether the object is stored, by the uuid of a job."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as rows:
            found = rows.execute("SELECT uuid, state, is_delivered FROM jobs").fetchall()
        return {uuid: (state, bool(is_delivered)) for uuid, state, is_delivered in found}

    def is_settled(self, accepted: list[Accepted]) -> bool | None:
        self.inbox.collect()
        states = self.states()
        return all(states[one.uuid][0] == "done" for one in accepted) or None


def make_bucket(cloud: EmbeddedCloud) -> None:
    s3 = local_client("s3", endpoint_url=cloud.url, region=REGION)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})  # type: ignore[typeddict-item]  # a known region
    s3.put_object(Bucket=BUCKET, Key="echo.tar.gz", Body=archive({"code/inference.py": ECHO, "model.pth": b"weights"}))


def create_endpoint(url: str, topic: str, *, model_data: str | None = None) -> None:
    """One endpoint, whose results lie below the topic's name."""
    prefix = topic.rpartition(":")[2]
    client = local_client("sagemaker", endpoint_url=url, region=REGION)
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


def submit(client: SageMakerRuntimeClient, number: int) -> Accepted:
    """Submit until the request is accepted, as a client with unlimited retries does."""
    body = b"%d" % number

    def attempt() -> Accepted | None:
        try:
            answer = client.invoke_endpoint_async(EndpointName="ep", Body=body, ContentType="text/plain")
        except (BotoCoreError, ClientError):
            return None
        return Accepted(body, answer["OutputLocation"], answer["FailureLocation"])

    return wait_until(attempt, what=f"job {number} to be accepted", timeout_seconds=90, every_seconds=0.05)


def accepted_under_fire(stage: Stage, dice: random.Random, *, jobs: int, kills: int) -> list[Accepted]:
    """Submit jobs from four threads while the stage is struck at random times; wait until every job has its end."""
    client = local_client("sagemaker-runtime", endpoint_url=stage.url, region=REGION)
    with ThreadPoolExecutor(4) as pool:
        accepting = [pool.submit(submit, client, number) for number in range(jobs)]
        for _ in range(kills):
            threading.Event().wait(dice.uniform(0.05, jobs / 200))  # before all of them are done
            stage.strike(dice)
        accepted = [one.result() for one in accepting]
    wait_until(lambda: stage.is_settled(accepted), what="every outcome", timeout_seconds=180, every_seconds=0.2)
    stage.inbox.collect()
    return accepted


@dataclass
class Count:
    jobs: int = 0
    kills: int = 0
    completed: int = 0
    failed: int = 0
    gone: int = 0
    """Delivered to a cloud that died later with all it held."""
    repeated: int = 0
    """Messages beyond a job's first, all equal to it."""


def count(stage: Stage, accepted: list[Accepted], kills: int) -> Count:
    """Assert that every job has exactly one end, and count."""
    found, stored = Count(len(accepted), kills), stage.stored(accepted)
    for one in accepted:
        ends = [place for place in (one.output, one.failure) if place in stored]
        if one.uuid not in stage.gone:
            assert len(ends) == 1, (one, ends)
            assert ends[0] == one.failure or stored[one.output] == one.body, one
        found.completed += one.output in ends
        found.failed += one.failure in ends
        found.gone += not ends
        texts = stage.inbox.by_location[one.output] + stage.inbox.by_location[one.failure]
        assert len(set(texts)) == 1 or (not texts and one.uuid in stage.told), (one, texts)
        assert len(texts) <= 1 + kills, "a kill between sending a message and noting it repeats that message once"
        found.repeated += max(0, len(texts) - 1)
    return found


def sometimes_wrong(dice: random.Random) -> Callable[[Seen], Said]:
    def answer(seen: Seen) -> Said:
        threading.Event().wait(dice.uniform(0, 0.02))
        return Said(500, b"scripted") if seen.body.endswith(b"7") else Said(200, seen.body)

    return answer


@contextmanager
def scripted_container() -> Iterator[str]:
    server = serve(Script(sometimes_wrong(random.Random(0))), "i-test")  # noqa: S311 - chooses times, keeps no secret
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def fresh_cloud(folder: Path) -> Iterator[EmbeddedCloud]:
    """A LocalStack with the bucket and the model."""
    with start_embedded(state_dir=folder / f"cloud-{time.time_ns()}", region=REGION) as cloud:
        make_bucket(cloud)
        yield cloud


def _staged(cloud: EmbeddedCloud, process: EmulatorProcess, **how: Any) -> Stage:
    process.start()
    inbox = Inbox(cloud, f"kills-{time.time_ns()}")
    create_endpoint(process.url, inbox.topic, **how)
    return Stage(cloud, inbox, process.url, process.database)


@contextmanager
def _ended(process: EmulatorProcess) -> Iterator[EmulatorProcess]:
    try:
        yield process
        assert process.stop() == 0
    finally:
        process.end()
        sweep(process.state_dir)


@contextmanager
def emulator_killed(
    folder: Path, cloud: EmbeddedCloud, made: type[EmulatorProcess] = EmulatorProcess
) -> Iterator[Stage]:
    with scripted_container() as container, _ended(made(folder, cloud.url, container)) as process:
        stage = _staged(cloud, process)

        def strike(_: random.Random) -> None:
            process.kill()
            process.start()

        stage.strike = strike
        yield stage


def harness_killed(folder: Path, cloud: EmbeddedCloud) -> AbstractContextManager[Stage]:
    """The keeper of `harness up`, at a cloud that runs on; its emulator ends with it."""
    return emulator_killed(folder, cloud, KeeperProcess)


@contextmanager
def connection_killed(folder: Path, cloud: EmbeddedCloud) -> Iterator[Stage]:
    """A cloud that nobody reaches for a while, and that returns with what it held."""
    with scripted_container() as container, ExitStack() as undo:
        proxy = CuttableProxy(cloud.url)
        undo.callback(proxy.close)
        with _ended(EmulatorProcess(folder, proxy.url, container)) as process:
            stage = _staged(cloud, process)

            def strike(dice: random.Random) -> None:
                proxy.cut()
                threading.Event().wait(dice.uniform(0.1, 2.0))
                proxy.mend()

            stage.strike = strike
            yield stage


@contextmanager
def localstack_killed(folder: Path, _: EmbeddedCloud) -> Iterator[Stage]:
    """LocalStack dies with all it held. Another with bucket and topic takes its address, and what was owed arrives."""
    with ExitStack() as undo, scripted_container() as container:
        cloud = undo.enter_context(fresh_cloud(folder))
        proxy = CuttableProxy(cloud.url)
        undo.callback(proxy.close)
        with _ended(EmulatorProcess(folder, proxy.url, container)) as process:
            stage = _staged(cloud, process)

            def strike(_: random.Random) -> None:
                psutil.Process(stage.cloud.child.pid).kill()
                wait_until(stage.cloud.ended, what="LocalStack to end", timeout_seconds=10)
                proxy.cut()
                threading.Event().wait(0.5)  # what it answered last is noted
                states = stage.states()
                stage.gone |= {uuid for uuid, (_, is_stored) in states.items() if is_stored}
                stage.told |= {uuid for uuid, (state, _) in states.items() if state == "done"}
                stage.cloud = undo.enter_context(fresh_cloud(folder))
                stage.inbox.attach(stage.cloud)
                proxy.lead_to(stage.cloud.url)
                proxy.mend()

            stage.strike, stage.most_kills = strike, 1  # a second one would find all of it delivered
            yield stage


@contextmanager
def container_killed(folder: Path, cloud: EmbeddedCloud, mark: str) -> Iterator[Stage]:
    """A process of a real TorchServe whose command line has `mark`; what dies is started again by who watches it."""
    with _ended(EmulatorProcess(folder, cloud.url, "process")) as process:
        stage = _staged(cloud, process, model_data=f"s3://{BUCKET}/echo.tar.gz")

        def victim() -> psutil.Process | None:
            family = psutil.Process(process.pid).children(recursive=True)
            return next((one for one in family if mark in " ".join(_words(one))), None)

        def strike(_: random.Random) -> None:
            wait_until(victim, what=f"a process with {mark}", timeout_seconds=60, every_seconds=0.05).kill()

        stage.strike = strike
        yield stage


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def worker_killed(folder: Path, cloud: EmbeddedCloud) -> AbstractContextManager[Stage]:
    return container_killed(folder, cloud, "model_service_worker")


def jvm_killed(folder: Path, cloud: EmbeddedCloud) -> AbstractContextManager[Stage]:
    return container_killed(folder, cloud, "org.pytorch.serve.ModelServer")


KILLED: Mapping[str, Callable[[Path, EmbeddedCloud], AbstractContextManager[Stage]]] = {
    "the emulator": emulator_killed,
    "the harness": harness_killed,
    "the connection to the cloud": connection_killed,
    "LocalStack": localstack_killed,
    "a worker": worker_killed,
    "the JVM": jvm_killed,
}
