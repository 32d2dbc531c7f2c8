"""`harness up --detach`: starts a keeper in the background, and returns when the services run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.core.waiting import wait_until
from harness.core.errors import ServiceDidNotStart, TimedOut
from harness.core.state import private_state
from harness.local_environment import record
from harness.local_environment.record import LocalEnvironment, up_dir
from harness.processes import log_tail

# The first start installs LocalStack.
DETACH_SECONDS = 180.0


def detach(state_dir: Path, arguments: Sequence[str]) -> LocalEnvironment:
    """Start a keeper with these arguments of `harness up` in the background; returns when the services run."""
    record.refuse_second(state_dir)
    private_state(state_dir)
    log_path = up_dir(state_dir) / "up.log"
    with log_path.open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "harness.cli", "up", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def attempt() -> LocalEnvironment | None:
        if keeper.poll() is not None:
            raise ServiceDidNotStart(
                f"harness up ended with exit code {keeper.returncode}", log_tail=log_tail(log_path)
            )
        return record.find(state_dir)

    try:
        return wait_until(attempt, what="the local AWS", timeout_seconds=DETACH_SECONDS)
    except TimedOut as error:
        keeper.terminate()
        raise ServiceDidNotStart(str(error), log_tail=log_tail(log_path)) from error
    except KeyboardInterrupt:
        keeper.terminate()
        keeper.wait()
        raise
