"""The emulator as its own process, which tests kill and start again on the same port and state folder."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from deploy.core.waiting import wait_until


class EmulatorProcess:
    def __init__(self, folder: Path, cloud_url: str, runtime: str, *, time_scale: float = 1.0) -> None:
        self.state_dir = folder / "state"
        self._ready = folder / "ready.json"
        self._log = folder / "emulator.log"
        self._command = [
            sys.executable, "-m", "harness.emulator", "--state-dir", str(self.state_dir), "--cloud-url", cloud_url,
            "--runtime", runtime, "--ready-file", str(self._ready), "--time-scale", str(time_scale),
        ]  # fmt: skip
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def database(self) -> Path:
        return self.state_dir / "emulator.sqlite"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self._ready.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._words(), stdout=log, stderr=log)
        wait_until(self._is_ready, what=f"the emulator, see {self._log}", timeout_seconds=60, every_seconds=0.02)
        self._port = int(json.loads(self._ready.read_text())["url"].rpartition(":")[2])

    def _words(self) -> list[str]:
        return [*self._command, "--port", str(self._port)]

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        return self._end(signal.SIGTERM)

    def end(self) -> None:
        """Kill the process if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def log(self) -> str:
        return self._log.read_text()

    def _is_ready(self) -> bool | None:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        return True if self._ready.exists() else None

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(timeout=60)


_KEEP = """
import json, sys
from pathlib import Path
from harness.local_cloud.local_cloud import CloudAsked
from harness.local_environment.keeper import UpOptions, keep
from harness.local_environment.local_aws import EmulatorOptions
from harness.serving.runtimes.choose import Choice

state, cloud, runtime, ready, port = sys.argv[1:]
emulator = EmulatorOptions(Choice(runtime, "a test's"), port=int(port))
options = UpOptions(Path(state), emulator, region="eu-west-1", cloud=CloudAsked(cloud))
say = lambda line: print(line, flush=True)
keep(options, lambda up: Path(ready).write_text(json.dumps({"url": up.sagemaker_url})), say)
"""


class KeeperProcess(EmulatorProcess):
    """The keeper of `harness up`, which starts and watches the emulator; here with a container that runs already."""

    def __init__(self, folder: Path, cloud_url: str, runtime: str) -> None:
        super().__init__(folder, cloud_url, runtime)
        self._command = [sys.executable, "-c", _KEEP, str(self.state_dir), cloud_url, runtime, str(self._ready)]

    @property
    def database(self) -> Path:
        return self.state_dir / "up" / "sagemaker" / "emulator.sqlite"

    def _words(self) -> list[str]:
        return [*self._command, str(self._port)]

    def stop(self) -> int:
        """Send what Ctrl-C sends and return the exit code."""
        return self._end(signal.SIGINT)
