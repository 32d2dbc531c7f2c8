"""Keeps a local environment until it is told to end: starts both services, watches them, and starts the emulator again.

A request that was accepted is not deleted unless the user ends the environment with `harness down`. The emulator keeps
them in its database, and goes on with them however it ended. LocalStack keeps everything in memory: what it held is
gone when it dies, so it is not started again, and `harness status` says that it is dead.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from deploy.core.waiting import REAL_TIME, Clock
from harness.core.errors import MachineCannot, ServiceDidNotStart
from harness.core.state import private_state, remove_tree
from harness.emulator.async_inference.jobs import Jobs
from harness.emulator.store.store import Store
from harness.local_cloud.clients import DEFAULT_REGION
from harness.local_cloud.local_cloud import EMBEDDED, CloudAsked, LocalCloud, open_cloud
from harness.local_environment import exports, record
from harness.local_environment.local_aws import EmulatorOptions, LocalAws, open_emulator
from harness.local_environment.record import LocalEnvironment, up_dir
from harness.processes.leftovers import sweep_leftovers

WATCH_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
# An emulator that has run so long is started again at once; one that ends sooner is given ever more time.
_STEADY_SECONDS = 60.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class UpOptions:
    state_dir: Path
    emulator: EmulatorOptions
    region: str = DEFAULT_REGION
    cloud: CloudAsked = EMBEDDED


def keep(options: UpOptions, on_up: Callable[[LocalEnvironment], None], say: Say) -> None:
    """Run until Ctrl-C, SIGTERM or SIGHUP. Raises ConfigurationError when a local environment runs here already."""
    record.refuse_second(options.state_dir)
    private_state(options.state_dir)
    sweep_leftovers(options.state_dir)
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        cloud = stack.enter_context(
            open_cloud(
                options.cloud,
                state_dir=options.state_dir.absolute(),
                region=options.region,
                session_id=f"up-{os.getpid()}",
                progress=say,
            )
        )
        _begin_with(up_dir(options.state_dir), cloud, say)
        stack.callback(record.forget, options.state_dir)
        _Keeper(options, cloud, on_up, say).run()


@dataclass
class _Keeper:
    options: UpOptions
    cloud: LocalCloud
    on_up: Callable[[LocalEnvironment], None]
    say: Say
    clock: Clock = REAL_TIME
    port: int = field(init=False)
    """The emulator's, which stays the same when it starts again."""

    def __post_init__(self) -> None:
        self.port = self.options.emulator.port

    def run(self) -> None:
        """Raises ServiceDidNotStart or MachineCannot when the emulator does not start for the first time."""
        pause = self._served()
        while True:
            self.clock.sleep(pause)
            try:
                pause = self._served()
            except (ServiceDidNotStart, MachineCannot) as error:
                pause = min(2 * pause + 1, _LONGEST_PAUSE_SECONDS)
                self.say(f"the emulator did not start again, and is tried again in {pause:g} s: {error}")

    def _served(self) -> float:
        """Serve until the emulator ends; returns for how many seconds it should be left before the next start."""
        state, started = self.options.state_dir, self.clock.now()
        emulator = replace(self.options.emulator, port=self.port)
        with open_emulator(up_dir(state), state.absolute(), self.cloud, emulator) as aws:
            self.port = int(aws.sagemaker_url.rsplit(":", 1)[1])
            running = record.of(aws, self.options.emulator.choice.kind)
            _announce(state, running)
            self.on_up(running)
            self._watch(aws, running)
            self.say(f"the emulator ended with exit code {aws.emulator.exit_code()}; starting it again")
        return 0.0 if self.clock.now() - started > _STEADY_SECONDS else WATCH_SECONDS

    def _watch(self, aws: LocalAws, running: LocalEnvironment) -> None:
        """Return when the emulator ended."""
        while aws.emulator.exit_code() is None:
            self.clock.sleep(WATCH_SECONDS)
            ended = self.cloud.ended()
            if ended and not running.cloud_ended:
                running = replace(running, cloud_ended=ended)
                record.write(self.options.state_dir, running)
                self.say(f"{ended}. {record.CLOUD_IS_GONE}")


def _begin_with(folder: Path, cloud: LocalCloud, say: Say) -> None:
    """Go on with what a killed keeper left, where its cloud is still there; else set aside what was accepted.

    After an orderly end nothing is kept: `harness down` said so.
    """
    state, was_killed = folder / "sagemaker", record.was_killed(folder)
    accepted = _accepted_requests(state) if was_killed else 0
    if was_killed and cloud.kind == "external":
        # Also without such requests: whether the last was answered before the kill is no difference that a user sees.
        say(f"going on with what was here before the local AWS was killed, and {accepted} requests without an outcome")
    elif accepted:
        aside = folder / f"sagemaker-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        state.rename(aside)
        say(f"{accepted} requests were accepted before the local AWS here was killed; their records are in {aside}")
    else:
        remove_tree(state)  # its endpoints are useless without the cloud that held their models and outputs


def _accepted_requests(state: Path) -> int:
    """How many requests without an outcome the database holds; 0 without one."""
    path = state / "emulator.sqlite"
    if not path.is_file():
        return 0
    store = Store(path)
    try:
        return len(Jobs(store).unfinished_uuids())
    finally:
        store.close()


def _announce(state_dir: Path, running: LocalEnvironment) -> None:
    exports.write_config_file(running, up_dir(state_dir) / "aws-config")
    record.write(state_dir, running)
