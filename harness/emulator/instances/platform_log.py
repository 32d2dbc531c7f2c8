"""The platform's log of an instance, SageMaker's data-log, beside the container's log in AWS's layout:

<logs>/<endpoint>/<variant>/<instance-id>.log          the container's stdout and stderr
<logs>/<endpoint>/<variant>/<instance-id>/data-log     the platform's lines about it
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from harness.emulator.context.timestamps import Now, log_stamp

_LONGEST_QUOTE = 2048


@dataclass(frozen=True)
class LogStream:
    endpoint_name: str
    variant_name: str
    instance_id: str


class PlatformLog:
    def __init__(self, logs_dir: Path, now: Now) -> None:
        self._logs_dir = logs_dir
        self._now = now
        self._lock = threading.Lock()

    def container_log(self, stream: LogStream) -> Path:
        path = self._logs_dir / stream.endpoint_name / stream.variant_name / f"{stream.instance_id}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def data_log(self, stream: LogStream) -> Path:
        return self._logs_dir / stream.endpoint_name / stream.variant_name / stream.instance_id / "data-log"

    def write(self, stream: LogStream, message: str, *, inference_id: str | None = None) -> None:
        who = f" [{inference_id}]" if inference_id else ""
        line = f"{log_stamp(self._now())}:[sagemaker logs]{who} {message}\n"
        path = self.data_log(stream)
        with self._lock:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as log:
                log.write(line)

    def model_error(self, stream: LogStream, inference_id: str, status: int, body: str) -> None:
        side = "client" if 400 <= status < 500 else "server"
        quote = body[:_LONGEST_QUOTE]
        text = f'Received {side} error ({status}) from primary with message "{quote}"'
        self.write(stream, text, inference_id=inference_id)
