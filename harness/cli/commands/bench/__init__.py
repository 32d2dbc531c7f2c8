"""Sweep settings through the real stack, and recommend one."""

from deploy.cli.program import Section, group
from harness.cli.commands.bench.sweep import sweep

app = group("bench", __doc__, (Section("Commands", __name__, ("compare",)),), sweep, runs_alone=True)
