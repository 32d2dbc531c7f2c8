"""Make a key that signs releases.

The key is Ed25519, encrypted when REHEARSAL_SIGNING_PASSPHRASE is set. The output is the lines for rehearsal.toml, with
paths relative to it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli import output
from deploy.cli.options import ConfigOption, Format, OutputOption
from deploy.core import settings
from deploy.core.project_file import FILE_NAME
from deploy.signatures import keygen as making
from deploy.signatures import keys


def keygen(
    file: Annotated[
        Path,
        typer.Argument(help="Where the private key goes; the public one goes beside it, as FILE.pub.", metavar="FILE"),
    ],
    config_file: ConfigOption = Path(FILE_NAME),
    output_format: OutputOption = Format.TEXT,
) -> None:
    made = making.keygen(file, settings.read().signing_passphrase)
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
            f"signing_key = {_quoted(making.as_written_in(config_file, made.private))}",
            f"public_keys = [{_quoted(making.as_written_in(config_file, made.public))}]",
        )
    )
    output.result(output_format, document, text)


def _quoted(text: str) -> str:
    """Quote a string as TOML does."""
    return json.dumps(text, ensure_ascii=False)
