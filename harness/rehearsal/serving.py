"""The endpoints of a run: the project's own, and the companion that knows the known answer.

Owns bundling, deploying, the clients, and whose model it was that did not load. May not send a request.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from deploy import bundle
from deploy.apply import apply
from deploy.apply.apply import Applied
from deploy.apply.ledger import Ledger
from deploy.aws import LOCAL_ROLE, Clients, Target
from deploy.bundle import Bundle
from deploy.config import Project
from deploy.evidence import Finding
from deploy.resources import desired_state
from harness import cases
from harness.core.errors import RehearsalError
from harness.core.progress import Progress
from harness.local_environment.clients import Sender, client_of, realtime_client_of
from harness.local_environment.local_aws import LocalAws
from harness.processes import log_tail
from harness.rehearsal.planning import ServedBy
from harness.serving.stacks import default_stack

_LOG_LINES = 400
WHOSE: dict[ServedBy, str] = {
    "own": "the project's own model",
    "companion": "the companion, which is the harness's small Mask R-CNN behind this handler and not your model,",
}

_ADVICE: dict[ServedBy, str] = {
    "own": "correct the handler, its dependencies or the model; the container's log has the whole traceback",
    "companion": "let the handler load any torchvision Mask R-CNN whose model.json says its classes, not yours alone",
}


@dataclass(frozen=True)
class Endpoints:
    """Makes the endpoints of one run below `folder`."""

    folder: Path
    progress: Progress

    def bundle(self, project: Project) -> Bundle:
        with self.progress.stage(f"bundle {project.name}") as stage:
            built = bundle.build(project, self.folder / "bundles" / project.name)
            stage.result = f"{built.size_bytes / 1e6:.1f} MB, sha256 {built.sha256[:12]}"
            return built

    def deploy(self, aws: LocalAws, project: Project, built: Bundle) -> Applied:
        """Raises EndpointFailed and the other errors of `apply`."""
        with self.progress.stage(f"deploy endpoint {project.endpoint_name}"):
            clients = Clients(
                Target.local(project.endpoint.region, cloud_url=aws.cloud.url, sagemaker_url=aws.sagemaker_url)
            )
            wanted = desired_state.desired_state_of(project, built, aws.cloud.account_id, LOCAL_ROLE)
            return apply.apply(wanted, clients, ledger=Ledger(self.folder / f"{project.name}.ledger.jsonl"))

    def companion(self, project: Project, aws: LocalAws, known: cases.KnownAnswer) -> Applied:
        """The flagship's handler and the project's settings around the model that knows the known answer."""
        files = known.files
        model = project.model.model_copy(update={"weights": files.weights, "spec": files.model_spec, "data": None})
        endpoint = project.endpoint.model_copy(update={"name": None})
        companion = replace(project, name=f"{project.name}-known", model=model, endpoint=endpoint)
        return self.deploy(aws, companion, self.bundle(companion))


def sender_of(aws: LocalAws, applied: Applied, project: Project) -> Sender:
    region = project.endpoint.region
    if project.endpoint.mode == "realtime":
        return realtime_client_of(aws, applied, region)
    return client_of(aws, applied, region, project.validate.timeout_seconds)


def cannot_serve(served_by: ServedBy, error: RehearsalError, aws: LocalAws | None, endpoint_name: str) -> Finding:
    """Whose endpoint it is that does not serve, with the model's own last exception where its log has one."""
    cause = load_failure(aws.logs_dir / endpoint_name) if aws else None
    said = f"{cause}. " if cause and cause not in str(error) else ""
    return Finding(
        check="deploy",
        severity="error",
        message=f"{WHOSE[served_by]} does not serve: {said}{error}",
        where=endpoint_name,
        advice=_ADVICE[served_by],
    )


def load_failure(logs_dir: Path) -> str | None:
    """The model's own last exception, such as `RuntimeError: no weights`; None where the logs tell none."""
    for path in sorted(logs_dir.rglob("i-*.log")):
        failure = default_stack().log.load_failure(log_tail(path, _LOG_LINES))
        if failure is not None:
            return failure.cause
    return None
