"""The flow of `harness validate`: bundle -> local AWS -> deploy -> requests -> judgement -> report.

Owns the flow of one run and its folders. Each step is a module of its own; this one knows no serving stack, no
LocalStack and no pixels. Once there is a bundle a report is written, however the run ends.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from deploy.apply.apply import Applied
from deploy.bundle import Bundle
from deploy.config import Project
from deploy.evidence import Check, Finding, Report
from deploy.gates import family
from harness import cases
from harness.checks import own_answer
from harness.core.errors import RehearsalError
from harness.core.progress import Progress
from harness.local_environment.clients import Sender
from harness.local_environment.local_aws import LocalAws
from harness.local_environment.local_run import LocalRun, ProjectOptions
from harness.observations.instances import ServedBy, instances_of
from harness.rehearsal import parity, planning, recording, serving
from harness.rehearsal.answered import Source
from harness.rehearsal.judging import Judged
from harness.rehearsal.planning import Asked, Planned
from harness.rehearsal.sending import Sending
from harness.rehearsal.serving import Endpoints
from harness.report import signing
from harness.report.assemble import Subject, assemble
from harness.report.folder import Written, write_all
from harness.serving.runtimes.choose import Choice, choose


@dataclass(frozen=True, kw_only=True)
class Options(ProjectOptions):
    """The options of `harness validate`."""

    videos: tuple[Path, ...] = ()
    cases: tuple[str, ...] = ()
    """FILE or FILE:CONTENT_TYPE."""
    out_dir: Path = Path("rehearsal-report")


@dataclass(frozen=True)
class Rehearsed:
    report: Report
    written: Written
    error: RehearsalError | None = None
    """What ended the run early; the report has it too, among the findings of the run."""


def validate(options: Options, progress: Progress) -> Rehearsed:
    """Run the rehearsal. A failing case is a result; raises RehearsalError when there is nothing to report on."""
    project = options.project()
    asked = planning.read(project, options.videos, options.cases)
    local = LocalRun.started(options, project.endpoint.region, progress)
    choice = choose(options.runtime, options.image, region=project.endpoint.region)
    built = Endpoints(local.folder, progress).bundle(project)
    planned = planning.plan(project, built, asked, local.folder)
    return _Run(local, options, project, built, asked, choice, planned).rehearse()


@dataclass
class _Seen:
    """What the run has come to so far."""

    aws: LocalAws | None = None
    applied: Applied | None = None
    instances: tuple[ServedBy, ...] = ()
    judged: list[Judged] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class _Run:
    local: LocalRun
    options: Options
    project: Project
    built: Bundle
    asked: Asked
    choice: Choice
    planned: tuple[Planned, ...]
    seen: _Seen = field(default_factory=_Seen)

    @property
    def progress(self) -> Progress:
        return self.local.progress

    def rehearse(self) -> Rehearsed:
        """Do the whole run, or what of it can be done, and report on it."""
        with ExitStack() as stack:
            error = self._run(stack)
            with self.progress.stage("report"):
                report = self._report()
                pictures = [each.pictures for each in self.seen.judged if each.pictures]
                answers = [each.answer for each in self.seen.judged if each.answer and each.record.kind != "recovery"]
                written = write_all(report, pictures, self.options.out_dir, answers)
                signing.sign([written.report_json], self.project, self.progress.say)
                return Rehearsed(report, written, error)

    def _run(self, stack: ExitStack) -> RehearsalError | None:
        """`stack` ends what was started; returns what ended the run early."""
        seen = self.seen
        try:
            seen.aws = self.local.start(stack, self.choice)
            seen.applied = self._endpoints().deploy(seen.aws, self.project, self.built)
            self._send_all(seen.aws, seen.applied)
            seen.instances = instances_of(seen.aws.sagemaker_url, seen.applied.endpoint_name)
        except RehearsalError as error:
            name = self.project.endpoint_name
            seen.findings.append(serving.cannot_serve("own", error, seen.aws, name))
            seen.judged += [_not_sent(planned) for planned in self.planned[len(seen.judged) :]]
            seen.checks.append(own_answer.judge([each.record for each in seen.judged]))
            return error
        seen.checks += [own_answer.judge([each.record for each in seen.judged]), *self._of_the_family()]
        return None

    def _endpoints(self) -> Endpoints:
        return Endpoints(self.local.folder, self.progress)

    def _send_all(self, aws: LocalAws, applied: Applied) -> None:
        demands, source = planning.demands_of(self.project, self.built), Source.of(self.built, self.choice)
        sending = Sending(aws.sagemaker_url, demands, source, self.progress)
        own = serving.sender_of(aws, applied, self.project)
        for planned in self.planned:
            if planned.served_by == "own":
                self.seen.judged.append(sending.send(planned, own))
            else:
                self.seen.judged.append(self._of_companion(aws, sending, planned))

    def _of_companion(self, aws: LocalAws, sending: Sending, planned: Planned) -> Judged:
        """A companion that does not serve fails its own case, and nothing else."""
        try:
            return sending.send(planned, self._companion(aws))
        except RehearsalError as error:
            finding = serving.cannot_serve("companion", error, aws, f"{self.project.name}-known")
            record = recording.not_run(planned.case, finding)
            return Judged(record.model_copy(update={"served_by": "companion"}))

    def _companion(self, aws: LocalAws) -> Sender:
        known = self.asked.known or cases.open_known_answer(None)
        return serving.sender_of(aws, self._endpoints().companion(self.project, aws, known), self.project)

    def _of_the_family(self) -> list[Check]:
        """The checks that only the flagship's family has; for any other model they are skipped, and say why."""
        skipped = [] if any(each.record.kind == "known_answer" for each in self.seen.judged) else [_no_known_answer()]
        return [*skipped, self._parity()]

    def _parity(self) -> Check:
        with self.progress.stage("parity with torchvision") as stage:
            found = parity.quick(self.project, self.built)
            stage.ok, stage.skipped = found.judgement != "failed", found.judgement == "skipped"
            stage.result = f"skipped: {found.summary}" if stage.skipped else found.summary
            return found

    def _report(self) -> Report:
        seen = self.seen
        subject = Subject(
            self.local.run_id, self.options.arguments, self.project, self.built, self.choice, seen.applied
        )
        records = [each.record for each in seen.judged]
        return assemble(subject, seen.aws, seen.instances, records, self.progress.timings, seen.checks, seen.findings)


def _not_sent(planned: Planned) -> Judged:
    finding = Finding(check="outcome", severity="error", message="it was not answered: the run ended before")
    record = recording.not_run(planned.case, finding)
    return Judged(record.model_copy(update={"served_by": planned.served_by}))


def _no_known_answer() -> Check:
    return Check(name="known_answer", outcome="skipped", summary=family.WITHOUT)
