"""Docker Compose as this machine has it: `docker compose` (the plugin, version 2 or later), else `docker-compose`."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from harness.core.errors import MachineCannot
from harness.core.state import installer_environment

INSTALL_HINT = "install the package docker-compose-plugin, docker-compose-v2 or docker-compose"
_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Compose:
    command: tuple[str, ...]
    version: str

    def run(
        self, arguments: list[str], *, environment: Mapping[str, str], timeout_seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end; `environment` overrides what children inherit. A time-out is MachineCannot."""
        try:
            return subprocess.run(
                [*self.command, *arguments],
                env={**installer_environment(), **environment},
                capture_output=True,
                text=True,
                timeout=timeout_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            said = f"`{' '.join(self.command)}` did not end within {timeout_seconds:g} s"
            raise MachineCannot(f"{said}; is the engine or the disk overloaded?") from error


def find_compose() -> Compose | None:
    """The Compose that SageMaker local mode would find."""
    plugin = _version(("docker", "compose"))
    if plugin is not None and int(plugin.split(".")[0]) >= 2:
        return Compose(("docker", "compose"), plugin)
    standalone = _version(("docker-compose",))
    return None if standalone is None else Compose(("docker-compose",), standalone)


def require_compose() -> Compose:
    found = find_compose()
    if found is None:
        raise MachineCannot(f"Docker Compose is not installed; {INSTALL_HINT}")
    return found


def _version(command: tuple[str, ...]) -> str | None:
    try:
        done = subprocess.run(
            [*command, "version", "--short"],
            env=installer_environment(),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    matched = re.fullmatch(r"v?(\d+(?:\.\d+)+\S*)", done.stdout.strip())
    return matched.group(1) if done.returncode == 0 and matched else None
