"""A point's own endpoint on the local AWS: deployed by the code that deploys to AWS, and taken down again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from deploy import apply, desired
from deploy.aws import LOCAL_ROLE, Clients, Target
from deploy.bundle import Bundle
from deploy.config import Project
from deploy.ledger import Ledger
from harness.benching.measuring import Standing
from harness.benching.points import Point
from harness.clients import submitter_of
from harness.cloud.clients import local_client
from harness.instances import ServedBy, instances_of
from harness.local_aws import LocalAws

_POLL_SECONDS = 0.02
"""A result that is waited for longer than it took would be no measurement."""


@dataclass
class Endpoints:
    """`served` is what the emulator said last of an instance: every point is served alike."""

    aws: LocalAws
    project: Project
    built: Bundle
    folder: Path
    served: tuple[ServedBy, ...] = field(default=())

    @property
    def region(self) -> str:
        return self.project.endpoint.region

    @contextmanager
    def room_for(self, name: str) -> Iterator[None]:
        """Whatever stands under `name` at the end is deleted, so that the next point has the machine to itself."""
        try:
            yield
        finally:
            sagemaker = local_client("sagemaker", endpoint_url=self.aws.sagemaker_url, region=self.region)
            if name in [each["EndpointName"] for each in sagemaker.list_endpoints()["Endpoints"]]:
                sagemaker.delete_endpoint(EndpointName=name)

    def stand(self, point: Point, name: str) -> Standing:
        """Raises DeployError or HarnessError."""
        project = point.laid_over(self.project, name)
        clients = Clients(Target.local(self.region, cloud_url=self.aws.cloud.url, sagemaker_url=self.aws.sagemaker_url))
        wanted = desired.desire(project, self.built, self.aws.cloud.account_id, LOCAL_ROLE)
        applied = apply.apply(wanted, clients, ledger=Ledger(self.folder / f"{name}.ledger.jsonl"))
        patience = project.validate.timeout_seconds
        submitters = [
            replace(submitter_of(self.aws, applied, self.region, patience), poll_seconds=_POLL_SECONDS)
            for _ in range(point.concurrency)
        ]
        return Standing(submitters, self.aws.logs_dir / name, lambda: self._peak_host_bytes(name))

    def _peak_host_bytes(self, name: str) -> int | None:
        found = instances_of(self.aws.sagemaker_url, name)
        self.served = found or self.served
        return max((each.peak_memory_bytes or 0 for each in found), default=0) or None
