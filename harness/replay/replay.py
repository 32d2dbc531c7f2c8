"""The flow of `harness replay`: recorded bundle and settings -> local AWS -> the kept request -> comparison.

Owns the flow of one run and its files, `<kept folder>/runs/<run>/`: `answer.out` or `failure.out`, `container.log`,
`result.json` (schema `rehearsal.replayed/1`). It needs nothing but the folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from deploy.apply import apply
from deploy.apply.apply import Applied
from deploy.apply.ledger import Ledger
from deploy.async_client import Completed, Failed
from deploy.aws import Clients, Target
from deploy.bundle import ENTRY_POINT
from deploy.core.files import replacing, write_text
from deploy.failed_requests import kept
from deploy.failed_requests.kept import BUNDLE, FAILURE, RUNS, Kept
from harness.core.progress import Progress
from harness.local_environment.local_aws import LocalAws
from harness.local_environment.local_run import LocalRun, RunOptions
from harness.observations import circumstances
from harness.observations.instances import ServedBy, instances_of
from harness.replay import asking, comparing, endpoint
from harness.replay.comparing import Replayed
from harness.replay.endpoint import Archive
from harness.serving.instances.model_watch import ModelWatch
from harness.serving.runtimes.choose import Choice, choose
from harness.serving.stacks import default_stack

# It is added to the request's own time-out, for the start of the model and the delivery of the result.
_DELIVERY_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Options(RunOptions):
    """The options of `harness replay`."""

    folder: Path
    handler: Path | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    """They replace settings of the recorded environment."""
    timeout_seconds: float | None = None
    """By default the request's own time-out and the start of the model."""


def replay(options: Options, progress: Progress) -> Replayed:
    """Run the kept request, and compare its outcome with the recorded one.

    Raises ConfigurationError for a folder without a kept request, MachineCannot when nothing can be run here,
    HarnessError when the model cannot be loaded, TimedOut when no answer comes.
    """
    request = kept.read(options.folder)
    run = _Run(options, request, LocalRun.started(options, request.served.region, progress), progress)
    with ExitStack() as stack:
        return run.replay(stack)


@dataclass(frozen=True)
class _Run:
    options: Options
    kept: Kept
    local: LocalRun
    progress: Progress

    @property
    def result_dir(self) -> Path:
        return self.options.folder / RUNS / self.local.run_id

    def replay(self, stack: ExitStack) -> Replayed:
        """Do the whole run; `stack` ends what was started."""
        archive = self._archive()
        choice = _choice(self.options, self.kept)
        self.result_dir.mkdir(parents=True)
        aws = self.local.start(stack, choice)
        applied = self._deploy(aws, archive)
        logs_dir = aws.logs_dir / applied.endpoint_name
        try:
            answer = self._ask(aws, applied, logs_dir)
        finally:
            log = asking.container_log(logs_dir)
            write_text(self.result_dir / "container.log", log)
        served = instances_of(aws.sagemaker_url, applied.endpoint_name)
        status = asking.status_of(logs_dir, answer.submitted.inference_id)
        return self._written(answer, status, log, archive, choice, served)

    def _archive(self) -> Archive:
        recorded = endpoint.recorded_archive(self.options.folder / BUNDLE, self.kept.served)
        if self.options.handler is None:
            return recorded
        program = self._environment().get("SAGEMAKER_PROGRAM", ENTRY_POINT)
        return endpoint.with_handler(recorded, self.options.handler, self.local.folder / BUNDLE, program)

    def _environment(self) -> Mapping[str, str]:
        """The recorded settings, and over them those that were given here."""
        return {**self.kept.served.environment, **self.options.settings}

    def _deploy(self, aws: LocalAws, archive: Archive) -> Applied:
        with self.progress.stage(f"deploy release {self.kept.served.release} here") as stage:
            wanted = endpoint.desired(self.kept, archive, self._environment(), aws.cloud.account_id)
            stage.result = f"bundle {archive.sha256[:12]}"
            return apply.apply(wanted, self._clients(aws), ledger=Ledger(self.local.folder / "replay.ledger.jsonl"))

    def _ask(self, aws: LocalAws, applied: Applied, logs_dir: Path) -> Completed | Failed:
        request = self.kept.request
        with self.progress.stage(f"send {request.file}, {request.size_bytes} bytes") as stage:
            answer = asking.ask(
                self._clients(aws),
                applied,
                request,
                self.options.folder / request.file,
                timeout_seconds=self.options.timeout_seconds or self._patience_seconds(),
                watch=ModelWatch(logs_dir, default_stack().log).check,
            )
            stage.ok = isinstance(answer, Completed)
            stage.result = "answered" if stage.ok else "failed"
            return answer

    def _patience_seconds(self) -> float:
        request, served = self.kept.request, self.kept.served
        return request.invocation_timeout_seconds + served.startup_timeout_seconds + _DELIVERY_SECONDS

    def _clients(self, aws: LocalAws) -> Clients:
        region = self.kept.served.region
        return Clients(Target.local(region, cloud_url=aws.cloud.url, sagemaker_url=aws.sagemaker_url))

    def _written(
        self,
        answer: Completed | Failed,
        status: int | None,
        log: str,
        archive: Archive,
        choice: Choice,
        served: tuple[ServedBy, ...],
    ) -> Replayed:
        body = self.result_dir / ("failure.out" if isinstance(answer, Failed) else "answer.out")
        with replacing(body) as file:
            file.write(answer.body)
        recorded = None if self.kept.recorded is None else comparing.recorded_side(self.kept.recorded, FAILURE)
        here = comparing.here_side(answer, status, str(body.relative_to(self.options.folder)))
        replayed = Replayed(
            tool_version=circumstances.tool_version(),
            folder=str(self.options.folder),
            run=str(self.result_dir),
            verdict=comparing.compare(recorded, here),
            input_url=self.kept.request.url,
            release=self.kept.served.release,
            bundle_sha256=archive.sha256,
            recorded=recorded,
            here=here,
            runtime=choice.kind,
            image=next((each.image_digest for each in served), None),
            differences=tuple(self._differences(archive, choice)),
            log_excerpt=asking.excerpt(log),
        )
        write_text(self.result_dir / "result.json", replayed.model_dump_json(indent=2, by_alias=True) + "\n")
        return replayed

    def _differences(self, archive: Archive, choice: Choice) -> Iterator[str]:
        served = self.kept.served
        if archive.note:
            yield archive.note
        yield from endpoint.changed_settings(served, self.options.settings)
        if choice.kind == "process":
            yield f"the serving stack without its container; there it was {served.image}"
        elif choice.image != served.image:
            yield f"the image is {choice.image}; there it was {served.image}"
        machine = circumstances.this_machine()
        yield f"the machine is {machine.cpu_model}, {machine.gpu or 'no GPU'}; there it was {served.instance_type}"
        yield from self.kept.caveats


def _choice(options: Options, request: Kept) -> Choice:
    """The recorded image where Docker has it, else the choice of a rehearsal."""
    region = request.served.region
    if options.image is None and options.runtime != "process":
        found = choose("auto", request.served.image, region=region)
        if found.kind == "docker":
            return found
    return choose(options.runtime, options.image, region=region)
