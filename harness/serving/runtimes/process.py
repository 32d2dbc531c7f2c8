"""The process runtime: the official serving stack (TorchServe and the SageMaker PyTorch toolkit) without Docker.

`start` fetches and unpacks the model data, lays the folders out as the image has them, and starts `container_main.py`.
Owns the process and the instance's `work_dir`; does not ask whether it is healthy (the stack's `health` does).

What differs from the container: it runs as the caller on the caller's Python and libraries, and sees the whole machine.
"""

from __future__ import annotations

import platform
import signal
import sys
from collections.abc import Callable
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
from harness.serving.stacks.torchserve.container_environment import Layout, Ports, container_environment
from harness.serving.stacks.torchserve.java import Java, find_java
from harness.serving.stacks.torchserve.log import without_metrics

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MAIN = Path(__file__).parents[1] / "stacks" / "torchserve" / "container_main.py"
_LONGEST_TEMP_PATH = 107 - len("/.ts.sock.65535")


class ProcessRuntime:
    """Runs instances as processes of this machine. `s3` is a client of the local cloud."""

    name = "process"

    def __init__(self, state_dir: Path, s3: S3Client, *, find_java: Callable[[], Java] = find_java) -> None:
        self._state_dir = state_dir
        self._s3 = s3
        self._find_java = find_java
        self._java: Java | None = None

    def start(self, spec: InstanceSpec) -> ProcessInstance:
        """See `harness.serving.instances.runtime.Runtime.start`."""
        java = self._java = self._java or self._find_java()
        with ExitStack() as undo:
            undo.callback(remove_tree, spec.work_dir)
            layout = _lay_out(spec.work_dir, undo)
            model_data = self._unpack(spec, layout)
            reserved = [undo.enter_context(ReservedPort()) for _ in range(4)]
            child = self._start_process(spec, layout, java, Ports(*(port.port for port in reserved)))
            undo.pop_all()
        return ProcessInstance(spec, child, reserved, java, model_data, layout.venv_dir)

    def _unpack(self, spec: InstanceSpec, layout: Layout) -> ModelData:
        if spec.model_data_url is None:
            raise ModelDataError(
                f"{spec.endpoint_name} has no ModelDataUrl: the process runtime runs a model archive, not an image"
            )
        data = fetch_model_data(self._s3, spec.model_data_url, layout.model_dir)
        make_read_only(layout.model_dir)
        return data

    def _start_process(self, spec: InstanceSpec, layout: Layout, java: Java, ports: Ports) -> ChildProcess:
        environment = container_environment(
            inherited=inherited_environment(),
            specified=spec.environment,
            layout=layout,
            ports=ports,
            java_home=java.home,
            python_bin=Path(sys.executable).parent,
            region=self._s3.meta.region_name,
        )
        if (layout.model_dir / "code" / "requirements.txt").exists():
            environment = _with_installer_settings(environment)
        return start_process(
            [sys.executable, "-P", _MAIN, layout.config_path, layout.venv_dir],
            what=f"instance {spec.instance_id} of {spec.endpoint_name}",
            state_dir=self._state_dir,
            log_path=spec.log_path,
            environment=environment,
            cwd=layout.work_dir,
            remove=[layout.temp_dir, spec.work_dir],
        )


class ProcessInstance:
    """One TorchServe; satisfies `harness.serving.instances.runtime.Instance`."""

    def __init__(
        self,
        spec: InstanceSpec,
        child: ChildProcess,
        ports: list[ReservedPort],
        java: Java,
        model_data: ModelData,
        venv_dir: Path,
    ) -> None:
        self._spec = spec
        self._child = child
        self._ports = ports
        self._java = java
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
        return without_metrics(self._child.log_tail(lines * 20), lines)

    def facts(self) -> InstanceFacts:
        """Versions, the archive's digest, and the peak memory so far; `stop` takes the last reading."""
        self._peak = self._peak.merged(family_peak(self._child.family()))
        if self._spec.work_dir.exists():
            self._versions = versions.installed(self._venv_dir)
        facts = self._versions | {
            "python": platform.python_version(),
            "java": self._java.version,
            "model_data_sha256": self._model_data.sha256,
            "model_data_size_bytes": str(self._model_data.archive_size_bytes),
            "worker_peak_rss_bytes": str(self._peak.worker_bytes),
            "total_peak_rss_bytes": str(self._peak.total_bytes),
        }
        return InstanceFacts(runtime=ProcessRuntime.name, image=self._spec.image, facts=facts)

    def usage(self) -> InstanceUsage | None:
        return None if self.ended() else family_usage(self._child.family())

    def stop(self, grace_seconds: float = 30.0) -> None:
        self.ended()  # how it ended by itself is worth more than how we ended it
        self.facts()
        self._child.stop(grace_seconds)
        remove_tree(self._spec.work_dir)
        for port in self._ports:
            port.release()


def _lay_out(work_dir: Path, undo: ExitStack) -> Layout:
    work_dir = work_dir.absolute()
    layout = Layout(work_dir, _temp_dir(work_dir, undo))
    for folder in (layout.base_dir, layout.home_dir, layout.logs_dir):
        folder.mkdir(parents=True, exist_ok=True)
    return layout


def _temp_dir(work_dir: Path, undo: ExitStack) -> Path:
    """`tmp` in the work folder, or a short folder elsewhere when its path is too long for a UNIX socket."""
    inside = work_dir / "tmp"
    if len(str(inside).encode()) <= _LONGEST_TEMP_PATH:
        inside.mkdir(parents=True, exist_ok=True)
        return inside
    elsewhere = new_temp_dir("ts")
    undo.callback(remove_tree, elsewhere)
    return elsewhere


def _with_installer_settings(environment: dict[str, str]) -> dict[str, str]:
    settings = installer_environment()
    home = settings.pop("HOME", environment["HOME"])
    return {**settings, **environment, "REHEARSAL_INSTALLER_HOME": home}


def _reason(code: int) -> str:
    if code >= 0:
        return f"exited with code {code}"
    hint = ", perhaps by the kernel for want of memory" if -code == signal.SIGKILL else ""
    return f"killed by {signal.Signals(-code).name}{hint}"
