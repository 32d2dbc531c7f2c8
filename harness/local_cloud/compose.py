"""The local cloud as a container, for `--cloud docker`: the service `localstack` of docker-compose.yml.

Owns one compose project for each cloud: its container, network and volume, all labelled with the session, and their
removal.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import httpx

from deploy.core.waiting import wait_until
from harness.core.errors import MachineCannot, ServiceDidNotStart, TimedOut
from harness.core.top_level import COMPOSE_FILE
from harness.docker.compose import Compose, require_compose
from harness.docker.engine import Engine, engine_host
from harness.local_cloud.clients import DEFAULT_ACCOUNT_ID, DEFAULT_REGION
from harness.processes.ports import LOOPBACK, ReservedPort

STARTUP_TIMEOUT_SECONDS = 180.0
# The first `up` pulls the image, about 1 GB.
_UP_TIMEOUT_SECONDS = 900.0
_DOWN_TIMEOUT_SECONDS = 120.0
_LOG_LINES = 50


@dataclass(frozen=True)
class ComposeCloud:
    """A LocalStack container of ours; `stop` removes it with what it stored."""

    url: str
    region: str
    project: str
    compose: Compose
    compose_file: Path
    environment: dict[str, str]
    account_id: str = DEFAULT_ACCOUNT_ID
    kind: str = "docker"
    _stopping: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    _stopped: list[bool] = field(default_factory=list, repr=False, compare=False)

    def log_tail(self, lines: int = _LOG_LINES) -> str:
        told = self._compose(["logs", "--no-color", "--tail", str(lines), "localstack"], _DOWN_TIMEOUT_SECONDS)
        return told.rstrip()

    def ended(self) -> str | None:
        try:
            socket.create_connection(self._address, timeout=1).close()
        except OSError:
            return f"the local cloud's container does not answer any more; its project is {self.project}"
        return None

    @property
    def _address(self) -> tuple[str, int]:
        return LOOPBACK, int(self.url.rpartition(":")[2])

    def stop(self) -> None:
        with self._stopping:
            if not self._stopped:
                self._compose(["down", "--volumes", "--timeout", "10"], _DOWN_TIMEOUT_SECONDS)
                self._stopped.append(True)

    def _compose(self, arguments: list[str], timeout_seconds: float) -> str:
        done = self.compose.run(
            ["-p", self.project, "-f", str(self.compose_file), *arguments],
            environment=self.environment,
            timeout_seconds=timeout_seconds,
        )
        said = (done.stdout + done.stderr).strip()
        if done.returncode != 0:
            last = said.splitlines()[-1] if said else "it said nothing"
            raise ServiceDidNotStart(f"`{' '.join(self.compose.command)} {arguments[0]}` failed: {last}", log_tail=said)
        return said

    def up(self) -> None:
        self._compose(["up", "--detach", "--no-build", "localstack"], _UP_TIMEOUT_SECONDS)

    def __enter__(self) -> ComposeCloud:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def start_compose(
    session_id: str,
    *,
    region: str = DEFAULT_REGION,
    image: str | None = None,
    compose_file: Path = COMPOSE_FILE,
    timeout_seconds: float = STARTUP_TIMEOUT_SECONDS,
    progress: Callable[[str], None] = lambda _: None,
) -> ComposeCloud:
    """Start LocalStack on a free port and wait until it is healthy; `image` replaces the pinned one.

    Raises MachineCannot without compose, engine or compose file, ServiceDidNotStart with LocalStack's last log lines.
    """
    if not compose_file.is_file():
        raise MachineCannot(
            f"there is no {compose_file}: `--cloud docker` needs it; install the package anew, or leave the option out"
            " for the embedded cloud"
        )
    with ReservedPort() as reserved:
        port = reserved.port
    Engine.connect().close()
    environment = {
        "DOCKER_HOST": engine_host(),
        "REHEARSAL_SESSION": session_id,
        "REHEARSAL_CLOUD_PORT": str(port),
    }
    if image is not None:
        environment["REHEARSAL_LOCALSTACK_IMAGE"] = image
    project = f"rehearsal-cloud-{session_id}".lower()
    url = f"http://{LOOPBACK}:{port}"
    cloud = ComposeCloud(url, region, project, require_compose(), compose_file, environment)
    try:
        progress("starting LocalStack in a container (the first time, its image is pulled)")
        cloud.up()
        _wait_healthy(cloud, timeout_seconds)
    except BaseException:
        with suppress(MachineCannot):
            cloud.stop()
        raise
    return cloud


def _wait_healthy(cloud: ComposeCloud, timeout_seconds: float) -> None:
    try:
        wait_until(
            lambda: True if _is_healthy(cloud.url) else None,
            what=f"LocalStack at {cloud.url}",
            timeout_seconds=timeout_seconds,
            every_seconds=0.25,
        )
    except TimedOut as error:
        raise ServiceDidNotStart(str(error), log_tail=cloud.log_tail()) from error


def _is_healthy(url: str) -> bool:
    try:
        services = httpx.get(f"{url}/_localstack/health", timeout=2.0, trust_env=False).json()["services"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return False
    return services.get("s3") in {"available", "running"}
