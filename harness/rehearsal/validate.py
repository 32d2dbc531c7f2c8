"""The flow of `harness validate`: bundle -> local AWS -> deploy -> requests -> judgement -> report.

Owns the flow of one run and its folders. Each step is a module of its own; this one knows no serving stack, no
LocalStack and no pixels.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from deploy import bundle
from deploy.apply import apply
from deploy.apply.apply import Applied
from deploy.apply.ledger import Ledger
from deploy.async_client import AsyncClient, Request
from deploy.aws import LOCAL_ROLE, Clients, Target
from deploy.bundle import Bundle
from deploy.config import Project
from deploy.evidence import Check, Report
from deploy.resources import desired_state
from harness import cases
from harness.cases import Case, Demands, KnownAnswer
from harness.core.progress import Progress
from harness.local_environment.clients import client_of
from harness.local_environment.local_aws import LocalAws
from harness.local_environment.local_run import LocalRun, ProjectOptions
from harness.observations.instances import instances_of
from harness.observations.phases import phases_of
from harness.rehearsal import judging, parity
from harness.rehearsal.judging import Judged
from harness.report.assemble import Subject, assemble
from harness.report.folder import Written, write_all


@dataclass(frozen=True, kw_only=True)
class Options(ProjectOptions):
    """The options of `harness validate`."""

    videos: tuple[Path, ...] = ()
    out_dir: Path = Path("rehearsal-report")


@dataclass(frozen=True)
class Rehearsed:
    report: Report
    written: Written


def validate(options: Options, progress: Progress) -> Rehearsed:
    """Run the rehearsal. A failing case is a result; raises RehearsalError when the rehearsal cannot run."""
    project = options.project()
    known = cases.open_known_answer(project.validate.known_answer)
    clips = cases.of_users_clips((*project.validate.clips, *options.videos))
    local = LocalRun.started(options, project.endpoint.region, progress)
    run = _Run(local, options, project, known, clips, progress)
    with ExitStack() as stack:
        return run.rehearse(stack)


@dataclass(frozen=True)
class _Deployed:
    """A bundle, deployed to an endpoint of the local AWS."""

    project: Project
    bundle: Bundle
    applied: Applied


@dataclass(frozen=True)
class _Run:
    local: LocalRun
    options: Options
    project: Project
    known: KnownAnswer
    clips: tuple[Case, ...]
    progress: Progress

    @property
    def folder(self) -> Path:
        return self.local.folder

    def rehearse(self, stack: ExitStack) -> Rehearsed:
        """Do the whole run; `stack` ends what was started."""
        built = self._bundle(self.project)
        aws = self.local.start(stack)
        deployed = self._deploy(aws, self.project, built)
        known_answer = self._known_answer(aws, deployed)
        judged = self._run_cases(aws, deployed, known_answer)
        checks = [self._parity(built)]
        with self.progress.stage("report"):
            subject = Subject(self.local.run_id, self.options.arguments, self.project, built, deployed.applied)
            instances = instances_of(aws.sagemaker_url, deployed.applied.endpoint_name)
            records = [each.record for each in judged]
            report = assemble(subject, aws, instances, records, self.progress.timings, checks)
            pictures = [each.pictures for each in judged if each.pictures]
            return Rehearsed(report, write_all(report, pictures, self.options.out_dir))

    def _bundle(self, project: Project) -> Bundle:
        with self.progress.stage(f"bundle {project.name}") as stage:
            built = bundle.build(project, self.folder / "bundles" / project.name)
            stage.result = f"{built.size_bytes / 1e6:.1f} MB, sha256 {built.sha256[:12]}"
            return built

    def _deploy(self, aws: LocalAws, project: Project, built: Bundle) -> _Deployed:
        with self.progress.stage(f"deploy endpoint {project.endpoint_name}"):
            urls = {"cloud_url": aws.cloud.url, "sagemaker_url": aws.sagemaker_url}
            clients = Clients(Target.local(project.endpoint.region, **urls))
            wanted = desired_state.desired_state_of(project, built, aws.cloud.account_id, LOCAL_ROLE)
            ledger = Ledger(self.folder / f"{project.name}.ledger.jsonl")
            return _Deployed(project, built, apply.apply(wanted, clients, ledger=ledger))

    def _known_answer(self, aws: LocalAws, deployed: _Deployed) -> _Deployed:
        """The endpoint for the known answer: the bundle's own if its model knows the labels of the known answer, else a
        companion with the same handler and settings around the model that does.
        """
        if self.known.has_labels_of(self.project.model.spec):
            return deployed
        files = self.known.files
        model = self.project.model.model_copy(update={"weights": files.weights, "spec": files.model_spec})
        endpoint = self.project.endpoint.model_copy(update={"name": None})
        companion = replace(self.project, name=f"{self.project.name}-known", model=model, endpoint=endpoint)
        return self._deploy(aws, companion, self._bundle(companion))

    def _run_cases(self, aws: LocalAws, deployed: _Deployed, known_answer: _Deployed) -> list[Judged]:
        main, known = self._client(aws, deployed), self._client(aws, known_answer)
        plan = [
            (cases.of_known_answer(self.known), known),
            *((case, main) for case in self.clips),
            (cases.of_bad_input(self.folder), main),
            (cases.of_recovery(self.known), known),
        ]
        return [self._run_case(aws, case, client) for case, client in plan]

    def _client(self, aws: LocalAws, deployed: _Deployed) -> AsyncClient:
        region, patience = deployed.project.endpoint.region, self.project.validate.timeout_seconds
        return client_of(aws, deployed.applied, region, patience)

    def _run_case(self, aws: LocalAws, case: Case, client: AsyncClient) -> Judged:
        with self.progress.stage(case.name) as stage:
            started = datetime.now(UTC)
            outcome = client.send(Request(case.clip.path, case.clip.content_type))
            judged = judging.judge(case, outcome, self._demands(), started)
            stage.ok = judged.record.judgement == "passed"
            stage.result = judging.summary(judged.record)
            phases = phases_of(aws.sagemaker_url, {outcome.submitted.inference_id})
            return judged.timed(phases[0].seconds) if phases else judged

    def _parity(self, built: Bundle) -> Check:
        with self.progress.stage("parity with torchvision") as stage:
            found = parity.quick(self.project, built)
            stage.ok = found.judgement != "failed"
            stage.result = found.summary
            return found

    def _demands(self) -> Demands:
        interval = self.project.handler.environment.get("FRAME_INTERVAL")
        return Demands(int(interval) if interval is not None else None, self.project.gates.min_map50)
