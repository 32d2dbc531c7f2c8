"""uv, the one tool that this project needs on a machine: where it is, and how a command of it is run.

Raises MachineCannot with the next step when uv is absent or fails.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from harness.core.errors import MachineCannot
from harness.core.state import installer_environment, uv_hint

TIMEOUT_SECONDS = 900.0


def find_uv() -> Path:
    """The uv that `uv run` names, else `uv` on PATH, else the one in the `uv` package."""
    for candidate in (uv_hint(), shutil.which("uv"), _packaged_uv()):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    raise MachineCannot(
        "uv is not on this machine: install it with `pip install uv`, or see https://docs.astral.sh/uv/"
    )


def _packaged_uv() -> str | None:
    if importlib.util.find_spec("uv") is None:
        return None
    module = importlib.import_module("uv")
    try:
        return str(module.find_uv_bin())
    except FileNotFoundError:
        return None


def run_uv(uv: Path, arguments: Sequence[str | Path], *, what: str) -> None:
    """Run one uv command to its end; `what` is the verb of the message when it fails, as in `install LocalStack`."""
    command = [str(part) for part in (uv, *arguments)]
    try:
        done = subprocess.run(
            command,
            env=installer_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise MachineCannot(f"could not {what}: uv did not end within {TIMEOUT_SECONDS:g} s") from error
    if done.returncode != 0:
        output = done.stdout.decode("utf-8", errors="replace").strip()
        raise MachineCannot(f"could not {what}: uv ended with exit code {done.returncode}", log_tail=output[-4000:])
