"""The options that only the harness has; those that both command lines share are in `deploy.cli.options`."""

from harness.cli.options.shared import GoldenCasesOption, LocalRunOptions, QuietOption, StateOption, of_project

__all__ = ["GoldenCasesOption", "LocalRunOptions", "QuietOption", "StateOption", "of_project"]
