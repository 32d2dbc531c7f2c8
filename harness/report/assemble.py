"""Assembles the evidence of one run: its subject, machine, runtime, cases and checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from deploy import evidence
from deploy.apply.apply import Applied
from deploy.bundle import Bundle
from deploy.config import Project
from deploy.resources.container_environment import container_environment
from harness.core.progress import StageTiming
from harness.local_environment.local_aws import LocalAws
from harness.observations import circumstances, stage_log
from harness.observations.instances import ServedBy
from harness.observations.stage_log import ContainerLog
from harness.serving.runtimes.choose import Choice
from harness.serving.stacks import default_stack


@dataclass(frozen=True)
class Subject:
    """What was rehearsed."""

    run_id: str
    arguments: tuple[str, ...]
    project: Project
    bundle: Bundle
    choice: Choice
    applied: Applied | None = None
    """None when the endpoint could not be deployed."""


def assemble(
    subject: Subject,
    aws: LocalAws | None,
    instances: Sequence[ServedBy],
    cases: Sequence[evidence.Case],
    stages: Sequence[StageTiming],
    checks: Sequence[evidence.Check] = (),
    findings: Sequence[evidence.Finding] = (),
) -> evidence.Report:
    """The report of a run, also of one that came to an end early: `findings` then say why."""
    log = _log(subject, aws)
    return evidence.Report(
        tool_version=circumstances.tool_version(),
        run_id=subject.run_id,
        created=datetime.now(UTC),
        arguments=subject.arguments,
        bundle=bundle_record(subject.bundle),
        configuration=evidence.Configuration(path=subject.project.path.name, sha256=subject.project.digest()),
        runtime=runtime_record(instances, log) if instances else runtime_asked_for(subject.choice),
        machine=circumstances.this_machine(),
        versions=circumstances.installed_versions(),
        local_cloud=_local_cloud(aws) if aws else None,
        endpoint=_endpoint(subject),
        stages=tuple(evidence.Stage(name=each.name, started=each.started, seconds=each.seconds) for each in stages),
        cases=tuple(cases),
        peak_memory=peak_memory(instances, log) if subject.applied else None,
        checks=tuple(checks),
        verdict=evidence.judge(cases, checks, findings),
    )


def _local_cloud(aws: LocalAws) -> evidence.LocalCloud:
    return evidence.LocalCloud.model_validate({"kind": aws.cloud.kind, "url": aws.cloud.url})


def _log(subject: Subject, aws: LocalAws | None) -> ContainerLog:
    """What the endpoint's containers told; nothing where there was no endpoint."""
    if aws is None or subject.applied is None:
        return ContainerLog()
    return stage_log.read(aws.logs_dir / subject.applied.endpoint_name)


def bundle_record(built: Bundle) -> evidence.Bundle:
    manifest = built.manifest
    return evidence.Bundle(
        sha256=built.sha256,
        size_bytes=built.size_bytes,
        handler_sha256=manifest.handler_sha256,
        weights_sha256=manifest.weights_sha256,
        git=evidence.GitState(commit=manifest.git.commit, dirty=manifest.git.dirty) if manifest.git else None,
    )


def _endpoint(subject: Subject) -> evidence.Endpoint | None:
    if subject.applied is None:
        return None
    return evidence.Endpoint(
        name=subject.applied.endpoint_name,
        config_name=subject.applied.endpoint_config_name,
        instance_type=subject.project.endpoint.instance_type,
        mode=subject.project.endpoint.mode,
        environment=container_environment(subject.project),
    )


def runtime_record(instances: Sequence[ServedBy], log: ContainerLog) -> evidence.RuntimeUsed:
    """The runtime of the first instance; all instances of an endpoint run alike. The decoders are of all."""
    first = instances[0]
    return evidence.RuntimeUsed.model_validate(
        {
            "kind": first.runtime,
            "assurance": first.facts.get("assurance", "process"),
            "stack": default_stack().name,
            "image": first.image if first.runtime == "docker" else None,  # a process runs no image
            "image_digest": first.image_digest,
            "facts": dict(first.facts),
            "decoders": dict(log.decoders),
        }
    )


def runtime_asked_for(choice: Choice) -> evidence.RuntimeUsed:
    """The runtime of a run that got no instance: what was chosen, which claims no more than it must."""
    assurance = "process" if choice.kind == "process" else "compatible"
    chosen = {"kind": choice.kind, "assurance": assurance, "stack": default_stack().name, "image": choice.image}
    return evidence.RuntimeUsed.model_validate(chosen)


def peak_memory(instances: Sequence[ServedBy], log: ContainerLog) -> evidence.PeakMemory | None:
    """The highest peak of all instances; None when neither host nor GPU memory could be measured."""
    host_bytes = max((each.peak_memory_bytes or 0 for each in instances), default=0)
    gpu_bytes = max((account.gpu_peak_bytes or 0 for account in log.accounts), default=0)
    if not host_bytes and not gpu_bytes:
        return None
    method = "host: high-water mark of the model's worker process"
    if gpu_bytes:
        method += "; GPU: the most that torch's tensors took, by the handler's own account"
    return evidence.PeakMemory(host_bytes=host_bytes or None, gpu_bytes=gpu_bytes or None, method=method)
