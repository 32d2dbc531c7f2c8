"""The whole local AWS of one run: the local cloud (S3, SNS, ...) and the SageMaker emulator before it.

Owns: the order of starting and stopping, and where both keep their files. May not: create anything in them.
The emulator is a process of its own, so that what users get from `harness up` is what a run uses.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.cloud.local_cloud import LocalCloud, open_cloud
from harness.errors import ServiceDidNotStart, TimedOut
from harness.processes import ChildProcess, start_process
from harness.serving.choose import Choice
from harness.serving.docker_limits import UNLIMITED, MachineLimits
from harness.state import inherited_environment
from harness.waiting import wait_until

EMULATOR_STARTUP_SECONDS = 30.0
LOG_LINES = 50


@dataclass(frozen=True)
class LocalAws:
    cloud: LocalCloud
    sagemaker_url: str
    run_dir: Path

    @property
    def logs_dir(self) -> Path:
        """Container logs in the layout of AWS's log streams: `<endpoint>/<variant>/<instance>.log`."""
        return self.run_dir / "sagemaker" / "logs"


@contextmanager
def open_local_aws(
    run_dir: Path,
    *,
    state_dir: Path,
    region: str,
    cloud_url: str | None,
    choice: Choice,
    limits: MachineLimits = UNLIMITED,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[LocalAws]:
    """Both services, healthy; stopped on every way out. Raises MachineCannot or ServiceDidNotStart."""
    with (
        open_cloud(cloud_url, state_dir=state_dir, region=region, progress=say) as cloud,
        _start_emulator(run_dir, state_dir, cloud, choice, limits) as child,
    ):
        yield LocalAws(cloud, _wait_ready(child, run_dir), run_dir)


def _start_emulator(
    run_dir: Path, state_dir: Path, cloud: LocalCloud, choice: Choice, limits: MachineLimits
) -> ChildProcess:
    options: dict[str, Any] = {
        "--port": 0,
        "--state-dir": run_dir / "sagemaker",
        "--cloud-url": cloud.url,
        "--region": cloud.region,
        "--account-id": cloud.account_id,
        "--runtime": choice.kind,
        "--session-id": run_dir.name,
        "--ready-file": _ready_file(run_dir),
        "--image": choice.image,
        "--cpus": limits.cpus,
        "--memory-bytes": limits.memory_bytes,
        "--gpu-memory-bytes": limits.gpu_memory_bytes,
    }
    words = [str(word) for name, value in options.items() if value is not None for word in (name, value)]
    return start_process(
        [sys.executable, "-m", "harness.sagemaker", *words, *(["--gpu"] if choice.gpu else [])],
        what="the SageMaker emulator",
        state_dir=state_dir,
        log_path=run_dir / "sagemaker.log",
        environment=inherited_environment(),
        cwd=Path.cwd(),
    )


def _ready_file(run_dir: Path) -> Path:
    return run_dir / "sagemaker-ready.json"


def _wait_ready(child: ChildProcess, run_dir: Path) -> str:
    def attempt() -> str | None:
        if child.exit_code() is not None:
            raise ServiceDidNotStart(
                f"the SageMaker emulator ended with exit code {child.exit_code()} before it was ready; "
                f"its log is {child.log_path}",
                log_tail=child.log_tail(LOG_LINES),
            )
        ready = _ready_file(run_dir)
        return str(json.loads(ready.read_text(encoding="utf-8"))["url"]) if ready.exists() else None

    try:
        return wait_until(attempt, what="the SageMaker emulator", timeout_seconds=EMULATOR_STARTUP_SECONDS)
    except TimedOut as error:
        raise ServiceDidNotStart(str(error), log_tail=child.log_tail(LOG_LINES)) from error
