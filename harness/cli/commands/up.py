"""Run a local AWS, for any AWS client, until it is told to end.

S3, SNS, SQS, CloudWatch and SageMaker with asynchronous endpoints. With --runtime http://HOST:PORT the instances of
every endpoint are the one container there, which you run yourself, such as in a debugger.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.options import Format, OutputOption
from harness.cli.options import LocalRunOptions
from harness.cli.output import print_result
from harness.cli.output.addresses import addresses
from harness.core.progress import stderr_progress
from harness.local_cloud.clients import DEFAULT_REGION
from harness.local_environment import exports, record
from harness.local_environment.keeper import UpOptions, keep
from harness.local_environment.local_aws import EmulatorOptions
from harness.local_environment.record import LocalEnvironment
from harness.local_environment.up import detach
from harness.serving.runtimes.choose import choose


@dataclass(frozen=True, kw_only=True)
class EmulatorArguments:
    """The options of the emulator itself."""

    region: Annotated[str, typer.Option("--region", help="The region of the local AWS.", metavar="REGION")] = (
        DEFAULT_REGION
    )
    port: Annotated[
        int,
        typer.Option(
            "--port", help="Where the emulator listens; 0 takes a free port.", metavar="PORT", min=0, max=65535
        ),
    ] = 0
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            help="Another name by which programs call it, such as a container's for its host; .NAME takes all names "
            "below. May be given again.",
            metavar="NAME",
        ),
    ] = None
    time_scale: Annotated[
        float,
        typer.Option(
            "--time-scale", help="Seconds of scaling and deployment waits that pass in one.", metavar="SECONDS"
        ),
    ] = 1.0


def up(
    *,
    detached: Annotated[
        bool, typer.Option("--detach", "-d", help="Return when it answers; `harness down` ends it.")
    ] = False,
    export: Annotated[
        bool,
        typer.Option(
            "--export",
            help='Print the variables that point AWS clients at it, for eval "$(harness up --export)"; '
            "implies --detach, and takes the one that runs already if there is one.",
        ),
    ] = False,
    emulator: EmulatorArguments,
    local: LocalRunOptions,
    output_format: OutputOption = Format.TEXT,
) -> None:
    run = local.asked()
    found = record.find(run.state_dir) if export else None
    if found is None:
        choice = choose(run.runtime, run.image, region=emulator.region, takes_address=True)
        hosts = tuple(emulator.allow_host or ())
        wanted = EmulatorOptions(choice, run.limits, emulator.port, hosts, emulator.time_scale)
        asked = UpOptions(run.state_dir, wanted, emulator.region, replace(run.cloud, allowed_hosts=hosts))
        if not (detached or export):
            keep(asked, lambda running: _tell(running, run.state_dir, output_format), stderr_progress().say)
            return
        found = detach(run.state_dir, [word for word in sys.argv[2:] if word not in ("--detach", "-d", "--export")])
    record.require_whole(found)
    if export:
        typer.echo(exports.shell_lines(found))
    else:
        _tell(found, run.state_dir, output_format)


def _tell(found: LocalEnvironment, state_dir: Path, output_format: Format) -> None:
    next_step = 'Next: eval "$(harness up --export)"   # then use boto3 or the AWS CLI as ever'
    text = f"{addresses(found, state_dir)}\n{next_step}"
    print_result(output_format, {"schema": record.SCHEMA, **asdict(found)}, text)
