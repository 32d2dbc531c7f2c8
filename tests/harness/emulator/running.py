"""A whole emulator with threads and a port, a cloud in memory, scripted containers, and boto3 clients for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.core.waiting import wait_until
from harness.emulator.app import Cloud, Dependencies
from harness.emulator.context.settings import EmulatorSettings
from harness.emulator.server import Emulator
from harness.emulator.store.disk import Disk
from harness.local_cloud.clients import local_client
from tests.harness.emulator.containers import Script, ScriptedRuntime
from tests.harness.emulator.memory_cloud import (
    MemoryAlarms,
    MemoryMetrics,
    MemoryObjects,
    MemoryScalingAlarms,
    MemoryTopics,
    StoredObject,
)

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

OUTPUT = "s3://bucket/out"
FAILURE = "s3://bucket/failed"
SUCCESS = "arn:aws:sns:eu-west-1:000000000000:success"
ERROR = "arn:aws:sns:eu-west-1:000000000000:error"
REGION = "eu-west-1"


@dataclass
class RunningEmulator:
    emulator: Emulator
    script: Script
    runtime: ScriptedRuntime
    objects: MemoryObjects
    topics: MemoryTopics
    alarms: MemoryAlarms
    scaling_alarms: MemoryScalingAlarms
    metrics: MemoryMetrics
    sagemaker: SageMakerClient
    client: SageMakerRuntimeClient

    def create(self, name: str = "ep", *, count: int = 1, concurrency: int = 4, is_async: bool = True) -> None:
        self.sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": "image:1"})
        self.sagemaker.create_endpoint_config(**config_request(name, count, concurrency, is_async))
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def serve(self, name: str = "ep", *, count: int = 1, concurrency: int = 4, is_async: bool = True) -> None:
        self.create(name, count=count, concurrency=concurrency, is_async=is_async)
        self.wait_for(name, "InService")

    def wait_for(self, name: str, status: str) -> dict[str, Any]:
        def attempt() -> dict[str, Any] | None:
            found = self.sagemaker.describe_endpoint(EndpointName=name)
            return dict(found) if found["EndpointStatus"] == status else None

        return wait_until(attempt, what=f"{name} to be {status}", timeout_seconds=15, every_seconds=0.02)

    def wait_for_object(self, location: str) -> StoredObject:
        return wait_until(
            lambda: self.objects.stored.get(location), what=location, timeout_seconds=15, every_seconds=0.01
        )

    def wait_for_results(self, count: int) -> list[dict[str, Any]]:
        def attempt() -> list[dict[str, Any]] | None:
            found = self.topics.results()
            return found if len(found) >= count else None

        return wait_until(attempt, what=f"{count} messages", timeout_seconds=30, every_seconds=0.01)


def config_request(name: str, count: int = 1, concurrency: int = 4, is_async: bool = True) -> dict[str, Any]:
    request: dict[str, Any] = {
        "EndpointConfigName": name,
        "ProductionVariants": [
            {
                "VariantName": "AllTraffic",
                "ModelName": name,
                "InitialInstanceCount": count,
                "InstanceType": "ml.m5.large",
            }
        ],
    }
    if is_async:
        request["AsyncInferenceConfig"] = {
            "OutputConfig": {
                "S3OutputPath": OUTPUT,
                "S3FailurePath": FAILURE,
                "NotificationConfig": {"SuccessTopic": SUCCESS, "ErrorTopic": ERROR},
            },
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": concurrency},
        }
    return request


@contextmanager
def running_emulator(tmp_path: Path, disk: Disk | None = None, **settings: Any) -> Iterator[RunningEmulator]:
    chosen = {
        "stop_grace_seconds": 0.0,
        "instance_quota": 50,
        "drain_seconds": 1.0,
        "ping_every_seconds": 0.2,
        **settings,
    }
    script, objects, topics, alarms = Script(), MemoryObjects(), MemoryTopics(), MemoryAlarms()
    runtime = ScriptedRuntime(script)
    metrics, scaling_alarms = MemoryMetrics(), MemoryScalingAlarms()
    cloud = Cloud(objects, topics, alarms, scaling_alarms, metrics)
    dependencies = Dependencies(cloud, runtime, time.time, disk=disk or Disk())
    with Emulator(EmulatorSettings(tmp_path / "state", "http://127.0.0.1:1", **chosen), dependencies) as emulator:
        sagemaker = local_client("sagemaker", endpoint_url=emulator.url, region=REGION)
        client = local_client("sagemaker-runtime", endpoint_url=emulator.url, region=REGION)
        yield RunningEmulator(
            emulator, script, runtime, objects, topics, alarms, scaling_alarms, metrics, sagemaker, client
        )
        sagemaker.close()
        client.close()
