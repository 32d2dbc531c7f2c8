"""Removes what is old: jobs that were delivered long ago, and logs of instances that ended long ago."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from harness.emulator.async_inference.jobs import Jobs
from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.logs.times import LogTimes
from harness.serving.instances.runtime import Instance

log = logging.getLogger(__name__)


class Housekeeping:
    def __init__(
        self, context: EmulatorContext, jobs: Jobs, log_times: LogTimes, instances: Callable[[], Sequence[Instance]]
    ) -> None:
        self._settings, self._now = context.settings, context.now
        self._jobs, self._log_times, self._instances = jobs, log_times, instances

    def tidy(self) -> None:
        """Remove logs first: on a full disk only that makes room for the rest."""
        if logs := self._log_times.prune(self._settings.logs_kept_seconds, self._live_instances):
            log.info("removed %d logs of instances long gone", logs)
        jobs = 0
        while pruned := self._jobs.prune(self._now() - self._settings.finished_jobs_kept_seconds):
            jobs += pruned
        if jobs:
            log.info("removed %d jobs that were delivered long ago", jobs)

    def _live_instances(self) -> set[str]:
        return {instance.spec.instance_id for instance in self._instances()}
