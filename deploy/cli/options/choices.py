"""Defines the allowed words of options."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"


class TargetName(StrEnum):
    LOCAL = "local"
    AWS = "aws"


class RuntimeName(StrEnum):
    AUTO = "auto"
    PROCESS = "process"
    DOCKER = "docker"
