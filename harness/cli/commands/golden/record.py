"""Write what the endpoint answers now as the golden of a case.

Runs the case through a real endpoint here, twice. Only an answer that is otherwise as expected, and the same both
times, is recorded. A golden that differs is told, and overwritten only with --update.

Exit codes: 0 recorded or unchanged, 1 it differs or may not be recorded, 2 usage, 3 this machine cannot.
"""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli.options import Format, OutputOption, PackedProjectOptions
from harness.cli.options import GoldenCasesOption, LocalRunOptions, QuietOption, of_project
from harness.cli.output import golden, print_result
from harness.core.progress import stderr_progress
from harness.rehearsal.golden import record as recording
from harness.rehearsal.golden.asking import Options


def record(
    *,
    cases: GoldenCasesOption = None,
    update: Annotated[bool, typer.Option("--update", help="Overwrite a golden that differs or is damaged.")] = False,
    project: PackedProjectOptions,
    local: LocalRunOptions,
    output_format: OutputOption = Format.TEXT,
    quiet: QuietOption = False,
) -> None:
    asked = Options(cases=tuple(cases or ()), **of_project(project, local))
    recorded = recording.record(asked, stderr_progress(quiet=quiet), update=update)
    print_result(output_format, golden.of_recordings(recorded), golden.recordings_in_words(recorded, project.config))
    if not all(each.is_well for each in recorded):
        raise typer.Exit(1)
