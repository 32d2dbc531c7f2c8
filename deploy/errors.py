"""Every error deploy raises on purpose, and the exit code each ends with.

    DeployError               1   something ran and failed
    ├── ConfigurationError    2   usage, rehearsal.toml, or an artifact that cannot be bundled
    ├── GateRefused           1   the evidence does not allow this promotion
    ├── AwsRefused            4   AWS (or the local cloud) answered no
    └── TimedOut            124   a deadline passed; says what was waited for and for how long

A message says where, what, and the next step.
"""

from __future__ import annotations

from typing import ClassVar


class DeployError(Exception):
    exit_code: ClassVar[int] = 1


class ConfigurationError(DeployError):
    exit_code = 2


class GateRefused(DeployError):
    pass


class AwsRefused(DeployError):
    exit_code = 4


class TimedOut(DeployError):
    exit_code = 124
