"""The whole local AWS: the local cloud (S3, SNS and other services) and the SageMaker emulator, which uses it.

Owns the order of starting and stopping, and the folders of both. May not create anything in them.
The emulator is a process of its own, so that a run uses the same emulator that users get from `harness up`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.core.waiting import wait_until
from harness.core.errors import ServiceDidNotStart, TimedOut
from harness.core.state import inherited_environment, installer_environment
from harness.docker.engine import engine_host
from harness.local_cloud.local_cloud import CloudAsked, LocalCloud, open_cloud
from harness.processes import ChildProcess, start_process
from harness.serving.runtimes.choose import Choice
from harness.serving.runtimes.docker_limits import UNLIMITED, MachineLimits

EMULATOR_STARTUP_SECONDS = 30.0
# The emulator drains its requests, and then ends its containers, to which SageMaker gives 30 seconds.
EMULATOR_GRACE_SECONDS = 45.0
LOG_LINES = 50


@dataclass(frozen=True)
class EmulatorOptions:
    """The settings of the emulator, besides the address of the cloud."""

    choice: Choice
    limits: MachineLimits = UNLIMITED
    port: int = 0
    allowed_hosts: tuple[str, ...] = ()
    time_scale: float = 1.0


@dataclass(frozen=True)
class LocalAws:
    cloud: LocalCloud
    sagemaker_url: str
    run_dir: Path
    emulator: ChildProcess

    @property
    def logs_dir(self) -> Path:
        """Container logs in the layout of AWS's log streams: `<endpoint>/<variant>/<instance>.log`."""
        return logs_dir(self.run_dir)


def logs_dir(run_dir: Path) -> Path:
    return run_dir / "sagemaker" / "logs"


@contextmanager
def open_local_aws(
    run_dir: Path,
    *,
    state_dir: Path,
    region: str,
    cloud: CloudAsked,
    options: EmulatorOptions,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[LocalAws]:
    """Start both services, wait until they are healthy, and stop them at the end.

    Raises MachineCannot or ServiceDidNotStart.
    """
    with (
        open_cloud(cloud, state_dir=state_dir, region=region, session_id=run_dir.name, progress=say) as opened,
        open_emulator(run_dir, state_dir, opened, options) as aws,
    ):
        yield aws


@contextmanager
def open_emulator(run_dir: Path, state_dir: Path, cloud: LocalCloud, options: EmulatorOptions) -> Iterator[LocalAws]:
    """Start the emulator for a running cloud; it resumes the jobs that an earlier emulator left in `run_dir`."""
    ready_file = run_dir / "sagemaker-ready.json"
    ready_file.unlink(missing_ok=True)
    child = start_process(
        _command(run_dir, ready_file, cloud, options),
        what="the SageMaker emulator",
        state_dir=state_dir,
        log_path=run_dir / "sagemaker.log",
        environment=_environment(options.choice),
        cwd=Path.cwd(),
    )
    try:
        yield LocalAws(cloud, _wait_ready(child, ready_file), run_dir, child)
    finally:
        child.stop(EMULATOR_GRACE_SECONDS)


def _command(run_dir: Path, ready_file: Path, cloud: LocalCloud, options: EmulatorOptions) -> list[str]:
    limits, choice = options.limits, options.choice
    words: dict[str, Any] = {
        "--port": options.port,
        "--state-dir": run_dir / "sagemaker",
        "--cloud-url": cloud.url,
        "--region": cloud.region,
        "--account-id": cloud.account_id,
        "--runtime": choice.address or choice.kind,
        "--session-id": run_dir.name,
        "--ready-file": ready_file,
        "--time-scale": options.time_scale,
        "--image": choice.image,
        "--cpus": limits.cpus,
        "--memory-bytes": limits.memory_bytes,
        "--gpu-memory-bytes": limits.gpu_memory_bytes,
        "--shared-memory-bytes": limits.shared_memory_bytes,
    }
    given = [str(word) for name, value in words.items() if value is not None for word in (name, value)]
    allowed = [word for name in options.allowed_hosts for word in ("--allow-host", name)]
    return [
        sys.executable,
        "-m",
        "harness.emulator",
        "--until-parent-ends",
        *given,
        *allowed,
        *(["--gpu"] if choice.gpu else []),
    ]


def _environment(choice: Choice) -> dict[str, str]:
    """The docker runtime also needs the engine's address, and compose the user's HOME, which may hold its plugins."""
    if choice.kind != "docker":
        return inherited_environment()
    return installer_environment() | {"DOCKER_HOST": engine_host()}


def _wait_ready(child: ChildProcess, ready_file: Path) -> str:
    def attempt() -> str | None:
        if child.exit_code() is not None:
            raise ServiceDidNotStart(
                f"the SageMaker emulator ended with exit code {child.exit_code()} before it was ready; "
                f"its log is {child.log_path}",
                log_tail=child.log_tail(LOG_LINES),
            )
        return str(json.loads(ready_file.read_text(encoding="utf-8"))["url"]) if ready_file.exists() else None

    try:
        return wait_until(attempt, what="the SageMaker emulator", timeout_seconds=EMULATOR_STARTUP_SECONDS)
    except TimedOut as error:
        raise ServiceDidNotStart(str(error), log_tail=child.log_tail(LOG_LINES)) from error
