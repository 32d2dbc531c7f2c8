"""Defines the options that several commands take, once for both command lines.

`choices` are the allowed words of an option; `shared` has single options and groups of them (dataclasses), which
`deploy.cli.program` turns into a command's options; `promotion` has those of `deploy` itself. May not: import anything
heavy, since `--help` imports it.
"""

from deploy.cli.options.choices import Format, RuntimeName, TargetName
from deploy.cli.options.shared import (
    ConfigOption,
    EndpointOptions,
    EnvOption,
    GateOptions,
    JudgedEndpointOptions,
    OutputOption,
    PackedProjectOptions,
    ProfileOption,
    ProjectOptions,
    TargetOptions,
    TimeoutOption,
    YesOption,
)

__all__ = [
    "ConfigOption",
    "EndpointOptions",
    "EnvOption",
    "Format",
    "GateOptions",
    "JudgedEndpointOptions",
    "OutputOption",
    "PackedProjectOptions",
    "ProfileOption",
    "ProjectOptions",
    "RuntimeName",
    "TargetName",
    "TargetOptions",
    "TimeoutOption",
    "YesOption",
]
