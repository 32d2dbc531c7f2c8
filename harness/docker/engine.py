"""The Docker engine, through the `docker` SDK. No other module imports the SDK, and no SDK exception leaves this one.

It answers with values, never with SDK objects: facts of the engine, of an image, of a container. What they mean for an
instance is decided elsewhere. The engine must be local, because model data and ports are shared with this machine.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
import docker.errors
import docker.utils
import urllib3.exceptions

from harness.core.errors import MachineCannot
from harness.docker.facts import ContainerState, EngineFacts, ImageFacts, Labelled, Usage, parse_docker_time

SESSION_LABEL = "rehearsal.session"
INSTANCE_LABEL = "rehearsal.instance"
WORK_DIR_LABEL = "rehearsal.work-dir"
# Where `run_once` mounts its folder for the command.
FOLDER_INSIDE = "/mnt"

DEFAULT_HOST = "unix:///var/run/docker.sock"
START_HINT = "start it (`sudo systemctl start docker`), or go on without it: `--runtime process`"


# requests' errors are OSErrors; urllib3's reach the caller bare when a stream breaks.
_UNREACHABLE = (docker.errors.DockerException, urllib3.exceptions.HTTPError, OSError)


class EngineGone(MachineCannot):
    """No engine answers, or the engine stopped answering."""


@contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Maps the SDK's exceptions, and those of the HTTP library below it, to ours; no other code does."""
    try:
        yield
    except docker.errors.APIError as error:
        raise MachineCannot(f"the Docker engine refused while {doing}: {error.explanation or error}") from error
    except _UNREACHABLE as error:
        raise EngineGone(f"no Docker engine answers while {doing} ({error}); {START_HINT}") from error


def engine_host() -> str:
    """DOCKER_HOST, else the local socket. It is for commands that do not inherit this environment."""
    return str(docker.utils.kwargs_from_env().get("base_url") or DEFAULT_HOST)


def _try_socket(host: str, timeout_seconds: float) -> None:
    """Connect once before the SDK does, because the SDK leaves its socket open when nothing listens."""
    if host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(timeout_seconds)
            probe.connect(host.removeprefix("unix://"))


class Engine:
    """One connection to the engine. Close it; it is cheap to open another."""

    def __init__(self, client: docker.DockerClient, host: str) -> None:
        self.client = client
        self.host = host

    @classmethod
    def connect(cls, host: str | None = None, timeout_seconds: int = 60) -> Engine:
        """To `host`, else to DOCKER_HOST, else to the local socket; raises EngineGone when nothing answers there."""
        host = host or engine_host()
        with engine_errors(f"connecting to {host}"):
            _try_socket(host, timeout_seconds)
            client = docker.DockerClient(base_url=host, timeout=timeout_seconds)
            try:
                client.ping()
            except BaseException:
                client.close()
                raise
        return cls(client, host)

    def close(self) -> None:
        self.client.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def facts(self) -> EngineFacts:
        with engine_errors("asking for its facts"):
            info: dict[str, Any] = self.client.info()
            version: dict[str, Any] = self.client.version()
        return EngineFacts(
            version=str(version.get("Version", "unknown")),
            api_version=str(version.get("ApiVersion", "unknown")),
            cpus=int(info.get("NCPU", 0)),
            memory_bytes=int(info.get("MemTotal", 0)),
            root_dir=str(info.get("DockerRootDir", "")),
            cgroup_version=str(info.get("CgroupVersion", "1")),
            has_gpu_runtime="nvidia" in info.get("Runtimes", {}) or bool(info.get("CDISpecDirs")),
        )

    def image(self, reference: str) -> ImageFacts | None:
        """None when the image is not on this machine; never pulls."""
        with engine_errors(f"looking for the image {reference}"):
            try:
                attributes: dict[str, Any] = self.client.images.get(reference).attrs
            except docker.errors.ImageNotFound:
                return None
        return ImageFacts(
            reference=reference,
            image_id=attributes["Id"],
            repo_digests=tuple(attributes.get("RepoDigests") or ()),
            labels=dict((attributes.get("Config") or {}).get("Labels") or {}),
            size_bytes=int(attributes.get("Size", 0)),
        )

    def pull(self, reference: str, username: str, password: str) -> ImageFacts:
        """The credentials stay in memory: no `docker login`, and nothing is written to ~/.docker/config.json."""
        with engine_errors(f"pulling {reference}"):
            self.client.images.pull(reference, auth_config={"username": username, "password": password})
        pulled = self.image(reference)
        if pulled is None:
            raise MachineCannot(f"{reference} was pulled but the engine does not have it; look at `docker images`")
        return pulled

    def registry_digest(self, reference: str, username: str, password: str) -> str:
        """`sha256:...` of the manifest that the registry itself has for `reference`."""
        with engine_errors(f"asking the registry for {reference}"):
            credentials = {"username": username, "password": password}
            return str(self.client.images.get_registry_data(reference, auth_config=credentials).id)

    def state(self, container_id: str) -> ContainerState | None:
        """None when there is no such container."""
        with engine_errors(f"looking at the container {container_id[:12]}"):
            try:
                state = self.client.api.inspect_container(container_id)["State"]
            except docker.errors.NotFound:
                return None
        running = state["Status"] in {"created", "running", "paused", "restarting"}
        return ContainerState(
            container_id=container_id,
            status=state["Status"],
            exit_code=None if running else int(state["ExitCode"]),
            oom_killed=bool(state.get("OOMKilled")),
            error=state.get("Error") or "",
            finished_at=None if running else parse_docker_time(state.get("FinishedAt", "")),
        )

    def log_tail(self, container_id: str, lines: int) -> str:
        with engine_errors(f"reading the log of {container_id[:12]}"):
            try:
                raw: bytes = self.client.api.logs(container_id, tail=lines)
            except docker.errors.NotFound:
                return ""
        return raw.decode("utf-8", "replace").rstrip()

    def follow_log(self, container_id: str) -> Iterator[bytes]:
        """The container's stdout and stderr from its first byte until it ends."""
        with engine_errors(f"following the log of {container_id[:12]}"):
            yield from self.client.api.logs(container_id, stream=True, follow=True)

    def usage(self, container_id: str) -> Usage | None:
        """None when the container does not run."""
        with engine_errors(f"measuring the container {container_id[:12]}"):
            try:
                stats: dict[str, Any] = self.client.api.stats(container_id, stream=False, one_shot=True)
            except docker.errors.NotFound:
                return None
        memory = stats.get("memory_stats") or {}
        if "usage" not in memory:
            return None
        return Usage(
            memory_bytes=int(memory["usage"]),
            memory_peak_bytes=int(memory["max_usage"]) if "max_usage" in memory else self._peak_inside(container_id),
            cpu_seconds=int(stats["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9,
        )

    def _peak_inside(self, container_id: str) -> int | None:
        told = self.run_inside(container_id, ["cat", "/sys/fs/cgroup/memory.peak"])
        return int(told) if told.strip().isdigit() else None

    def run_inside(self, container_id: str, command: list[str]) -> str:
        """Run a command in a running container; its stdout and stderr, whatever its exit code."""
        with engine_errors(f"running {command[0]} in {container_id[:12]}"):
            created = self.client.api.exec_create(container_id, command)
            raw: bytes = self.client.api.exec_start(created["Id"])
        return raw.decode("utf-8", "replace")

    def oom_kills(self, container_id: str, since: datetime) -> int:
        """How often the kernel killed a process in the container for lack of memory; the container may have survived.

        The engine remembers a bounded number of events, so this is a lower bound.
        """
        api: Any = self.client.api  # its stubs allow whole seconds only
        with engine_errors(f"asking for out-of-memory events of {container_id[:12]}"):
            events = api.events(
                since=f"{since.timestamp():.6f}",
                until=f"{datetime.now(UTC).timestamp():.6f}",  # a later time would make the engine wait for it
                filters={"container": container_id, "event": "oom"},
                decode=True,
            )
            return sum(1 for _ in events)

    def stop(self, container_id: str, grace_seconds: float) -> None:
        """SIGTERM, then SIGKILL after the grace; nothing when the container is gone."""
        with engine_errors(f"stopping the container {container_id[:12]}"):
            try:
                self.client.api.stop(container_id, timeout=max(0, round(grace_seconds)))
            except docker.errors.NotFound:
                return

    def remove(self, labelled: Labelled) -> None:
        """A container (killed first if it runs, anonymous volumes included), a network or a volume."""
        api = self.client.api
        with engine_errors(f"removing the {labelled.kind} {labelled.name}"):
            try:
                if labelled.kind == "container":
                    api.remove_container(labelled.id, v=True, force=True)
                elif labelled.kind == "network":
                    api.remove_network(labelled.id)
                else:
                    api.remove_volume(labelled.id)
            except docker.errors.NotFound:
                return

    def labelled(self, label: str, value: str | None = None) -> list[Labelled]:
        """Containers first, then networks and volumes, so that removing them in this order works."""
        wanted = {"label": label if value is None else f"{label}={value}"}
        with engine_errors("listing what carries our label"):
            containers = self.client.api.containers(all=True, filters=wanted)
            networks = self.client.api.networks(filters=wanted)
            volumes = self.client.api.volumes(filters=wanted)["Volumes"] or []
        return [
            *(
                Labelled("container", c["Id"], c["Names"][0].lstrip("/"), c.get("Labels") or {}, c["ImageID"])
                for c in containers
            ),
            *(Labelled("network", n["Id"], n["Name"], n.get("Labels") or {}) for n in networks),
            *(Labelled("volume", v["Name"], v["Name"], v.get("Labels") or {}) for v in volumes),
        ]

    def named(self, prefix: str) -> list[Labelled]:
        """Containers whose name begins with `prefix`."""
        with engine_errors(f"listing the containers {prefix}*"):
            found = self.client.api.containers(all=True, filters={"name": f"^/{prefix}"})
        return [Labelled("container", c["Id"], c["Names"][0].lstrip("/"), c.get("Labels") or {}) for c in found]

    def run_once(self, image: str, command: list[str], folder: Path) -> None:
        """Run one command in a container without network, removed afterwards, that sees `folder` as FOLDER_INSIDE."""
        api = self.client.api
        with engine_errors(f"running {command[0]} on {folder}"):
            host_config = api.create_host_config(
                network_mode="none", binds={str(folder): {"bind": FOLDER_INSIDE, "mode": "rw"}}
            )
            created = api.create_container(image, entrypoint=command, command=[], user="0", host_config=host_config)
            try:
                api.start(created["Id"])
                code = api.wait(created["Id"])["StatusCode"]
            finally:
                api.remove_container(created["Id"], v=True, force=True)
        if code != 0:
            raise MachineCannot(f"{' '.join(command)} on {folder} ended with code {code}; remove it yourself with sudo")
