"""`harness down`: end the local environment; with `--all`, also every other process of ours and its leftovers."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.core.waiting import wait_until
from harness.core.errors import MachineCannot
from harness.docker.engine import Engine
from harness.local_environment import record
from harness.local_environment.record import LocalEnvironment
from harness.processes.leftovers import sweep_leftovers
from harness.serving.runtimes.docker_sweep import DockerSwept, sweep_docker

DOWN_SECONDS = 90.0


@dataclass(frozen=True)
class Ended:
    """What was ended or removed, a line each; `things` is empty when nothing ran."""

    things: tuple[str, ...]
    failed: tuple[str, ...] = ()
    """What could not be removed, each with the reason."""


def down(state_dir: Path, *, everything: bool = False, connect: Callable[[], Engine] = Engine.connect) -> Ended:
    """End the local environment of `state_dir`. Raises TimedOut when the keeper does not end."""
    found = record.find(state_dir)
    things = [] if found is None else [_end(found)]
    record.forget(state_dir)
    if not everything:
        return Ended(tuple(things))
    things += [swept.what for swept in sweep_leftovers(state_dir)]
    docker = _swept_docker(state_dir.absolute(), connect)
    return Ended((*things, *docker.removed), docker.failed)


def _end(found: LocalEnvironment) -> str:
    os.kill(found.pid, signal.SIGTERM)
    wait_until(
        lambda: None if found.is_alive() else True,
        what=f"process {found.pid}, which keeps the local AWS, to end",
        timeout_seconds=DOWN_SECONDS,
    )
    return f"the local AWS at {found.sagemaker_url}"


def _swept_docker(state_dir: Path, connect: Callable[[], Engine]) -> DockerSwept:
    try:
        with connect() as engine:
            return sweep_docker(engine, state_dir)
    except MachineCannot:
        return DockerSwept((), ())  # without an engine there are no containers
