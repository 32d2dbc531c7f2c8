"""The options that only the harness has, written once; those of both command lines are in `deploy.cli.options`."""

from harness.cli.options.shared import LocalRunOptions, QuietOption, StateOption

__all__ = ["LocalRunOptions", "QuietOption", "StateOption"]
