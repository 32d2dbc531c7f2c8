"""A run with a local AWS of its own: its options, its name and folder, and its start.

Owns what `harness validate`, `harness bench` and `harness replay` have in common. May not deploy or send anything.
"""

from __future__ import annotations

import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy import config
from deploy.config import Project
from deploy.core.state import STATE_DIR
from harness.core.progress import Progress
from harness.core.state import private_state
from harness.local_cloud.local_cloud import EMBEDDED, CloudAsked
from harness.local_environment.local_aws import EmulatorOptions, LocalAws, open_local_aws
from harness.processes.leftovers import sweep_leftovers
from harness.serving.runtimes.choose import Choice, choose
from harness.serving.runtimes.docker_limits import UNLIMITED, MachineLimits


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The options of any such run."""

    state_dir: Path = STATE_DIR
    cloud: CloudAsked = EMBEDDED
    runtime: str = "auto"
    """`auto`, `process`, `docker`, or the address of a container (`harness up` alone)."""
    image: str | None = None
    limits: MachineLimits = UNLIMITED


@dataclass(frozen=True, kw_only=True)
class ProjectOptions(RunOptions):
    """The options of a run that makes evidence about a project."""

    config_path: Path
    environment: str | None = None
    without_packages: bool = False
    arguments: tuple[str, ...] = ()

    def project(self) -> Project:
        """The project as it is to be packed. Raises ConfigurationError."""
        project = config.load(self.config_path, self.environment)
        return project.without_packages() if self.without_packages else project


@dataclass(frozen=True)
class LocalRun:
    run_id: str
    options: RunOptions
    region: str
    progress: Progress

    @staticmethod
    def started(options: RunOptions, region: str, progress: Progress) -> LocalRun:
        """A new run with its folder. What killed runs left behind is ended, removed and reported first."""
        run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"
        run = LocalRun(run_id, options, region, progress)
        private_state(run.state_dir)
        for swept in sweep_leftovers(run.state_dir):
            progress.say(f"cleaned up after a run that was killed: {swept.what}")
        run.folder.mkdir(parents=True)
        return run

    @property
    def state_dir(self) -> Path:
        return self.options.state_dir.absolute()

    @property
    def folder(self) -> Path:
        return self.state_dir / "runs" / self.run_id

    def start(self, stack: ExitStack, chosen: Choice | None = None) -> LocalAws:
        """Start the local AWS, which `stack` stops. Raises MachineCannot or ServiceDidNotStart."""
        with self.progress.stage("start the local cloud and the emulator") as stage:
            choice = chosen or choose(self.options.runtime, self.options.image, region=self.region)
            opened = open_local_aws(
                self.folder,
                state_dir=self.state_dir,
                region=self.region,
                cloud=self.options.cloud,
                options=EmulatorOptions(choice, self.options.limits),
                say=self.progress.say,
            )
            aws = stack.enter_context(opened)
            stage.result = f"{choice.kind} runtime: {choice.why}"
            return aws
