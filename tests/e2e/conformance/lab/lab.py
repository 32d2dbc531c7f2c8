"""What the checks share: unmodified boto3 clients, a main endpoint, and a queue that receives every notification.

The `Place` knows which subject serves, where it runs and what can be inspected; `scripted` and `obedient` hold the
container.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from deploy.core.waiting import wait_until
from harness.emulator.server import Emulator
from tests.e2e.conformance.lab.ledger import Ledger
from tests.e2e.conformance.lab.place import Answer, Place
from tests.e2e.conformance.lab.scripted import Obedient, ShiftedClock
from tests.harness.emulator.containers import Script, ScriptedInstance, ScriptedRuntime

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

VARIANT = "AllTraffic"
_QUEUE_POLICY = """{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service":
"sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "%s"}]}"""


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
    place: Place
    known_emulator: Emulator | None
    script: Script
    runtime_of_instances: ScriptedRuntime
    obedient: Obedient
    clock: ShiftedClock | None = None
    """The subject's clock, if a check can advance it."""
    ledger: Ledger | None = None
    """The created resources, where they must be deleted."""
    success_topic: str = ""
    error_topic: str = ""
    queue: str = ""
    messages: dict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=lambda: defaultdict(list))
    """The topics and messages by inference id (or event name)."""

    def __post_init__(self) -> None:
        self.s3: S3Client = self.place.client("s3")
        self.sns: SNSClient = self.place.client("sns")
        self.sqs: SQSClient = self.place.client("sqs")
        self.cloudwatch: CloudWatchClient = self.place.client("cloudwatch")
        self.sagemaker: SageMakerClient = self.place.client("sagemaker")
        self.runtime: SageMakerRuntimeClient = self.place.client("sagemaker-runtime")
        self.scaling: ApplicationAutoScalingClient = self.place.client("application-autoscaling")
        self._collecting = threading.Lock()

    @property
    def emulator(self) -> Emulator:
        """The emulator object under test; checks that use it run against no other subject."""
        assert self.known_emulator is not None, "this check looks inside the emulator"
        return self.known_emulator

    @property
    def main(self) -> str:
        """The name of the endpoint that most checks use."""
        return self.named("conf")

    @property
    def root(self) -> str:
        """The S3 location of inputs and results, without a trailing slash."""
        return self.place.root

    def named(self, name: str) -> str:
        return self.place.named(name)

    def prepare(self) -> None:
        """Create bucket, topics, a queue subscribed to both, and the main endpoint."""
        if self.place.makes_bucket:
            where: Any = {"LocationConstraint": self.place.region}
            self.s3.create_bucket(Bucket=self.place.bucket, CreateBucketConfiguration=where)
        self.queue = self.sqs.create_queue(QueueName=self.named("conformance"))["QueueUrl"]
        policy = _QUEUE_POLICY % self.place.arn("sqs", self.named("conformance"))
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={"Policy": policy})
        self.success_topic = self.new_topic("success")
        self.error_topic = self.new_topic("error")
        self.serve(self.main)

    def new_topic(self, name: str) -> str:
        """Create a topic to which the queue is subscribed."""
        arn = self.sns.create_topic(Name=self.named(name))["TopicArn"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        self.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=found["Attributes"]["QueueArn"])
        return arn

    # Endpoints

    def create(self, name: str, **how: Any) -> None:
        self.sagemaker.create_model(**self.place.model(name))
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
                "InstanceType": self.place.instance_type, **(variant or {})}  # fmt: skip
        request: dict[str, Any] = {"EndpointConfigName": name, "ProductionVariants": [plan]}
        if not is_async:
            return request
        where: dict[str, Any] = {
            "S3OutputPath": f"{self.root}/out",
            "S3FailurePath": f"{self.root}/failed",
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
            attempt,
            what=f"{name} to be {status}",
            timeout_seconds=self.place.patient(timeout_seconds),
            every_seconds=self.place.every_seconds,
        )

    def scale(self, name: str, count: int) -> dict[str, Any]:
        self.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": VARIANT, "DesiredInstanceCount": count}]
        )
        return self.wait_in_service(name)

    # Invocations

    def put(self, body: bytes = b"input", content_type: str = "text/plain") -> str:
        key = f"{self.place.folder}in/{uuid.uuid4()}"
        self.s3.put_object(Bucket=self.place.bucket, Key=key, Body=body, ContentType=content_type)
        return f"s3://{self.place.bucket}/{key}"

    def submit(self, endpoint: str | None = None, orders: str = "", **more: Any) -> Submitted:
        """Submit with an input object, unless `Body` or `InputLocation` is given."""
        request: dict[str, Any] = {"EndpointName": endpoint or self.main, **more}
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
            attempt,
            what=f"outcome of {job}",
            timeout_seconds=self.place.patient(timeout_seconds),
            every_seconds=self.place.every_seconds,
        )

    def read(self, location: str, *, is_failure: bool = False) -> Stored | None:
        bucket, _, key = location.removeprefix("s3://").partition("/")
        try:
            found = self.s3.get_object(Bucket=bucket, Key=key)
        except (self.s3.exceptions.NoSuchKey, self.s3.exceptions.NoSuchBucket):
            return None
        return Stored(location, found["Body"].read(), found["ContentType"], is_failure)

    def run(self, endpoint: str | None = None, orders: str = "", **more: Any) -> Stored:
        return self.outcome(self.submit(endpoint, orders, **more))

    def report(self, endpoint: str | None = None, **more: Any) -> dict[str, Any]:
        """Return the request that the container received."""
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
            attempt,
            what=f"a message about {name}",
            timeout_seconds=self.place.patient(timeout_seconds),
            every_seconds=self.place.every_seconds,
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

    # What differs between a container that can be inspected and one that cannot

    def hold(self, gate: str, seconds: float) -> str:
        """Orders that hold a request until the gate opens; for so many seconds where there are no gates."""
        return f"hold={gate}" if self.place.is_scripted else f"sleep={seconds:g}"

    def open(self, gate: str) -> None:
        self.obedient.gates[gate].set()

    def wait_until_inside(self, job: Submitted) -> None:
        """Wait until the container has the request; for a model, wait a fixed time."""
        if not self.place.is_scripted:
            time.sleep(2 * self.place.slowness)
            return
        wait_until(lambda: self.obedient.received[job.inference_id] or None, what=f"{job} inside", timeout_seconds=10)

    def assert_received(self, inference_id: str, times: int) -> None:
        """Assert how often the container received the request, where it can be inspected."""
        if self.place.is_scripted:
            assert self.obedient.received[inference_id] == times

    def instances(self, endpoint: str) -> list[ScriptedInstance]:
        """Return the running instances of the scripted container."""
        return [one for one in self.runtime_of_instances.running() if one.spec.endpoint_name == endpoint]

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Keep every scripted container unhealthy meanwhile; a model's container starts slowly enough."""
        healthy = self.script.is_healthy
        self.script.is_healthy = lambda: False
        try:
            yield
        finally:
            self.script.is_healthy = healthy

    def pass_seconds(self, seconds: float) -> None:
        """Advance the subject's clock, or wait where the check cannot advance it."""
        if self.clock is None:
            time.sleep(seconds)
        else:
            self.clock.offset_seconds += seconds

    # Raw HTTP

    def post(self, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Post without an SDK: to the control plane at `/`, else to the runtime."""
        client = self.sagemaker if path == "/" else self.runtime
        return self.place.post(client.meta.endpoint_url + path, headers, body)


def refusal(call: Any, **request: Any) -> tuple[int, str, str]:
    """Return HTTP status, code and message of a call that must be refused."""
    try:
        call(**request)
    except ClientError as error:
        found = error.response
        return found["ResponseMetadata"]["HTTPStatusCode"], found["Error"]["Code"], found["Error"]["Message"]
    raise AssertionError(f"{call.__name__} accepted {request}")
