"""One emulator without threads, with a clock that tests set: the fixture of the engine's tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.core.waiting import wait_until
from harness.emulator.app import Cloud, Dependencies, Parts, assemble
from harness.emulator.async_inference.jobs import Job
from harness.emulator.context.arns import Account
from harness.emulator.context.settings import EmulatorSettings
from harness.emulator.protocol import json_rpc
from harness.emulator.protocol.operations import OperationTable
from harness.emulator.runtime.invoke_async import Accepted, AsyncRequest
from harness.emulator.store.catalog import Endpoint
from harness.emulator.store.disk import Disk
from tests.harness.emulator.containers import Script, ScriptedRuntime
from tests.harness.emulator.memory_cloud import (
    MemoryAlarms,
    MemoryMetrics,
    MemoryObjects,
    MemoryScalingAlarms,
    MemoryTopics,
)

SUCCESS = "arn:aws:sns:eu-west-1:000000000000:success"
ERROR = "arn:aws:sns:eu-west-1:000000000000:error"
OUTPUT = "s3://bucket/out"
FAILURE = "s3://bucket/failed"


@dataclass
class SetClock:
    at: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.at

    def pass_(self, seconds: float) -> None:
        self.at += seconds


class Refused(Exception):
    """An operation that answered with an error; it holds code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


@dataclass
class World:
    state_dir: Path
    settings: EmulatorSettings
    clock: SetClock = field(default_factory=SetClock)
    script: Script = field(default_factory=Script)
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    topics: MemoryTopics = field(default_factory=MemoryTopics)
    alarms: MemoryAlarms = field(default_factory=MemoryAlarms)
    scaling_alarms: MemoryScalingAlarms = field(default_factory=MemoryScalingAlarms)
    metrics: MemoryMetrics = field(default_factory=MemoryMetrics)
    disk: Disk = field(default_factory=Disk)
    names: int = 0

    def __post_init__(self) -> None:
        self.runtime = ScriptedRuntime(self.script)
        self.parts = self._assemble()

    def _assemble(self) -> Parts:
        cloud = Cloud(self.objects, self.topics, self.alarms, self.scaling_alarms, self.metrics)
        return assemble(self.settings, Dependencies(cloud, self.runtime, self.clock, disk=self.disk), rest=self._rest)

    def _rest(self, seconds: float) -> bool:
        self.clock.pass_(seconds)
        return True

    def restart(self) -> None:
        """Start again as after a kill: memory is lost, the state folder is kept."""
        self.parts.context.store.close()
        self.parts = self._assemble()
        self.parts.records.jobs.recover()

    def close(self) -> None:
        for instance in self.runtime.running():
            instance.stop()
        self.parts.context.store.close()

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return call(self.parts.operations, f"SageMaker.{operation}", request)

    def create(self, name: str = "ep", **how: Any) -> str:
        """Create model, config and endpoint of one name; the endpoint is `Creating`."""
        self.create_config(name, **how)
        self.call("CreateEndpoint", EndpointName=name, EndpointConfigName=name)
        return name

    def create_config(
        self,
        name: str,
        *,
        is_async: bool = True,
        count: int = 1,
        topics: bool = True,
        concurrency: int | None = None,
        timeout_seconds: int | None = None,
        include: tuple[str, ...] = (),
        **output: Any,
    ) -> None:
        self.call("CreateModel", ModelName=name, PrimaryContainer={"Image": "image:1"})
        variant: dict[str, Any] = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": count,
                                   "InstanceType": "ml.m5.large"}  # fmt: skip
        if timeout_seconds is not None:
            variant["ContainerStartupHealthCheckTimeoutInSeconds"] = timeout_seconds
        request: dict[str, Any] = {"EndpointConfigName": name, "ProductionVariants": [variant]}
        if is_async:
            where: dict[str, Any] = {"S3OutputPath": OUTPUT, "S3FailurePath": FAILURE, **output}
            if topics:
                where["NotificationConfig"] = {"SuccessTopic": SUCCESS, "ErrorTopic": ERROR,
                                               "IncludeInferenceResponseIn": list(include)}  # fmt: skip
            known = {name: value for name, value in where.items() if value is not None}
            request["AsyncInferenceConfig"] = {"OutputConfig": known}
            if concurrency is not None:
                request["AsyncInferenceConfig"]["ClientConfig"] = {"MaxConcurrentInvocationsPerInstance": concurrency}
        self.call("CreateEndpointConfig", **request)

    def serve(self, name: str = "ep", **how: Any) -> Endpoint:
        """Create an endpoint and wait until it is in service."""
        self.create(name, **how)
        return self.step_until(name, lambda endpoint: endpoint.status == "InService")

    def step(self) -> None:
        """Take one step of every endpoint's life."""
        registry = self.parts.registry
        for endpoint in registry.missing():
            registry.add(endpoint)
        for actor in registry.actors():
            if not actor.step():
                registry.remove(actor.endpoint_id)

    def step_until(self, name: str, is_so: Callable[[Endpoint], bool]) -> Endpoint:
        def attempt() -> Endpoint | None:
            self.step()
            found = self.endpoint(name)
            return found if is_so(found) else None

        return wait_until(attempt, what=f"endpoint {name}", timeout_seconds=10, every_seconds=0.005)

    def endpoint(self, name: str = "ep") -> Endpoint:
        found = self.parts.context.catalog.endpoint(self.settings.account.endpoint(name))
        assert found is not None, name
        return found

    def submit(
        self, name: str = "ep", body: bytes = b"hello", object_type: str = "text/plain", **more: Any
    ) -> Accepted:
        """Store an object of that body and type, and submit a request for it."""
        self.names += 1
        location = self.objects.put(f"s3://bucket/in/{self.names}", body, object_type)
        return self.parts.submissions.submit(AsyncRequest(name, input_location=location, **more))

    def work(self, name: str = "ep") -> object:
        return self.parts.engine.work_one(self.endpoint(name).id)

    def job(self, accepted: Accepted) -> Job:
        assert accepted.output_location is not None
        found = self.parts.records.jobs.find(accepted.output_location.rpartition("/")[2].removesuffix(".out"))
        assert found is not None
        return found


def call(table: OperationTable, target: str, request: dict[str, Any]) -> dict[str, Any]:
    reply = json_rpc.answer(table, target, json.dumps(request).encode())
    document: dict[str, Any] = json.loads(reply.body or b"{}")
    if reply.status != 200:
        raise Refused(document["__type"], document["message"])
    return document


def new_world(tmp_path: Path, disk: Disk | None = None, **settings: Any) -> World:
    state_dir = tmp_path / "state"
    chosen = {"ping_every_seconds": 1.0, "stop_grace_seconds": 0.0, "account": Account(), **settings}
    return World(state_dir, EmulatorSettings(state_dir, "http://127.0.0.1:1", **chosen), disk=disk or Disk())
