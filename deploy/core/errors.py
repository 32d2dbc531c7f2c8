"""Defines every error that is raised on purpose, with its exit code. The harness adds its own (`HarnessError`).

    RehearsalError                1   something ran and failed
    ├── ConfigurationError        2   usage, rehearsal.toml, or an artifact that cannot be bundled
    ├── TimedOut                124   a deadline passed; the message names what was waited for and for how long
    └── DeployError               1   the deployer could not do what was asked
        ├── EndpointFailed        1   the endpoint did not reach the desired state; carries AWS's FailureReason
        ├── GateRefused           1   the evidence does not allow this promotion
        ├── NotProven             1   a release is not what was recorded and signed, so it may not serve
        ├── NotAvailable          3   this machine cannot get what a bundle needs, and has not got it already
        ├── LockLost              1   somebody else may deploy now; nothing more was changed, `resume` continues
        └── AwsRefused            4   AWS (or the local cloud) refused a call; carries its error code

A message says where, what, and the next step. Errors about a process carry its last log lines in `log_tail`.
"""

from __future__ import annotations

from typing import ClassVar


class RehearsalError(Exception):
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, log_tail: str = "") -> None:
        super().__init__(message)
        self.log_tail = log_tail


class ConfigurationError(RehearsalError):
    exit_code = 2


class TimedOut(RehearsalError):
    exit_code = 124


class DeployError(RehearsalError):
    pass


class EndpointFailed(DeployError):
    def __init__(self, message: str, *, failure_reason: str = "") -> None:
        super().__init__(message)
        self.failure_reason = failure_reason


class GateRefused(DeployError):
    pass


class NotProven(DeployError):
    pass


class NotAvailable(DeployError):
    exit_code = 3


class LockLost(DeployError):
    """A caller that catches this must leave everything as it is: another deployment may own it by now."""


class AwsRefused(DeployError):
    exit_code = 4

    def __init__(self, message: str, *, code: str = "", answer: str = "") -> None:
        super().__init__(message)
        # AWS's error code, such as `ValidationException`; empty when AWS could not be reached at all.
        self.code = code
        # AWS's own message, unchanged.
        self.answer = answer
