"""LocalStack as a process, without Docker.

Owns the process, its settings and its folder `<state>/run/localstack-<id>/`, which is removed when it ends; the log
stays in `<state>/logs/`. The settings are those of https://docs.localstack.cloud/references/configuration/
"""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from types import TracebackType

from deploy.core.waiting import wait_until
from harness.core.errors import ServiceDidNotStart, TimedOut
from harness.core.state import cache_dir, inherited_environment, remove_tree
from harness.local_cloud.clients import DEFAULT_ACCOUNT_ID, DEFAULT_REGION
from harness.local_cloud.install import localstack_python
from harness.processes import ChildProcess, start_process
from harness.processes.ports import LOOPBACK, ReservedPort, listens

SERVICES = ("s3", "sns", "sqs", "sts", "iam", "cloudwatch", "kms")
STARTUP_TIMEOUT_SECONDS = 90.0
ATTEMPTS = 3
_MAIN = Path(__file__).with_name("localstack_main.py")
# LocalStack's service catalogue and a self-signed certificate take two seconds to make, and are the same every time.
_CACHE = Path("root/var/lib/localstack/cache")
_PORT_TAKEN = "Address already in use"


@dataclass(frozen=True)
class EmbeddedCloud:
    """A running LocalStack of ours; `stop` ends it and removes what it stored."""

    url: str
    region: str
    account_id: str
    version: str
    child: ChildProcess
    port: ReservedPort
    kind: str = "embedded"

    @property
    def log_path(self) -> Path:
        return self.child.log_path

    def log_tail(self, lines: int = 50) -> str:
        return self.child.log_tail(lines)

    def ended(self) -> str | None:
        code = self.child.exit_code()
        return None if code is None else f"the local cloud ended with exit code {code}; its log is {self.log_path}"

    def stop(self) -> None:
        self.child.stop(grace_seconds=0)  # nothing of it is kept, so it needs no grace
        self.port.release()

    def __enter__(self) -> EmbeddedCloud:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def start_embedded(
    *,
    state_dir: Path,
    region: str = DEFAULT_REGION,
    allowed_hosts: Sequence[str] = (),
    cache: Path | None = None,
    timeout_seconds: float = STARTUP_TIMEOUT_SECONDS,
    progress: Callable[[str], None] = lambda _: None,
    reserve: Callable[[], ReservedPort] = ReservedPort,
) -> EmbeddedCloud:
    """Start LocalStack on a free port and wait until it is healthy.

    Raises ServiceDidNotStart with its last log lines, MachineCannot when it cannot be installed.
    """
    python = localstack_python(cache or cache_dir(), progress=progress)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _start_once(python, reserve(), state_dir, region, allowed_hosts, timeout_seconds)
        except ServiceDidNotStart as error:
            if _PORT_TAKEN not in error.log_tail or attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _start_once(
    python: Path,
    port: ReservedPort,
    state_dir: Path,
    region: str,
    allowed_hosts: Sequence[str],
    timeout_seconds: float,
) -> EmbeddedCloud:
    name = f"localstack-{uuid.uuid4().hex[:12]}"
    folder = (state_dir / "run" / name).absolute()
    environment_dir = python.parents[1]
    with ExitStack() as undo:
        undo.callback(port.release)
        undo.callback(remove_tree, folder)
        (folder / "tmp").mkdir(parents=True)
        _copy_if_absent(environment_dir / "seed", folder / _CACHE)
        child = start_process(
            [python, "-P", _MAIN],
            what="LocalStack",
            state_dir=state_dir,
            log_path=(state_dir / "logs" / f"{name}.log").absolute(),
            environment=_environment(port.port, folder, allowed_hosts, home=environment_dir / "home"),
            cwd=folder,
            remove=[folder],
        )
        undo.callback(child.stop, grace_seconds=0)
        url = f"http://{LOOPBACK}:{port.port}"
        version = _wait_healthy(child, url, port.port, timeout_seconds)
        _copy_if_absent(folder / _CACHE, environment_dir / "seed")
        undo.pop_all()
    return EmbeddedCloud(url, region, DEFAULT_ACCOUNT_ID, version, child, port)


def _copy_if_absent(source: Path, target: Path) -> None:
    """The copy is complete or absent, even when several runs make it at once."""
    if target.exists() or not source.is_dir():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
    shutil.copytree(source, aside)
    try:
        aside.rename(target)
    except OSError:  # another run was first
        remove_tree(aside)


def _environment(port: int, folder: Path, allowed_hosts: Sequence[str], *, home: Path) -> dict[str, str]:
    private = {
        "HOME": str(home),  # LocalStack caches its plugin index there
        "TMPDIR": str(folder / "tmp"),
        "FILESYSTEM_ROOT": str(folder / "root"),
        "REHEARSAL_S3_DIR": str(folder / "s3"),
        "REHEARSAL_ALLOWED_HOSTS": ",".join(allowed_hosts),
        "LOCALSTACK_VOLUME_DIR": str(folder / "volume"),
        "OVERRIDE_IN_DOCKER": "0",  # in a development container LocalStack would detect the official image
        "GATEWAY_LISTEN": f"{LOOPBACK}:{port}",
        "LOCALSTACK_HOST": f"{LOOPBACK}:{port}",  # the host in queue and unsubscribe URLs
        "SQS_ENDPOINT_STRATEGY": "path",  # queue URLs below that host, not a name that must be resolved
    }
    loading = {"SERVICES": ",".join(SERVICES), "EAGER_SERVICE_LOADING": "1"}
    silent = {"DISABLE_EVENTS": "1", "SKIP_SSL_CERT_DOWNLOAD": "1", "DNS_ADDRESS": "0", "DISABLE_CORS_HEADERS": "1"}
    inherited = {name: value for name, value in inherited_environment().items() if "proxy" not in name.lower()}
    return {**inherited, "PYTHONUNBUFFERED": "1", **private, **loading, **silent}


def _wait_healthy(child: ChildProcess, url: str, port: int, timeout_seconds: float) -> str:
    def attempt() -> str | None:
        if (code := child.exit_code()) is not None:
            raise _did_not_start(child, f"LocalStack ended with exit code {code} before it was healthy")
        version = _healthy_version(url)
        if version is not None and listens(child.pid, port):
            return version
        if _PORT_TAKEN in child.log_tail():  # LocalStack does not end then, and another server answers
            raise _did_not_start(child, f"LocalStack could not have port {port}: another server took it")
        return None

    try:
        return wait_until(attempt, what=f"LocalStack at {url}", timeout_seconds=timeout_seconds, every_seconds=0.05)
    except TimedOut as error:
        raise _did_not_start(child, str(error)) from error


def _did_not_start(child: ChildProcess, what: str) -> ServiceDidNotStart:
    return ServiceDidNotStart(f"{what}; its log: {child.log_path}", log_tail=child.log_tail())


def _healthy_version(url: str) -> str | None:
    try:
        with _direct.open(f"{url}/_localstack/health", timeout=2) as answer:
            health = json.load(answer)
    except (OSError, HTTPException, ValueError):
        return None
    ready = {"available", "running"}
    return str(health["version"]) if all(health["services"].get(name) in ready for name in SERVICES) else None


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
