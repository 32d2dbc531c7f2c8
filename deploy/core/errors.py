"""Every error deploy raises on purpose, and the exit code each ends with.

    DeployError               1   something ran and failed
    ├── EndpointFailed        1   the endpoint did not become what was asked; carries AWS's FailureReason
    ├── ConfigurationError    2   usage, rehearsal.toml, or an artifact that cannot be bundled
    ├── GateRefused           1   the evidence does not allow this promotion
    ├── NotProven             1   a release is not what was recorded and signed, so it may not serve
    ├── LockLost              1   somebody else may deploy now; nothing more was touched, `resume` goes on
    ├── AwsRefused            4   AWS (or the local cloud) answered no; carries its error code
    └── TimedOut            124   a deadline passed; says what was waited for and for how long

A message says where, what, and the next step.
"""

from __future__ import annotations

from typing import ClassVar


class DeployError(Exception):
    exit_code: ClassVar[int] = 1


class EndpointFailed(DeployError):
    def __init__(self, message: str, *, failure_reason: str = "") -> None:
        super().__init__(message)
        self.failure_reason = failure_reason


class ConfigurationError(DeployError):
    exit_code = 2


class GateRefused(DeployError):
    pass


class NotProven(DeployError):
    pass


class LockLost(DeployError):
    """Whoever catches this must leave everything as it is: it may be another's work by now."""


class AwsRefused(DeployError):
    exit_code = 4

    def __init__(self, message: str, *, code: str = "", answer: str = "") -> None:
        super().__init__(message)
        self.code = code
        """AWS's error code, such as `ValidationException`; empty when AWS could not be reached at all."""
        self.answer = answer
        """AWS's own message, unchanged."""


class TimedOut(DeployError):
    exit_code = 124
