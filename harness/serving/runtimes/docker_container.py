"""A model container that runs on a Docker engine, as the emulator sees an instance.

Owns the container, its network, the copy of its log and its work folder, from their start to their removal.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from harness.core.errors import MachineCannot
from harness.core.state import remove_tree
from harness.docker.engine import INSTANCE_LABEL, Engine, EngineGone
from harness.docker.facts import ContainerState
from harness.processes import log_tail
from harness.serving.images.pinned import PinnedImage
from harness.serving.instances import versions
from harness.serving.instances.model_data import ModelData
from harness.serving.instances.runtime import InstanceExit, InstanceFacts, InstanceSpec, InstanceUsage
from harness.serving.runtimes.docker_limits import MachineLimits
from harness.serving.runtimes.docker_log import LogFollower
from harness.serving.stacks import Stack

_LOG_JOIN_SECONDS = 5.0
_SIGKILLED = 137
_WORKER_PEAK = "worker_peak_rss_bytes"


def _measuring_script(stack: Stack) -> str:
    """For the container's own Python: package versions, and the kernel's high-water mark of the largest worker."""
    return f"""
import importlib.metadata, os, platform
print("python=" + platform.python_version())
for name in {_packages(stack)!r}:
    try:
        print(name + "=" + importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        pass
peak = 0
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        if int(pid) != os.getpid() and {stack.worker_mark!r} in open("/proc/" + pid + "/cmdline").read():
            marks = [line for line in open("/proc/" + pid + "/status") if line.startswith("VmHWM:")]
            peak = max(peak, int(marks[0].split()[1]) * 1024)
    except (OSError, IndexError):
        pass
print("{_WORKER_PEAK}=" + str(peak))
"""


def _packages(stack: Stack) -> tuple[str, ...]:
    return (*versions.OF_THE_MODEL, *stack.packages)


@dataclass(frozen=True)
class Running:
    """The container that was started, for `DockerInstance`."""

    name: str
    """The name of the container and of its network, and the value of the label that both carry."""
    container_id: str
    port: int
    image: PinnedImage
    stack: Stack
    limits: MachineLimits
    model_data: ModelData | None
    started_at: datetime
    machine_facts: Mapping[str, str]


class DockerInstance:
    def __init__(self, spec: InstanceSpec, running: Running, engine: Engine) -> None:
        self._spec = spec
        self._running = running
        self._engine = engine
        self._log = LogFollower(engine, running.container_id, spec.log_path)
        self._log.start()
        self._stopping = threading.Lock()
        self._measured: dict[str, str] = {}
        self._exit: InstanceExit | None = None
        self._is_removed = False

    @property
    def spec(self) -> InstanceSpec:
        return self._spec

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._running.port}"

    @property
    def container_id(self) -> str:
        return self._running.container_id

    def ended(self) -> InstanceExit | None:
        if self._exit is None:
            self._exit = self._look()
        return self._exit

    def log_tail(self, lines: int = 50) -> str:
        log = self._running.stack.log
        read = lines * log.lines_read_for_one
        with suppress(MachineCannot):
            told = self._engine.log_tail(self._running.container_id, read)
            if told:
                return log.without_noise(told, lines)
        return log.without_noise(log_tail(self._spec.log_path, read), lines)

    def facts(self) -> InstanceFacts:
        self._measure()
        image = self._running.image
        return InstanceFacts(
            runtime="docker",
            image=image.reference,
            image_digest=image.digest,
            facts={
                **image.facts(),
                "requested_image": self._spec.image,
                **_model_data_facts(self._running.model_data),
                **self._running.limits.facts(),
                **self._running.machine_facts,
                **self._measured,
            },
        )

    def stop(self, grace_seconds: float = 30.0) -> None:
        with self._stopping:
            if self._is_removed:
                return
            try:
                self._end(grace_seconds)
            finally:
                remove_tree(self._spec.work_dir)
                self._is_removed = True

    def usage(self) -> InstanceUsage | None:
        try:
            found = self._engine.usage(self._running.container_id)
        except MachineCannot:
            return None
        if found is None:
            return None
        limit_bytes = self._running.limits.memory_bytes or psutil.virtual_memory().total
        return InstanceUsage(found.cpu_seconds, found.memory_bytes, limit_bytes)

    def _end(self, grace_seconds: float) -> None:
        # An engine that is gone has ended its containers, or a later sweep finds them by their label.
        with suppress(EngineGone):
            self._measure()
            self._engine.stop(self._running.container_id, grace_seconds)
            self._exit = self._exit or self._look()
            self._log.join(_LOG_JOIN_SECONDS)
            remove_labelled(self._engine, self._running.name)

    def _look(self) -> InstanceExit | None:
        try:
            state = self._engine.state(self._running.container_id)
        except EngineGone:
            return InstanceExit(None, "the Docker engine stopped answering", datetime.now(UTC))
        if state is None:
            return InstanceExit(None, "the container was removed by somebody else", datetime.now(UTC))
        if state.is_running:
            return None
        reason = exit_reason(state, self._running.limits)
        return InstanceExit(state.exit_code, reason, state.finished_at or datetime.now(UTC))

    def _measure(self) -> None:
        """Keep the last measurement: a container that ended cannot be measured."""
        with suppress(MachineCannot):
            usage = self._engine.usage(self._running.container_id)
            if usage is not None:
                self._measured |= self._ask_inside()
                self._measured["cpu_seconds"] = f"{usage.cpu_seconds:.3f}"
                self._measured["memory_bytes"] = str(usage.memory_bytes)
                self._measured["memory_peak_bytes"] = str(usage.memory_peak_bytes or usage.memory_bytes)
            kills = self._engine.oom_kills(self._running.container_id, self._running.started_at)
            self._measured["oom_kills"] = str(kills)

    def _ask_inside(self) -> dict[str, str]:
        stack = self._running.stack
        told = self._engine.run_inside(self._running.container_id, ["python", "-c", _measuring_script(stack)])
        lines = [line.split("=", 1) for line in told.splitlines() if "=" in line]
        known = {name: value for name, value in lines if name in ("python", _WORKER_PEAK, *_packages(stack))}
        # The mark of a worker that died is lost: the highest that was ever seen counts.
        peak = max(int(known.get(_WORKER_PEAK, 0)), int(self._measured.get(_WORKER_PEAK, 0)))
        return {**known, _WORKER_PEAK: str(peak)}


def _model_data_facts(data: ModelData | None) -> dict[str, str]:
    if data is None:
        return {}
    return {"model_data_sha256": data.sha256, "model_data_size_bytes": str(data.archive_size_bytes)}


def exit_reason(state: ContainerState, limits: MachineLimits) -> str:
    """One line for people."""
    if state.oom_killed:
        limit = "" if limits.memory_bytes is None else f" (its limit was {limits.memory_bytes / 2**20:.0f} MiB)"
        return f"killed: out of memory{limit}"
    if state.error:
        return f"could not be started: {state.error}"
    if state.exit_code == _SIGKILLED:
        return "killed with SIGKILL (code 137), not for want of memory"
    return f"exited with code {state.exit_code}"


def remove_labelled(engine: Engine, instance_name: str) -> None:
    """Container and network of one instance; nothing when they are gone."""
    for labelled in engine.labelled(INSTANCE_LABEL, instance_name):
        engine.remove(labelled)


def clean_up(engine: Engine, instance_name: str, work_dir: Path) -> None:
    """Remove what `stop` removes, after a start that failed and left no instance."""
    with suppress(MachineCannot):
        remove_labelled(engine, instance_name)
    remove_tree(work_dir)
