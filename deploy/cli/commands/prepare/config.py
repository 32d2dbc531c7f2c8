"""Commands that need no account: config, cost, keygen, policy."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from deploy import config
from deploy.cli import output, rendering
from deploy.cli.options import ConfigOption, EnvOption, OutputOption, ProfileOption, session
from deploy.cli.output import Format
from deploy.cli.target import TargetName
from deploy.config import origin
from deploy.config.toml_schema import toml_schema
from deploy.core import settings
from deploy.pricing.cost import Load, complete
from deploy.pricing.cost import cost as estimate
from deploy.pricing.prices import Price
from deploy.pricing.prices import price as tabled_price
from deploy.releases import keygen, keys
from deploy.resources.iam_policy import policy as derive

_CONFIG = Path(config.FILE_NAME)


def add_to(app: typer.Typer) -> None:
    commands: dict[str, Callable[..., None]] = {
        "config": _config, "cost": _cost, "keygen": _keygen, "policy": _policy
    }  # fmt: skip
    for name, command in commands.items():
        app.command(name)(command)


def _config(
    config_file: ConfigOption = _CONFIG,
    env: EnvOption = None,
    with_origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the file instead.")] = False,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Show every setting as it is in force."""
    if schema:
        typer.echo(json.dumps(toml_schema(), indent=2))
        return
    values = origin.values(config_file, env)
    document = {"schema": "rehearsal.config/1", "values": [asdict(each) for each in values]}
    settings_now = [f"{each.key} = {_toml(each.value)}" for each in values]
    width = max(len(each) for each in settings_now)
    lines = [
        f"{said:<{width}}  # {each.origin}" if with_origin else said
        for said, each in zip(settings_now, values, strict=True)
    ]
    output.result(output_format, document, "\n".join(lines))


def _toml(value: object) -> str:
    """As the file would spell it; TOML has no word for what is not set."""
    return "(not set)" if value is None else json.dumps(value, ensure_ascii=False)


def _cost(
    requests_per_hour: Annotated[
        float | None,
        typer.Option(
            "--requests-per-hour", "-r", help="Over the whole day; default: [cost] requests_per_hour.", metavar="N"
        ),
    ] = None,
    seconds_per_request: Annotated[
        float | None,
        typer.Option(
            "--seconds-per-request", "-s", help="On one instance; default: as `harness bench` measured.", metavar="S"
        ),
    ] = None,
    config_file: ConfigOption = _CONFIG,
    env: EnvOption = None,
    frames_per_request: Annotated[
        float | None,
        typer.Option(
            "--frames-per-request", "-f", help="Sampled frames; default: as `harness bench` measured.", metavar="N"
        ),
    ] = None,
    usd_per_hour: Annotated[
        float | None, typer.Option("--usd-per-hour", help="Of one instance.", metavar="USD")
    ] = None,
    price_list: Annotated[
        bool, typer.Option("--price-list", help="Ask AWS's Price List instead of the dated table.")
    ] = False,
    profile: ProfileOption = None,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Estimate what the endpoint costs: low, expected and high.

    With every assumption beside it.
    """
    work = session(config_file, env, TargetName.AWS, profile)
    if usd_per_hour is not None:
        price: Price | None = Price(usd_per_hour, "as given")
    else:
        endpoint = work.project.endpoint
        price = work.price if price_list else tabled_price(endpoint.region, endpoint.instance_type)
    given = Load(requests_per_hour, seconds_per_request, frames_per_request)
    found = estimate(work.project, price, complete(work.project, given, work.throughput))
    output.result(output_format, {"schema": "rehearsal.cost/1", **asdict(found)}, rendering.cost(found))


def _keygen(
    file: Annotated[
        Path,
        typer.Argument(help="Where the private key goes; the public one goes beside it, as FILE.pub.", metavar="FILE"),
    ],
    config_file: ConfigOption = _CONFIG,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Make a key that signs releases.

    Ed25519, encrypted when REHEARSAL_SIGNING_PASSPHRASE is set. Prints the lines for rehearsal.toml, with paths as they
    are understood there.
    """
    made = keygen.keygen(file, settings.read().signing_passphrase)
    document = {
        "schema": "rehearsal.key/1", "private": str(made.private), "public": str(made.public), "keyid": made.keyid,
        "encrypted": made.encrypted,
    }  # fmt: skip
    lock = "encrypted" if made.encrypted else "not encrypted, readable by you only"
    text = "\n".join(
        (
            f"key      {keys.shown(made.keyid)}, Ed25519",
            f"private  {made.private}: {lock}. Keep it out of git and out of the handler's folder",
            f"public   {made.public}: may be shown to everybody",
            "",
            f"# for {config_file}:",
            "[release]",
            f"signing_key = {_toml(keygen.as_written_in(config_file, made.private))}",
            f"public_keys = [{_toml(keygen.as_written_in(config_file, made.public))}]",
        )
    )
    output.result(output_format, document, text)


def _policy(
    account: Annotated[str, typer.Option("--account", "-a", help="The AWS account, 12 digits.", metavar="ID")],
    config_file: ConfigOption = _CONFIG,
    env: EnvOption = None,
    output_format: OutputOption = Format.JSON,
) -> None:
    """Print the least IAM policies for execution role and deployer.

    Trust and permissions of the execution role, permissions of the deployer.
    """
    found = derive(config.load(config_file, env), account)
    document = {"schema": "rehearsal.policies/1", **asdict(found)}
    text = "\n\n".join(f"{name}:\n{json.dumps(getattr(found, name), indent=2)}" for name in asdict(found))
    output.result(output_format, document, text)
