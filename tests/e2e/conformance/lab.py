"""Where the conformance checks are made: a local cloud, an emulator, an obedient container, unmodified boto3 clients.

The container does what `CustomAttributes` says, `key=value;key=value`: `status`, `sleep`, `type`, `drop`, `chunked`,
`empty`, `report` (answers what it received, as JSON), `hold` (waits until the test opens that gate).
"""

from __future__ import annotations

import hashlib
import http.client
import json
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from harness.cloud.clients import local_client
from harness.sagemaker.service import Emulator
from harness.waiting import wait_until
from tests.harness.sagemaker.containers import Said, Script, ScriptedRuntime, Seen

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

REGION = "eu-west-1"
ACCOUNT = "000000000000"
BUCKET = "conformance"
MAIN = "conf"
"""The endpoint that most checks use."""
VARIANT = "AllTraffic"


@dataclass
class ShiftedClock:
    """The wall's time, moved on by tests that cannot wait for a minute."""

    offset_seconds: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset_seconds


class Obedient:
    """What the container does, and how many requests of a tag were inside at once."""

    def __init__(self) -> None:
        self.gates: dict[str, threading.Event] = defaultdict(threading.Event)
        self.inside: dict[str, int] = defaultdict(int)
        self.most_inside: dict[str, int] = defaultdict(int)
        self.received: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def answer(self, seen: Seen) -> Said:
        orders = dict(pair.partition("=")[::2] for pair in seen.headers.get(_ATTRIBUTES, "").split(";"))
        tag = orders.get("tag", "")
        with self._lock:
            self.received[seen.headers.get(_INFERENCE_ID, "")] += 1
            self.inside[tag] += 1
            self.most_inside[tag] = max(self.most_inside[tag], self.inside[tag])
        try:
            return self._obey(seen, orders)
        finally:
            with self._lock:
                self.inside[tag] -= 1

    def _obey(self, seen: Seen, orders: Mapping[str, str]) -> Said:
        if "hold" in orders:
            self.gates[orders["hold"]].wait(60)
        threading.Event().wait(float(orders.get("sleep", "0")))
        kind = orders.get("type") or seen.headers.get("content-type", "application/octet-stream")
        body = b"" if "empty" in orders else _report(seen) if "report" in orders else seen.body
        status = int(orders.get("status", "200"))
        return Said(status, body, {"Content-Type": kind}, "chunked" in orders, "drop" in orders)


_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
_INFERENCE_ID = "x-amzn-sagemaker-inference-id"


def _report(seen: Seen) -> bytes:
    facts = {"headers": dict(seen.headers), "size": len(seen.body), "sha256": hashlib.sha256(seen.body).hexdigest()}
    return json.dumps(facts).encode()


@dataclass(frozen=True)
class Submitted:
    inference_id: str
    output: str
    failure: str | None


@dataclass(frozen=True)
class Stored:
    location: str
    body: bytes
    content_type: str
    is_failure: bool


@dataclass
class Lab:
    emulator_url: str
    cloud_url: str
    known_emulator: Emulator | None
    script: Script
    runtime_of_instances: ScriptedRuntime
    obedient: Obedient
    clock: ShiftedClock
    patience_seconds: float = 600.0
    """The longest wait; short against a subject that will not answer anyway."""
    success_topic: str = ""
    error_topic: str = ""
    queue: str = ""
    messages: dict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=lambda: defaultdict(list))
    """By inference id (or event name): the topic and the message."""

    def __post_init__(self) -> None:
        def cloud(service: str) -> Any:
            return local_client(service, endpoint_url=self.cloud_url, region=REGION)

        def ours(service: str) -> Any:
            return local_client(service, endpoint_url=self.emulator_url, region=REGION)

        self.s3: S3Client = cloud("s3")
        self.sns: SNSClient = cloud("sns")
        self.sqs: SQSClient = cloud("sqs")
        self.cloudwatch: CloudWatchClient = cloud("cloudwatch")
        self.sagemaker: SageMakerClient = ours("sagemaker")
        self.runtime: SageMakerRuntimeClient = ours("sagemaker-runtime")
        self.scaling: ApplicationAutoScalingClient = ours("application-autoscaling")
        self._collecting = threading.Lock()

    @property
    def emulator(self) -> Emulator:
        """The emulator under test, from inside; checks that need it cannot be made of anything else."""
        assert self.known_emulator is not None, "this check looks inside the emulator"
        return self.known_emulator

    def patient(self, timeout_seconds: float) -> float:
        return min(timeout_seconds, self.patience_seconds)

    def prepare(self) -> None:
        """Bucket, topics, a queue that hears both, and the main endpoint."""
        where: Any = {"LocationConstraint": REGION}
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        self.queue = self.sqs.create_queue(QueueName="conformance")["QueueUrl"]
        self.success_topic = self.new_topic("success")
        self.error_topic = self.new_topic("error")
        self.serve(MAIN)

    def new_topic(self, name: str) -> str:
        """A topic that the queue hears."""
        arn = self.sns.create_topic(Name=name)["TopicArn"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        self.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=found["Attributes"]["QueueArn"])
        return arn

    # Endpoints

    def create(self, name: str, **how: Any) -> None:
        self.sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": "image:1"})
        self.sagemaker.create_endpoint_config(**self.config(name, **how))
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def serve(self, name: str, **how: Any) -> str:
        self.create(name, **how)
        self.wait_in_service(name)
        return name

    def config(
        self,
        name: str,
        *,
        model: str | None = None,
        count: int = 1,
        concurrency: int = 8,
        is_async: bool = True,
        topics: bool = True,
        include: Sequence[str] = (),
        variant: Mapping[str, Any] | None = None,
        **output: Any,
    ) -> dict[str, Any]:
        plan = {"VariantName": VARIANT, "ModelName": model or name, "InitialInstanceCount": count,
                "InstanceType": "ml.m5.large", **(variant or {})}  # fmt: skip
        request: dict[str, Any] = {"EndpointConfigName": name, "ProductionVariants": [plan]}
        if not is_async:
            return request
        where: dict[str, Any] = {
            "S3OutputPath": f"s3://{BUCKET}/out",
            "S3FailurePath": f"s3://{BUCKET}/failed",
        } | output
        if topics:
            where["NotificationConfig"] = {"SuccessTopic": self.success_topic, "ErrorTopic": self.error_topic,
                                           "IncludeInferenceResponseIn": list(include)}  # fmt: skip
        request["AsyncInferenceConfig"] = {
            "OutputConfig": {key: value for key, value in where.items() if value is not None},
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": concurrency},
        }
        return request

    def wait_in_service(self, name: str) -> dict[str, Any]:
        return self.wait_for_status(name, "InService")

    def wait_for_status(self, name: str, status: str, timeout_seconds: float = 60) -> dict[str, Any]:
        def attempt() -> dict[str, Any] | None:
            found = self.sagemaker.describe_endpoint(EndpointName=name)
            return dict(found) if found["EndpointStatus"] == status else None

        return wait_until(
            attempt, what=f"{name} to be {status}", timeout_seconds=self.patient(timeout_seconds), every_seconds=0.05
        )

    def scale(self, name: str, count: int) -> dict[str, Any]:
        self.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": VARIANT, "DesiredInstanceCount": count}]
        )
        return self.wait_in_service(name)

    # Invocations

    def put(self, body: bytes = b"input", content_type: str = "text/plain") -> str:
        key = f"in/{uuid.uuid4()}"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, ContentType=content_type)
        return f"s3://{BUCKET}/{key}"

    def submit(self, endpoint: str = MAIN, orders: str = "", **more: Any) -> Submitted:
        """With an input object unless `Body` or `InputLocation` is given."""
        request: dict[str, Any] = {"EndpointName": endpoint, **more}
        if orders:
            request["CustomAttributes"] = orders
        if "Body" not in request and "InputLocation" not in request:
            request["InputLocation"] = self.put()
        answer = self.runtime.invoke_endpoint_async(**request)
        return Submitted(answer["InferenceId"], answer["OutputLocation"], answer.get("FailureLocation"))

    def outcome(self, job: Submitted, timeout_seconds: float = 30) -> Stored:
        def attempt() -> Stored | None:
            return self.read(job.output) or (self.read(job.failure, is_failure=True) if job.failure else None)

        return wait_until(
            attempt, what=f"outcome of {job}", timeout_seconds=self.patient(timeout_seconds), every_seconds=0.05
        )

    def read(self, location: str, *, is_failure: bool = False) -> Stored | None:
        bucket, _, key = location.removeprefix("s3://").partition("/")
        try:
            found = self.s3.get_object(Bucket=bucket, Key=key)
        except (self.s3.exceptions.NoSuchKey, self.s3.exceptions.NoSuchBucket):
            return None
        return Stored(location, found["Body"].read(), found["ContentType"], is_failure)

    def run(self, endpoint: str = MAIN, orders: str = "", **more: Any) -> Stored:
        return self.outcome(self.submit(endpoint, orders, **more))

    def report(self, endpoint: str = MAIN, **more: Any) -> dict[str, Any]:
        """What the container received."""
        found: dict[str, Any] = json.loads(self.run(endpoint, "report=1", **more).body)
        return found

    # Notifications

    def message(self, inference_id: str, timeout_seconds: float = 15) -> dict[str, Any]:
        return self.heard(inference_id, timeout_seconds)[0][1]

    def heard(self, name: str, timeout_seconds: float = 15) -> list[tuple[str, dict[str, Any]]]:
        def attempt() -> list[tuple[str, dict[str, Any]]] | None:
            self.collect()
            return self.messages.get(name)

        return wait_until(
            attempt, what=f"a message about {name}", timeout_seconds=self.patient(timeout_seconds), every_seconds=0.05
        )

    def collect(self) -> None:
        with self._collecting:
            while found := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", []):
                for each in found:
                    envelope = json.loads(each["Body"])
                    message = json.loads(envelope["Message"])
                    name = message.get("inferenceId", message["eventName"])
                    self.messages[name].append((envelope["TopicArn"], message))
                    self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=each["ReceiptHandle"])

    # Raw HTTP

    def post(self, path: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[int, Mapping[str, str], bytes]:
        """Without an SDK: status, headers with lower-case names, body."""
        connection = http.client.HTTPConnection(self.emulator_url.removeprefix("http://"), timeout=30)
        try:
            connection.request("POST", path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()


def refusal(call: Any, **request: Any) -> tuple[int, str, str]:
    """HTTP status, code and message of a call that must be refused."""
    try:
        call(**request)
    except ClientError as error:
        found = error.response
        return found["ResponseMetadata"]["HTTPStatusCode"], found["Error"]["Code"], found["Error"]["Message"]
    raise AssertionError(f"{call.__name__} accepted {request}")
