"""Every error the harness raises on purpose, and the exit code each ends with.

    HarnessError                1   something ran and failed
    ├── ConfigurationError      2   usage or configuration
    ├── MachineCannot           3   this machine cannot: no Docker, no GPU, port taken
    │   └── ServiceDidNotStart      a local service (LocalStack, the emulator, a container) ended or never got healthy
    ├── ModelDataError          1   model.tar.gz cannot be had, or is not safe to unpack
    ├── MalformedDocument       1   an answer or a truth is not what its schema says
    └── TimedOut              124   a deadline passed; says what was waited for and for how long

A message says where, what, and the next step. Errors about a process carry its last log lines in `log_tail`.
"""

from __future__ import annotations

from typing import ClassVar


class HarnessError(Exception):
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, log_tail: str = "") -> None:
        super().__init__(message)
        self.log_tail = log_tail


class ConfigurationError(HarnessError):
    exit_code = 2


class MachineCannot(HarnessError):
    exit_code = 3


class ServiceDidNotStart(MachineCannot):
    pass


class ModelDataError(HarnessError):
    pass


class MalformedDocument(HarnessError):
    pass


class TimedOut(HarnessError):
    exit_code = 124
