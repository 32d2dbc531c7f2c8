"""`harness bench` without a command: the sweep."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from deploy import config
from deploy.cli.options import Format, OutputOption, ProjectOptions
from deploy.cli.program import INTERRUPTED
from harness.bench import sweep as sweeping
from harness.bench.measurement.stability import Rule
from harness.bench.results import writing
from harness.cli.commands.bench.options import AxisOptions, ChoiceOptions
from harness.cli.options import LocalRunOptions, QuietOption
from harness.cli.output import benchmark
from harness.core.progress import stderr_progress

# The last repeat and the teardown come after it, so that the run takes three minutes in all.
QUICK_SECONDS = 140.0
QUICK_RULE = Rule(tolerance=0.1, most=6, most_seconds=15.0)


def sweep(
    *,
    context: typer.Context,
    video: Annotated[
        Path | None,
        typer.Option("--video", "-v", help="The clip to measure on; default: the known answer's.", metavar="FILE"),
    ] = None,
    axes: AxisOptions,
    choice: ChoiceOptions,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer repeats, and an end within three minutes.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again what an earlier sweep measured.")] = False,
    project: ProjectOptions,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.", metavar="DIR")] = Path(
        "rehearsal-bench"
    ),
    local: LocalRunOptions,
    output_format: OutputOption = Format.TEXT,
    quiet: QuietOption = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    run = local.asked()
    asked = sweeping.Options(
        config_path=project.config,
        axes=axes.axes(),
        rule=QUICK_RULE if quick else Rule(),
        constraints=choice.constraints(),
        environment=project.env,
        video=video,
        rates=choice.rates(config.load(project.config, project.env).endpoint.region),
        **vars(run),
        fresh=fresh,
        most_seconds=QUICK_SECONDS if quick else None,
        arguments=tuple(sys.argv[1:]),
    )
    benched = sweeping.bench(asked, stderr_progress(quiet=quiet))
    written = writing.write_all(benched.bench, out)
    if output_format is Format.JSON:
        typer.echo(written.bench_json.read_text(encoding="utf-8"))
    else:
        typer.echo(benchmark.in_words(benched, written))
    if benched.was_interrupted:
        raise typer.Exit(INTERRUPTED)
    if benched.bench.recommendation.point is None:
        raise typer.Exit(1)
