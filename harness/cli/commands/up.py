"""The commands of a local AWS that stands: `harness up`, `down`, `status`, `logs`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from harness.cli import options
from harness.cli.options import Format
from harness.core.progress import stderr_progress
from harness.core.state import STATE_DIR
from harness.local_cloud.clients import DEFAULT_REGION
from harness.local_environment import exports, record
from harness.local_environment import logs as logging
from harness.local_environment.down import down as take_down
from harness.local_environment.local_aws import EmulatorOptions, logs_dir
from harness.local_environment.local_run import RunOptions
from harness.local_environment.record import LocalEnvironment
from harness.local_environment.up import UpOptions, detach, keep
from harness.observations.instances import all_instances
from harness.serving.runtimes.choose import choose


@options.on_local_run
def up(
    run: RunOptions,
    detached: Annotated[
        bool, typer.Option("--detach", "-d", help="Return when it stands; `harness down` ends it.")
    ] = False,
    export: Annotated[
        bool,
        typer.Option(
            "--export",
            help='Print the variables that point AWS clients at it, for eval "$(harness up --export)"; '
            "implies --detach, and takes the one that stands already if there is one.",
        ),
    ] = False,
    region: Annotated[str, typer.Option("--region", help="The region it plays.", metavar="REGION")] = DEFAULT_REGION,
    port: Annotated[
        int, typer.Option("--port", help="Where the emulator listens; 0 takes a free port.", metavar="PORT")
    ] = 0,
    time_scale: Annotated[
        float,
        typer.Option(
            "--time-scale", help="Seconds of scaling and deployment waits that pass in one.", metavar="SECONDS"
        ),
    ] = 1.0,
    output_format: options.OutputOption = Format.TEXT,
) -> None:
    """Keep a local AWS standing, for any AWS client.

    S3, SNS, SQS, CloudWatch and SageMaker with asynchronous endpoints.
    """
    found = record.find(run.state_dir) if export else None
    if found is None:
        emulator = EmulatorOptions(choose(run.runtime, run.image, region=region), run.limits, port, time_scale)
        asked = UpOptions(run.state_dir, emulator, region, run.cloud)
        if not (detached or export):
            keep(asked, lambda stands: _tell(stands, run.state_dir, output_format), stderr_progress().say)
            return
        found = detach(asked, [word for word in sys.argv[2:] if word not in ("--detach", "-d", "--export")])
    if export:
        typer.echo(exports.shell_lines(found))
    else:
        _tell(found, run.state_dir, output_format)


def down(
    everything: Annotated[
        bool, typer.Option("--all", help="Also whatever earlier runs left: processes, containers, networks, folders.")
    ] = False,
    state_dir: options.StateOption = STATE_DIR,
    output_format: options.OutputOption = Format.TEXT,
) -> None:
    """End the local AWS that stands.

    What its endpoints and buckets held is gone.
    """
    ended = take_down(state_dir, everything=everything)
    lines = [*(f"ended {thing}" for thing in ended.things), *(f"could not remove {thing}" for thing in ended.failed)]
    document = {"schema": "rehearsal.down/1", "ended": list(ended.things), "failed": list(ended.failed)}
    options.print_result(output_format, document, "\n".join(lines) or "nothing stood")
    if ended.failed:
        raise typer.Exit(1)


def status(state_dir: options.StateOption = STATE_DIR, output_format: options.OutputOption = Format.TEXT) -> None:
    """Say what stands: addresses, endpoints, instances.

    Exit code 3 when nothing does.
    """
    found = record.require(state_dir)
    instances = all_instances(found.sagemaker_url)
    lines = [_address_lines(found, state_dir)]
    lines += [f"instance  {each.endpoint_name}  {each.instance_id}  {each.runtime}" for each in instances]
    document = {
        "schema": "rehearsal.status/1",
        **asdict(found),
        "instances": [asdict(each) | {"facts": dict(each.facts)} for each in instances],
    }
    options.print_result(output_format, document, "\n".join(lines))


def logs(
    endpoint: Annotated[str | None, typer.Argument(help="Of this endpoint only.", metavar="ENDPOINT")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come; Ctrl-C ends it.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", help="How many of the last lines of each stream.", metavar="N", min=0)
    ] = 50,
    run: Annotated[
        Path | None,
        typer.Option(
            "--run", help="Of a past run (a folder below .rehearsal/runs) instead of what stands.", metavar="DIR"
        ),
    ] = None,
    state_dir: options.StateOption = STATE_DIR,
) -> None:
    """Print what containers and platform wrote.

    In the form of AWS's log streams.
    """
    folder = logs_dir(run.absolute() if run else record.up_dir(state_dir))
    reader, last = logging.last_lines(folder, endpoint, lines)
    console = Console(soft_wrap=True, highlight=False)
    for line in last:
        console.print(_log_text(line), markup=False)
    if follow:
        for line in logging.follow(reader):
            console.print(_log_text(line), markup=False)


def _log_text(line: logging.LogLine) -> str:
    return f"{line.group} {line.stream} {line.text}"


def _tell(found: LocalEnvironment, state_dir: Path, output: Format) -> None:
    next_step = 'Next: eval "$(harness up --export)"   # then use boto3 or the AWS CLI as ever'
    text = f"{_address_lines(found, state_dir)}\n{next_step}"
    options.print_result(output, {"schema": record.SCHEMA, **asdict(found)}, text)


def _address_lines(found: LocalEnvironment, state_dir: Path) -> str:
    return "\n".join(
        (
            f"cloud      {found.cloud_url}   (S3, SNS, SQS, STS, IAM, CloudWatch)",
            f"sagemaker  {found.sagemaker_url}   (SageMaker, its runtime, Application Auto Scaling, CloudWatch Logs)",
            f"account    {found.account_id} in {found.region}, {found.runtime} runtime",
            f"profile    AWS_CONFIG_FILE={record.up_dir(state_dir) / 'aws-config'} AWS_PROFILE={exports.PROFILE}",
        )
    )
