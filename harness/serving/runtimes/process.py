"""The process runtime: a serving stack without Docker.

`start` fetches and unpacks the model data, makes the folders that a container has, and starts what the stack says.
Owns the process and the instance's `work_dir`; `instances.health` asks whether it is healthy.

What differs from the container: it runs as the caller on the caller's Python and libraries, and sees the whole machine.
"""

from __future__ import annotations

import platform
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import ModelDataError
from harness.core.state import inherited_environment, installer_environment, new_temp_dir, remove_tree
from harness.processes import ChildProcess, start_process
from harness.processes.ports import ReservedPort
from harness.serving.instances import versions
from harness.serving.instances.memory import PeakMemory, family_peak, family_usage
from harness.serving.instances.model_data import ModelData, fetch_model_data, make_read_only
from harness.serving.instances.runtime import InstanceExit, InstanceFacts, InstanceSpec, InstanceUsage
from harness.serving.stacks import Stack
from harness.serving.stacks.contract.placement import Folders, Placement, Program

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class ProcessRuntime:
    """Runs instances of one stack as processes of this machine. `s3` is a client of the local cloud."""

    name = "process"

    def __init__(self, state_dir: Path, s3: S3Client, stack: Stack) -> None:
        self._state_dir = state_dir
        self._s3 = s3
        self._stack = stack
        self._programs: Mapping[str, Program] | None = None

    def start(self, spec: InstanceSpec) -> ProcessInstance:
        """See `harness.serving.instances.runtime.Runtime.start`."""
        programs = self._find_programs()
        with ExitStack() as undo:
            undo.callback(remove_tree, spec.work_dir)
            folders = _make_folders(spec.work_dir, self._stack, undo)
            model_data = self._unpack(spec, folders)
            ports = {name: undo.enter_context(ReservedPort()) for name in self._stack.needs.ports}
            child = self._start_process(spec, folders, programs, {name: each.port for name, each in ports.items()})
            undo.pop_all()
        return ProcessInstance(spec, self._stack, child, list(ports.values()), programs, model_data, folders.venv_dir)

    def _find_programs(self) -> Mapping[str, Program]:
        if self._programs is None:
            self._programs = {required.name: required.find() for required in self._stack.needs.programs}
        return self._programs

    def _unpack(self, spec: InstanceSpec, folders: Folders) -> ModelData:
        if spec.model_data_url is None:
            raise ModelDataError(
                f"{spec.endpoint_name} has no ModelDataUrl: the process runtime runs a model archive, not an image"
            )
        data = fetch_model_data(self._s3, spec.model_data_url, folders.model_dir)
        make_read_only(folders.model_dir)
        return data

    def _start_process(
        self, spec: InstanceSpec, folders: Folders, programs: Mapping[str, Program], ports: Mapping[str, int]
    ) -> ChildProcess:
        launch = self._stack.launch(
            Placement(
                folders=folders,
                ports=ports,
                programs=programs,
                python=Path(sys.executable),
                region=self._s3.meta.region_name,
                inherited=inherited_environment(),
                installer=installer_environment(),
                specified=spec.environment,
            )
        )
        return start_process(
            launch.command,
            what=f"instance {spec.instance_id} of {spec.endpoint_name}",
            state_dir=self._state_dir,
            log_path=spec.log_path,
            environment=launch.environment,
            cwd=folders.work_dir,
            remove=[folders.temp_dir, spec.work_dir],
        )


class ProcessInstance:
    """The processes of one container; satisfies `harness.serving.instances.runtime.Instance`."""

    def __init__(
        self,
        spec: InstanceSpec,
        stack: Stack,
        child: ChildProcess,
        ports: list[ReservedPort],
        programs: Mapping[str, Program],
        model_data: ModelData,
        venv_dir: Path,
    ) -> None:
        self._spec = spec
        self._stack = stack
        self._child = child
        self._ports = ports
        self._programs = programs
        self._model_data = model_data
        self._venv_dir = venv_dir
        self._versions: dict[str, str] = {}
        self._ended: InstanceExit | None = None
        self._peak = PeakMemory()

    @property
    def spec(self) -> InstanceSpec:
        return self._spec

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._ports[0].port}"

    def ended(self) -> InstanceExit | None:
        if self._ended is None and (code := self._child.exit_code()) is not None:
            self._ended = InstanceExit(code, _reason(code), datetime.now(UTC))
        return self._ended

    def log_tail(self, lines: int = 50) -> str:
        log = self._stack.log
        return log.without_noise(self._child.log_tail(lines * log.lines_read_for_one), lines)

    def facts(self) -> InstanceFacts:
        """Versions, the archive's digest, and the peak memory so far; `stop` takes the last reading."""
        self._peak = self._peak.merged(family_peak(self._child.family(), self._stack.worker_mark))
        if self._spec.work_dir.exists():
            self._versions = versions.installed(self._venv_dir, (*versions.OF_THE_MODEL, *self._stack.packages))
        facts = self._versions | {
            "python": platform.python_version(),
            **{name: program.version for name, program in self._programs.items()},
            "model_data_sha256": self._model_data.sha256,
            "model_data_size_bytes": str(self._model_data.archive_size_bytes),
            "worker_peak_rss_bytes": str(self._peak.worker_bytes),
            "total_peak_rss_bytes": str(self._peak.total_bytes),
        }
        return InstanceFacts(runtime=ProcessRuntime.name, image=self._spec.image, facts=facts)

    def usage(self) -> InstanceUsage | None:
        return None if self.ended() else family_usage(self._child.family())

    def stop(self, grace_seconds: float = 30.0) -> None:
        self.ended()  # noted before the signal, so that an end of its own is told as such
        self.facts()
        self._child.stop(grace_seconds)
        remove_tree(self._spec.work_dir)
        for port in self._ports:
            port.release()


def _make_folders(work_dir: Path, stack: Stack, undo: ExitStack) -> Folders:
    work_dir = work_dir.absolute()
    folders = Folders(work_dir, _temp_dir(work_dir, stack, undo))
    for folder in (folders.base_dir, folders.home_dir, folders.logs_dir):
        folder.mkdir(parents=True, exist_ok=True)
    return folders


def _temp_dir(work_dir: Path, stack: Stack, undo: ExitStack) -> Path:
    """`tmp` in the work folder, or a short folder elsewhere when its path is too long for the stack."""
    inside, longest = work_dir / "tmp", stack.needs.longest_temp_path_bytes
    if longest is None or len(str(inside).encode()) <= longest:
        inside.mkdir(parents=True, exist_ok=True)
        return inside
    elsewhere = new_temp_dir("tmp")
    undo.callback(remove_tree, elsewhere)
    return elsewhere


def _reason(code: int) -> str:
    if code >= 0:
        return f"exited with code {code}"
    hint = ", perhaps by the kernel for want of memory" if -code == signal.SIGKILL else ""
    return f"killed by {signal.Signals(-code).name}{hint}"
