"""Defines single options, and groups of options as dataclasses: what a command is about, and what judges it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.options.choices import Format, TargetName
from deploy.core.project_file import FILE_NAME

DEFAULT_BUNDLE = Path("dist/model.tar.gz")

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The project file.", metavar="FILE")]
EnvOption = Annotated[
    str | None, typer.Option("--env", "-e", help="Lay [env.NAME] of the project file over it.", metavar="NAME")
]
OutputOption = Annotated[Format, typer.Option("--output", "-o", help="How the result is printed on stdout.")]
TargetOption = Annotated[
    TargetName,
    typer.Option("--target", "-t", help="aws, or the local cloud that the AWS_ENDPOINT_URL* variables name."),
]
ProfileOption = Annotated[str | None, typer.Option("--profile", "-p", help="The AWS profile to use.", metavar="NAME")]
AssumeRoleOption = Annotated[
    str | None, typer.Option("--assume-role", help="A role to assume with the profile's credentials.", metavar="ARN")
]
EvidenceOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--evidence",
        help="Evidence to judge, repeatable; default: what `harness validate` and `harness bench` wrote last.",
        metavar="FILE",
    ),
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", help="How long to wait; a cold start takes minutes.", metavar="SECONDS")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@dataclass(frozen=True, kw_only=True)
class ProjectOptions:
    config: ConfigOption = Path(FILE_NAME)
    env: EnvOption = None


@dataclass(frozen=True, kw_only=True)
class PackedProjectOptions(ProjectOptions):
    """The options of every command that packs the project's bundle."""

    without_packages: Annotated[
        bool,
        typer.Option(
            "--without-packages", help="Leave out what [handler] packages names; without PyAV, OpenCV reads video."
        ),
    ] = False


@dataclass(frozen=True, kw_only=True)
class TargetOptions(ProjectOptions):
    target: TargetOption = TargetName.AWS


@dataclass(frozen=True, kw_only=True)
class EndpointOptions(TargetOptions):
    """The options of every command about an endpoint."""

    profile: ProfileOption = None
    assume_role: AssumeRoleOption = None


@dataclass(frozen=True, kw_only=True)
class JudgedEndpointOptions(EndpointOptions):
    """The options of commands that judge an answer of the endpoint."""

    evidence: EvidenceOption = None


@dataclass(frozen=True, kw_only=True)
class GateOptions:
    """The bundle to promote, and the evidence and overrides for the gates."""

    bundle: Annotated[Path, typer.Option("--bundle", "-b", help="What `deploy bundle` made.", metavar="FILE")] = (
        DEFAULT_BUNDLE
    )
    evidence: EvidenceOption = None
    override: Annotated[
        list[str] | None,
        typer.Option("--override", help="Let this gate pass although it is shut; repeatable.", metavar="GATE"),
    ] = None
    because: Annotated[
        str | None, typer.Option("--because", help="Why the override is right; kept in the record.", metavar="TEXT")
    ] = None
