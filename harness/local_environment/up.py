"""`harness up`: a local environment that runs until `harness down`, for any AWS client.

Owns the keeper: the process that holds both services, restarts the emulator if it dies, and ends both on SIGTERM or
SIGINT. `detach` starts a keeper and returns when the services run.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from deploy.core.waiting import wait_until
from harness.core.errors import ConfigurationError, ServiceDidNotStart, TimedOut
from harness.core.state import private_state, remove_tree
from harness.local_cloud.clients import DEFAULT_REGION
from harness.local_cloud.local_cloud import EMBEDDED, CloudAsked, open_cloud
from harness.local_environment import exports, record
from harness.local_environment.local_aws import EmulatorOptions, LocalAws, open_emulator
from harness.local_environment.record import LocalEnvironment, up_dir
from harness.processes import log_tail
from harness.processes.leftovers import sweep_leftovers

# The first start installs LocalStack.
DETACH_SECONDS = 180.0
WATCH_SECONDS = 1.0


@dataclass(frozen=True)
class UpOptions:
    state_dir: Path
    emulator: EmulatorOptions
    region: str = DEFAULT_REGION
    cloud: CloudAsked = EMBEDDED


def keep(options: UpOptions, on_up: Callable[[LocalEnvironment], None], say: Callable[[str], None]) -> None:
    """Run until told to stop. Raises ConfigurationError when a local environment runs here already."""
    _refuse_second(options.state_dir)
    private_state(options.state_dir)
    folder = up_dir(options.state_dir)
    sweep_leftovers(options.state_dir)
    remove_tree(folder / "sagemaker")  # its endpoints are useless without the cloud that held their models and outputs
    told_to_stop = _stop_event()
    with ExitStack() as stack:
        cloud = stack.enter_context(
            open_cloud(
                options.cloud,
                state_dir=options.state_dir.absolute(),
                region=options.region,
                session_id=f"up-{os.getpid()}",
                progress=say,
            )
        )
        stack.callback(record.forget, options.state_dir)
        port = options.emulator.port
        while not told_to_stop.is_set():
            emulator = replace(options.emulator, port=port)
            with open_emulator(folder, options.state_dir.absolute(), cloud, emulator) as aws:
                port = int(aws.sagemaker_url.rsplit(":", 1)[1])
                on_up(_announce(options, aws))
                _watch(aws, told_to_stop, say)


def detach(options: UpOptions, arguments: Sequence[str]) -> LocalEnvironment:
    """Start a keeper with these arguments of `harness up` in the background; returns when the services run."""
    _refuse_second(options.state_dir)
    private_state(options.state_dir)
    log_path = up_dir(options.state_dir) / "up.log"
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
        return record.find(options.state_dir)

    try:
        return wait_until(attempt, what="the local AWS", timeout_seconds=DETACH_SECONDS)
    except TimedOut as error:
        keeper.terminate()
        raise ServiceDidNotStart(str(error), log_tail=log_tail(log_path)) from error


def _refuse_second(state_dir: Path) -> None:
    found = record.find(state_dir)
    if found is not None:
        raise ConfigurationError(
            f"a local AWS runs here already (process {found.pid}, {found.sagemaker_url}); end it with "
            "`harness down`, or keep another one with --state-dir"
        )


def _stop_event() -> threading.Event:
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    return told


def _announce(options: UpOptions, aws: LocalAws) -> LocalEnvironment:
    found = LocalEnvironment(
        pid=os.getpid(),
        started=psutil.Process().create_time(),
        cloud_url=aws.cloud.url,
        sagemaker_url=aws.sagemaker_url,
        region=aws.cloud.region,
        account_id=aws.cloud.account_id,
        runtime=options.emulator.choice.kind,
    )
    exports.write_config_file(found, up_dir(options.state_dir) / "aws-config")
    record.write(options.state_dir, found)
    return found


def _watch(aws: LocalAws, told_to_stop: threading.Event, say: Callable[[str], None]) -> None:
    """Return when told to stop, or when the emulator ended: its database keeps the accepted jobs for the next one."""
    while not told_to_stop.wait(WATCH_SECONDS):
        if aws.emulator.exit_code() is not None:
            say(f"the emulator ended with exit code {aws.emulator.exit_code()}; starting it again")
            return
