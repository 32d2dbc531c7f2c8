"""`harness bench` without a command: the sweep."""

from __future__ import annotations

import typer

from deploy import config
from deploy.cli.options import Format, PackedProjectOptions
from deploy.cli.program.documents import print_document
from deploy.cli.program.stopping import INTERRUPTED
from deploy.core.errors import ConfigurationError
from deploy.evidence import passed
from harness.bench import sweep as sweeping
from harness.bench.load.shapes import CLOSED
from harness.bench.results import writing
from harness.cli.commands.bench.options import (
    AxisOptions,
    ChoiceOptions,
    MeasureOptions,
    ResultOptions,
    flagships_batches,
)
from harness.cli.options import LocalRunOptions, of_project
from harness.cli.output import benchmark
from harness.cli.output.summary import show_in_ci
from harness.core.progress import stderr_progress
from harness.report import signing


def sweep(
    *,
    context: typer.Context,
    measuring: MeasureOptions,
    axes: AxisOptions,
    choice: ChoiceOptions,
    project: PackedProjectOptions,
    local: LocalRunOptions,
    result: ResultOptions,
) -> None:
    if context.invoked_subcommand is not None:
        return
    if project.env is not None and "=" in project.env:
        raise ConfigurationError(f"--env names an overlay of the project file; to try values: --sweep {project.env}")
    shape = measuring.shape
    asked = sweeping.Options(
        axes=axes.axes(is_open=shape != CLOSED),
        flagships_batches=flagships_batches(),
        rule=measuring.rule,
        shape=shape,
        constraints=choice.constraints(),
        video=measuring.video,
        cases=tuple(measuring.cases or ()),
        rates=choice.rates(config.load(project.config, project.env).endpoint.region),
        **of_project(project, local),
        fresh=measuring.fresh,
        most_seconds=measuring.most_seconds,
    )
    progress = stderr_progress(quiet=result.quiet)
    benched = sweeping.bench(asked, progress)
    written = writing.write_all(benched.bench, result.out)
    signing.sign(written.evidence, config.load(project.config, project.env), progress.say)
    show_in_ci(written.summary_md)
    if result.output_format is Format.JSON:
        print_document(written.bench_json.read_text(encoding="utf-8").rstrip())
    else:
        typer.echo(benchmark.in_words(benched, written))
    if benched.was_interrupted:
        raise typer.Exit(INTERRUPTED)
    if benched.bench.recommendation.point is None or not passed(benched.bench.findings):
        raise typer.Exit(1)
