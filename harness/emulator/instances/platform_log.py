"""The platform's log of an instance, SageMaker's data-log, beside the container's log in AWS's layout:

<logs>/<endpoint>/<variant>/<instance-id>.log          the container's stdout and stderr
<logs>/<endpoint>/<variant>/<instance-id>/data-log     the platform's lines about it

Writing a line never fails: what the disk does not take is kept in memory, up to a limit, and written later.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from harness.emulator.context.timestamps import Now, log_stamp
from harness.emulator.store.disk import Disk

_LONGEST_QUOTE = 2048
_MOST_UNWRITTEN = 1000
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LogStream:
    endpoint_name: str
    variant_name: str
    instance_id: str


class PlatformLog:
    def __init__(self, logs_dir: Path, now: Now, disk: Disk | None = None) -> None:
        self._logs_dir = logs_dir
        self._now = now
        self._disk = disk or Disk()
        self._lock = threading.Lock()
        self._unwritten: deque[tuple[Path, bytes]] = deque(maxlen=_MOST_UNWRITTEN)

    def container_log(self, stream: LogStream) -> Path:
        path = self._logs_dir / stream.endpoint_name / stream.variant_name / f"{stream.instance_id}.log"
        self._disk.make_folder(path.parent)
        return path

    def data_log(self, stream: LogStream) -> Path:
        return self._logs_dir / stream.endpoint_name / stream.variant_name / stream.instance_id / "data-log"

    def write(self, stream: LogStream, message: str, *, inference_id: str | None = None) -> None:
        who = f" [{inference_id}]" if inference_id else ""
        line = f"{log_stamp(self._now())}:[sagemaker logs]{who} {message}\n"
        with self._lock:
            self._unwritten.append((self.data_log(stream), line.encode("utf-8", "replace")))
        self.write_kept()

    def write_kept(self) -> None:
        """Write the lines that are still in memory, in order, until the disk refuses one."""
        with self._lock:
            try:
                while self._unwritten:
                    self._write_first(*self._unwritten[0])
            except OSError as error:
                log.warning("%d lines of the platform's logs wait in memory: %s", len(self._unwritten), error)

    def _write_first(self, path: Path, line: bytes) -> None:
        self._disk.make_folder(path.parent)
        with self._disk.open(path, "ab") as file:
            while line:
                line = line[self._disk.write(file, line) :]
                self._unwritten[0] = (path, line)
        self._unwritten.popleft()

    def model_error(self, stream: LogStream, inference_id: str, status: int, body: str) -> None:
        side = "client" if 400 <= status < 500 else "server"
        quote = body[:_LONGEST_QUOTE]
        text = f'Received {side} error ({status}) from primary with message "{quote}"'
        self.write(stream, text, inference_id=inference_id)
