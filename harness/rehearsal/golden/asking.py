"""Asks the project's endpoint: bundle, local AWS, deploy, and some cases, each once or several times."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from deploy.bundle import Bundle
from deploy.config import Project
from harness.core.errors import RehearsalError
from harness.core.progress import Progress
from harness.local_environment.local_aws import LocalAws
from harness.local_environment.local_run import LocalRun, ProjectOptions
from harness.rehearsal import planning, serving
from harness.rehearsal.answered import Source
from harness.rehearsal.judging import Judged
from harness.rehearsal.planning import Planned
from harness.rehearsal.sending import Sending
from harness.rehearsal.serving import Endpoints
from harness.serving.runtimes.choose import Choice, choose


@dataclass(frozen=True, kw_only=True)
class Options(ProjectOptions):
    cases: tuple[str, ...] = ()
    """Names of [[case]]s; none: those with expect.golden."""


def ask(
    options: Options, project: Project, planned: Sequence[Planned], progress: Progress, *, times: int = 1
) -> list[tuple[Judged, ...]]:
    """The answers to each case. Raises RehearsalError where the endpoint cannot serve; whose model it is is said."""
    local = LocalRun.started(options, project.endpoint.region, progress)
    choice = choose(options.runtime, options.image, region=project.endpoint.region)
    built = Endpoints(local.folder, progress).bundle(project)
    with ExitStack() as stack:
        aws = local.start(stack, choice)
        try:
            return _asked(local, aws, project, built, choice, planned, times)
        except RehearsalError as error:
            progress.say(serving.cannot_serve("own", error, aws, project.endpoint_name).message)
            raise


def _asked(
    local: LocalRun,
    aws: LocalAws,
    project: Project,
    built: Bundle,
    choice: Choice,
    planned: Sequence[Planned],
    times: int,
) -> list[tuple[Judged, ...]]:
    applied = Endpoints(local.folder, local.progress).deploy(aws, project, built)
    demands, source = planning.demands_of(project, built), Source.of(built, choice)
    sending = Sending(aws.sagemaker_url, demands, source, local.progress)
    sender = serving.sender_of(aws, applied, project)
    return [tuple(sending.send(each, sender, keeps_answer=True) for _ in range(times)) for each in planned]
