"""Print the least IAM policies for execution role and deployer.

They are the trust policy and permissions of the execution role, and the permissions of the deployer.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from deploy import config
from deploy.cli import output
from deploy.cli.options import Format, OutputOption, ProjectOptions
from deploy.resources.iam_policy import policy as derive


def policy(
    account: Annotated[str, typer.Option("--account", "-a", help="The AWS account, 12 digits.", metavar="ID")],
    project: ProjectOptions,
    output_format: OutputOption = Format.JSON,
) -> None:
    found = derive(config.load(project.config, project.env), account)
    document = {"schema": "rehearsal.policies/1", **asdict(found)}
    text = "\n\n".join(f"{name}:\n{json.dumps(getattr(found, name), indent=2)}" for name in asdict(found))
    output.result(output_format, document, text)
