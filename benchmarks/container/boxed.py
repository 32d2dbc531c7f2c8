"""Runs pytest once in a container of an image.

Owns the container, its rights and a scratch folder, from their start to their removal. The harness calls the engine.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_benchmark.utils import get_commit_info

from benchmarks import context
from benchmarks.container import borrowed, suites
from benchmarks.container.inside import INPUTS, LENT, REPOSITORY, RESULTS, SCRATCH
from benchmarks.contestants.worker import ROOT
from harness.core.errors import HarnessError
from harness.core.state import new_temp_dir, remove_tree
from harness.docker.engine import SESSION_LABEL, Engine, engine_errors
from harness.docker.facts import Labelled
from harness.serving.images.pinned import PinnedImage, require_image

RESULT = "benchmark.json"
_MADE = ROOT / ".benchmarks" / "inputs"
_NOBODY = 65534
_GRACE_SECONDS = 20


@dataclass(frozen=True)
class Order:
    """What to run. `environment` has the settings for the extent of the suites."""

    image: str
    suites: tuple[str, ...]
    results: Path
    pytest_arguments: tuple[str, ...] = ()
    gpu: bool = False
    without_packages: bool = False
    """Whether what the project's bundle carries, such as PyAV, is left out."""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> list[str]:
        fixed = ("--benchmark-enable", "-s", "-v", "-p", "no:cacheprovider", f"--benchmark-json={RESULTS}/{RESULT}")
        files = (suites.file_of(suite) for suite in self.suites)
        return ["python", "-m", "benchmarks.container.inside", *files, *fixed, *self.pytest_arguments]


@dataclass(frozen=True)
class Folders:
    """The folders of this machine that the container gets; it may write to `inputs` and `results`."""

    inputs: Path
    lent: Path
    results: Path

    def binds(self) -> dict[str, dict[str, str]]:
        return {
            str(ROOT): {"bind": REPOSITORY, "mode": "ro"},
            str(self.lent): {"bind": LENT, "mode": "ro"},
            str(self.inputs): {"bind": INPUTS, "mode": "rw"},
            str(self.results): {"bind": RESULTS, "mode": "rw"},
        }


def run(order: Order, engine: Engine, prepare: Callable[[], None]) -> int:
    """Run pytest and return its exit code. `prepare` makes the clips once the image is found. Raises HarnessError."""
    image = require_image(engine, order.image)
    prepare()
    user = container_user(os.getuid(), os.getgid())
    with _folders(order, user) as folders:
        told = {**_known_of(image, engine), "lent": borrowed.lend(folders.lent)}
        with _container(engine, order, folders, user, told) as container_id:
            for chunk in engine.follow_log(container_id):
                sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
            return _exit_code(engine, container_id)


def container_user(uid: int, gid: int) -> tuple[int, int]:
    """The calling user, or `nobody` instead of root."""
    return (uid, gid) if uid != 0 else (_NOBODY, _NOBODY)


@contextmanager
def _folders(order: Order, user: tuple[int, int]) -> Iterator[Folders]:
    """Link clips and weights from their folders; copy results to the wanted folder at the end."""
    scratch = new_temp_dir("benchmarks")
    folders = Folders(scratch / "inputs", scratch / "lent", scratch / "results")
    try:
        _MADE.mkdir(parents=True, exist_ok=True)
        shutil.copytree(_MADE, folders.inputs, copy_function=_linked)
        folders.lent.mkdir()
        folders.results.mkdir()
        for folder in (folders.inputs, folders.results):
            os.chown(folder, *user)
        yield folders
    finally:
        _keep(folders.results, order.results)
        remove_tree(scratch)


def _keep(results: Path, wanted: Path) -> None:
    """Keep results, also of an interrupted run; pytest-benchmark opens its file at the start and may leave it empty."""
    for path in sorted(each for each in results.glob("*.json") if each.stat().st_size):
        wanted.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, wanted / path.name)


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)


def _known_of(image: PinnedImage, engine: Engine) -> dict[str, Any]:
    """The facts that the container cannot find out by itself."""
    return {
        "image": image.reference,
        "image_digest": image.digest,
        **image.facts(),
        "engine": engine.facts().version,
        "commit": _commit(),
    }


def _commit() -> dict[str, Any]:
    found = get_commit_info()  # type: ignore[no-untyped-call]  # pytest-benchmark leaves it untyped
    return {name: found[name] for name in ("id", "time", "dirty") if name in found}


@contextmanager
def _container(
    engine: Engine, order: Order, folders: Folders, user: tuple[int, int], told: Mapping[str, Any]
) -> Iterator[str]:
    """Start a container; at the end send SIGINT, on which pytest writes its results, and remove it."""
    container_id = _created(engine, order, folders, user, told)
    try:
        with engine_errors(f"starting a container of {order.image}"):
            engine.client.api.start(container_id)
        yield container_id
    finally:
        try:
            engine.stop(container_id, _GRACE_SECONDS)
        finally:
            engine.remove(Labelled("container", container_id, container_id[:12], {}))


def _created(engine: Engine, order: Order, folders: Folders, user: tuple[int, int], told: Mapping[str, Any]) -> str:
    api = engine.client.api
    rights: dict[str, Any] = {
        "network_mode": "none",
        "read_only": True,
        "tmpfs": {SCRATCH: "mode=1777,exec"},  # the libraries of vendored packages are mapped from there
        "binds": folders.binds(),
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
    }
    if order.gpu:
        rights["device_requests"] = [{"count": -1, "capabilities": [["gpu"]]}]
    with engine_errors(f"creating a container of {order.image}"):
        created: dict[str, str] = api.create_container(
            order.image,
            entrypoint=order.command,
            command=[],
            user="{}:{}".format(*user),
            working_dir=REPOSITORY,
            environment=_environment(order, told),
            host_config=api.create_host_config(**rights),
            stop_signal="SIGINT",
            labels={SESSION_LABEL: f"benchmarks-{os.getpid()}"},
        )
    return created["Id"]


def _environment(order: Order, told: Mapping[str, Any]) -> dict[str, str]:
    """The container's environment, with a user name and a home, since its user has neither."""
    own = {"HOME": SCRATCH, "TMPDIR": SCRATCH, "USER": "benchmarks", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**order.environment, **own, "PYTHONUNBUFFERED": "1", context.VARIABLE: json.dumps(told)}


def _exit_code(engine: Engine, container_id: str) -> int:
    state = engine.state(container_id)
    if state is None or state.exit_code is None:
        raise HarnessError("the container was removed by somebody else before it ended; run it again")
    if state.oom_killed:
        raise HarnessError("the container was killed for want of memory; free some, or run fewer suites at once")
    return state.exit_code
