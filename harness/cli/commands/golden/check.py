"""Hold what the endpoint answers now against the goldens, and look at nothing else.

Runs the cases that have a golden through a real endpoint here. `harness validate` does this too, with everything else.

Exit codes: 0 as recorded, 1 it drifted or was not answered, 2 usage or a golden that is missing, 3 this machine cannot.
"""

from __future__ import annotations

import typer

from deploy.cli.options import Format, OutputOption, PackedProjectOptions
from harness.cli.options import GoldenCasesOption, LocalRunOptions, QuietOption, of_project
from harness.cli.output import golden, print_result
from harness.core.progress import stderr_progress
from harness.rehearsal.golden import check as checking
from harness.rehearsal.golden.asking import Options


def check(
    *,
    cases: GoldenCasesOption = None,
    project: PackedProjectOptions,
    local: LocalRunOptions,
    output_format: OutputOption = Format.TEXT,
    quiet: QuietOption = False,
) -> None:
    asked = Options(cases=tuple(cases or ()), **of_project(project, local))
    checked = checking.check(asked, stderr_progress(quiet=quiet))
    print_result(output_format, golden.of_checks(checked), golden.checks_in_words(checked))
    if not all(each.passed for each in checked):
        raise typer.Exit(1)
