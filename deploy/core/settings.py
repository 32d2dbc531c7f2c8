"""Reads the environment variables of deploy; no other module of the room reads the environment.

boto3 reads AWS's own variables (AWS_PROFILE, AWS_REGION, credentials), and only for real AWS.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_ENDPOINT_URL = "AWS_ENDPOINT_URL"
MACHINE_KEY = "REHEARSAL_MACHINE_KEY"
SIGNING_PASSPHRASE = "REHEARSAL_SIGNING_PASSPHRASE"  # noqa: S105  # the variable's name


@dataclass(frozen=True)
class Settings:
    cache_dir: Path
    """Where downloads are kept: $XDG_CACHE_HOME/rehearsal, else ~/.cache/rehearsal."""
    endpoint_urls: Mapping[str, str]
    """The AWS_ENDPOINT_URL* variables that are set; while one is set, AWS calls go to an emulator."""
    machine_key: Path
    """$REHEARSAL_MACHINE_KEY, else $XDG_CONFIG_HOME/rehearsal/machine-key.pem, else the same below ~/.config."""
    signing_passphrase: str | None = field(default=None, repr=False)
    """The passphrase of the private key in [release] signing_key, when that is encrypted."""


def read(environment: Mapping[str, str] | None = None) -> Settings:
    variables = os.environ if environment is None else environment
    cache_home = variables.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    config_home = variables.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    redirected = {name: value for name, value in variables.items() if name.startswith(_ENDPOINT_URL) and value}
    passphrase = variables.get(SIGNING_PASSPHRASE) or None
    machine_key = Path(variables.get(MACHINE_KEY) or f"{config_home}/rehearsal/machine-key.pem")
    return Settings(Path(cache_home) / "rehearsal", dict(sorted(redirected.items())), machine_key, passphrase)
