"""A program of the user's, run with a local AWS in AWS's place.

Variables point AWS's clients at it; a hook in the program's own Python (`hook/sitecustomize.py`) does so where the
program names an address of AWS itself.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.core.errors import MachineCannot
from harness.local_environment import exports
from harness.local_environment.record import LocalEnvironment

_HOOK = Path(__file__).with_name("hook")
_LOOPBACK = "127.0.0.1,localhost"


def run(command: Sequence[str], running: LocalEnvironment, inherited: Mapping[str, str]) -> int:
    """The program's exit code, or 128 and the number of the signal that ended it. Raises MachineCannot.

    Ctrl-C reaches the program itself; any other end of ours is passed on to it.
    """
    try:
        program = subprocess.Popen(list(command), env=environment(running, inherited))
    except OSError as error:
        raise MachineCannot(f"{command[0]} cannot be run: {error.strerror}") from error
    try:
        code = program.wait()
    except KeyboardInterrupt:
        program.terminate()
        program.wait()
        raise
    return code if code >= 0 else 128 - code


def environment(running: LocalEnvironment, inherited: Mapping[str, str]) -> dict[str, str]:
    """The variables of the user's shell, but for those about AWS, which are the local AWS's."""
    kept = {name: value for name, value in inherited.items() if not name.startswith("AWS_")}
    direct = {name: _joined(",", inherited.get(name), _LOOPBACK) for name in ("NO_PROXY", "no_proxy")}
    python = {"PYTHONPATH": _joined(os.pathsep, str(_HOOK), inherited.get("PYTHONPATH"))}
    return {**kept, **exports.environment(running), **direct, **python}


def _joined(separator: str, *parts: str | None) -> str:
    return separator.join(part for part in parts if part)
