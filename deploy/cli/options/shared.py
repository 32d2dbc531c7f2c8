"""Options that several commands share, and how a command's work is framed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from deploy import config
from deploy.cli.output import Format
from deploy.cli.session import Session
from deploy.cli.shared_options import Command, shared_options
from deploy.cli.target import Options, TargetName
from deploy.core.errors import ConfigurationError

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
    str | None, typer.Option("--assume-role", help="A role to take on with the profile's credentials.", metavar="ARN")
]
BundleOption = Annotated[Path, typer.Option("--bundle", "-b", help="What `deploy bundle` made.", metavar="FILE")]
EvidenceOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--evidence",
        help="Evidence to judge, repeatable; default: what `harness validate` and `harness bench` wrote last.",
        metavar="FILE",
    ),
]
OverrideOption = Annotated[
    list[str] | None,
    typer.Option("--override", help="Let this gate pass although it is shut; repeatable.", metavar="GATE"),
]
BecauseOption = Annotated[
    str | None, typer.Option("--because", help="Why the override is right; kept in the record.", metavar="TEXT")
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", help="How long to wait; a cold start takes minutes.", metavar="SECONDS")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

DEFAULT_BUNDLE = Path(Options.bundle)


def session(
    config_file: Path,
    env: str | None,
    target: TargetName,
    profile: str | None = None,
    assume_role: str | None = None,
    *,
    bundle: Path = DEFAULT_BUNDLE,
    evidence: list[Path] | None = None,
    override: list[str] | None = None,
    because: str | None = None,
) -> Session:
    return Session(
        Options(
            config=str(config_file),
            env=env,
            target=target,
            profile=profile,
            assume_role=assume_role,
            bundle=str(bundle),
            evidence=tuple(str(path) for path in evidence or ()),
            override=tuple(override or ()),
            because=because,
        )
    )


def _endpoint(
    config_file: ConfigOption = Path(config.FILE_NAME),
    env: EnvOption = None,
    target: TargetOption = TargetName.AWS,
    profile: ProfileOption = None,
    assume_role: AssumeRoleOption = None,
    evidence: EvidenceOption = None,
) -> Session:
    """Of every command about an endpoint; evidence only of those that judge an answer."""
    return session(config_file, env, target, profile, assume_role, evidence=evidence)


def on_session(*, judging: bool = False) -> Callable[[Command], Command]:
    """The command's first argument, a Session, becomes the options it is made from."""
    return shared_options(_endpoint, without=() if judging else ("evidence",))


def require_yes(question: str, *, yes: bool, otherwise: str) -> None:
    """Asks on a terminal; where nobody can answer, only --yes is a yes. Raises ConfigurationError without one."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{otherwise}: nothing was changed. There is no terminal to ask on, so say --yes")
    if not typer.confirm(question, default=False, err=True):
        raise ConfigurationError(f"{otherwise}: nothing was changed")
