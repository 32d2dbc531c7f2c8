"""The endpoint of a point on the local AWS, deployed by the code that deploys to AWS, and deleted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from deploy.apply import apply
from deploy.apply.apply import Applied
from deploy.apply.ledger import Ledger
from deploy.aws import LOCAL_ROLE, Clients, Target
from deploy.bundle import Bundle
from deploy.config import Project
from deploy.core.waiting import wait_until
from deploy.resources import desired_state
from harness.bench.load.senders import Client
from harness.bench.load.shapes import CLOSED, Shape
from harness.bench.measurement.crowd import Crowd
from harness.bench.measurement.measure import Deployed, Usage
from harness.bench.measurement.points import Point
from harness.core.errors import TimedOut
from harness.local_cloud.clients import local_client
from harness.local_environment.clients import client_of, realtime_client_of
from harness.local_environment.local_aws import LocalAws
from harness.observations.instances import ServedBy, instances_of
from harness.observations.phases import phases_of

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

# The interval is short, because it is part of every measured time.
_POLL_SECONDS = 0.02
# SageMaker gives a container 30 seconds to end; this is twice as long.
_GONE_SECONDS = 60.0
# A boto3 client keeps ten connections; making one takes a tenth of a second.
_CLIENTS, _SENDERS_A_CLIENT = 4, 8
_KILLED = "killed: out of memory"
_WORKER_KILLS = "oom_kills"


@dataclass
class Endpoints:
    """Deploys and deletes the endpoints. `served` is the last instance the emulator reported: all points run alike."""

    aws: LocalAws
    project: Project
    built: Bundle
    folder: Path
    shape: Shape = CLOSED
    most_seconds: float | None = None
    """The longest wait for an answer, where it is less than the project's own."""
    served: tuple[ServedBy, ...] = field(default=())

    @property
    def region(self) -> str:
        return self.project.endpoint.region

    @property
    def _patience(self) -> float:
        own = self.project.validate.timeout_seconds
        return own if self.most_seconds is None else min(own, self.most_seconds)

    @contextmanager
    def deleting(self, name: str) -> Iterator[None]:
        """Delete the endpoint `name` at the end, so that the next point has the machine to itself."""
        try:
            yield
        finally:
            sagemaker = local_client("sagemaker", endpoint_url=self.aws.sagemaker_url, region=self.region)
            with suppress(BotoCoreError, ClientError, TimedOut):  # the end of the run removes what is left
                delete_and_wait(sagemaker, name)

    def deploy(self, point: Point, name: str) -> Deployed:
        """Raises RehearsalError."""
        project = point.laid_over(self.project, name)
        clients = Clients(Target.local(self.region, cloud_url=self.aws.cloud.url, sagemaker_url=self.aws.sagemaker_url))
        wanted = desired_state.desired_state_of(project, self.built, self.aws.cloud.account_id, LOCAL_ROLE)
        applied = apply.apply(wanted, clients, ledger=Ledger(self.folder / f"{name}.ledger.jsonl"))
        concurrency = project.endpoint.max_concurrent_invocations_per_instance
        return Deployed(
            self._clients(applied, project, self.shape.senders(point.concurrency or concurrency)),
            self.aws.logs_dir / name,
            lambda: self._usage(name),
            lambda ids: phases_of(self.aws.sagemaker_url, ids),
            point.concurrency or concurrency,
        )

    def _clients(self, applied: Applied, project: Project, senders: int) -> list[Client]:
        """Clients for so many requests at once, without the notifications: their delivery is no part of a request."""
        count = min(senders, max(_CLIENTS, math.ceil(senders / _SENDERS_A_CLIENT)))
        if project.endpoint.mode == "realtime":
            return [realtime_client_of(self.aws, applied, self.region) for _ in range(count)]
        made = client_of(self.aws, applied, self.region, self._patience, is_notified=False)
        crowd = Crowd()
        polite = replace(made, poll_seconds=_POLL_SECONDS, clock=crowd.clock)
        others = [replace(polite, clients=Clients(made.clients.target)) for _ in range(count - 1)]
        return [crowd.counted(client) for client in (polite, *others)]

    def _usage(self, name: str) -> Usage:
        found = instances_of(self.aws.sagemaker_url, name)
        self.served = found or self.served
        peak = max((each.peak_memory_bytes or 0 for each in found), default=0) or None
        platform = [path.read_text(encoding="utf-8") for path in (self.aws.logs_dir / name).rglob("data-log")]
        kills = sum(int(each.facts.get(_WORKER_KILLS, 0)) for each in found)
        return Usage(peak, kills + sum(text.count(_KILLED) for text in platform))


def delete_and_wait(sagemaker: SageMakerClient, name: str) -> None:
    """Raises TimedOut when the endpoint is still there after a container's time to end."""

    def exists() -> bool:
        return name in [each["EndpointName"] for each in sagemaker.list_endpoints(NameContains=name)["Endpoints"]]

    if exists():
        sagemaker.delete_endpoint(EndpointName=name)
        wait_until(lambda: None if exists() else True, what=f"{name} to be gone", timeout_seconds=_GONE_SECONDS)
