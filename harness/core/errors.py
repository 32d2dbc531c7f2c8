"""Every error that the harness raises on purpose, with its exit code. The first three come from `deploy.core.errors`.

RehearsalError                1   something ran and failed
├── ConfigurationError        2   usage or configuration
├── TimedOut                124   a deadline passed; says what was waited for and for how long
└── HarnessError              1   the harness could not do what was asked
    ├── MachineCannot         3   this machine cannot: no Docker, no GPU, port taken
    │   └── ServiceDidNotStart    a local service (LocalStack, the emulator, a container) ended or never got healthy
    ├── ModelDataError        1   model.tar.gz cannot be fetched, or is not safe to unpack
    └── MalformedDocument     1   an answer or a truth does not satisfy its schema
"""

from __future__ import annotations

from deploy.core.errors import ConfigurationError, RehearsalError, TimedOut

__all__ = [
    "ConfigurationError",
    "HarnessError",
    "MachineCannot",
    "MalformedDocument",
    "ModelDataError",
    "RehearsalError",
    "ServiceDidNotStart",
    "TimedOut",
]


class HarnessError(RehearsalError):
    pass


class MachineCannot(HarnessError):
    exit_code = 3


class ServiceDidNotStart(MachineCannot):
    pass


class ModelDataError(HarnessError):
    pass


class MalformedDocument(HarnessError):
    pass
