"""The options that several commands take, written once for both command lines.

`choices` are the words that an option knows; `shared` are single options and the groups of them (dataclasses) that
`deploy.cli.program` turns into a command's options. May not: import anything heavy, since `--help` reads it.
"""

from deploy.cli.options.choices import Format, RuntimeName, TargetName
from deploy.cli.options.shared import (
    ConfigOption,
    EndpointOptions,
    EnvOption,
    GateOptions,
    JudgedEndpointOptions,
    OutputOption,
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
    "ProfileOption",
    "ProjectOptions",
    "RuntimeName",
    "TargetName",
    "TargetOptions",
    "TimeoutOption",
    "YesOption",
]
