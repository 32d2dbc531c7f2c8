"""The doctor's checks of the machine itself: Python, uv, a stack's programs, disk, ports, credentials, environment.

They change nothing and never call AWS: credentials are looked for, not used.
"""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import botocore.session
from botocore.exceptions import BotoCoreError

from deploy.evidence import Finding
from harness.core.errors import MachineCannot
from harness.doctor.finding import bad, ok
from harness.processes.uv import find_uv
from harness.serving.stacks.contract.placement import Requirement

OLDEST_PYTHON, TOO_NEW_PYTHON = (3, 11), (3, 13)
# The images take 6 to 15 GiB, and clips and archives come on top.
_DISK_LITTLE_BYTES = 12 * 2**30
_DISK_TOO_LITTLE_BYTES = 2**30
# The port of the local cloud in docker-compose.yml; everything else takes free ports.
CLOUD_PORT = 4566


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    said = ".".join(map(str, version))
    if OLDEST_PYTHON <= version < TOO_NEW_PYTHON:
        return ok("python", said)
    return bad("python", f"{said} is not 3.11 or 3.12", "`uv sync --python 3.12`", fatal=True)


def check_uv(find: Callable[[], Path] = find_uv) -> Finding:
    try:
        return ok("uv", str(find()))
    except MachineCannot as error:
        return bad("uv", str(error), "`pip install uv`; without it give `--cloud-url`", fatal=False)


def check_program(required: Requirement, *, fatal: bool) -> Finding:
    """A program that a serving stack needs where no image brings it, such as Java."""
    try:
        program = required.find()
    except MachineCannot as error:
        return bad(required.name, str(error), required.fix, fatal=fatal)
    return ok(required.name, f"{program.version} in {program.home}")


def check_disk(folder: Path, free_bytes: int | None = None) -> Finding:
    """The free space of the file system on which `folder` is, or will be."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free if free_bytes is None else free_bytes
    said = f"{free / 2**30:.1f} GiB free at {there}"
    if free >= _DISK_LITTLE_BYTES:
        return ok("disk", said)
    return bad(
        "disk", said, "make room: `docker system prune` shows what Docker holds", fatal=free < _DISK_TOO_LITTLE_BYTES
    )


def check_port(port: int = CLOUD_PORT) -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            fix = f"`--cloud-url http://127.0.0.1:{port}` if that is a LocalStack; only `--cloud docker` needs the port"
            return bad("ports", f"port {port} is taken", fix, fatal=False)
    return ok("ports", f"port {port} is free; other ports are chosen among the free ones")


def check_credentials(find: Callable[[], bool] | None = None) -> Finding:
    """Whether there are AWS credentials, which only official images and promotions need."""
    if (find or _has_credentials)():
        return ok("aws credentials", "found; used to pull official images and to promote, never by a rehearsal")
    fix = "`aws configure` or `aws sso login`; a rehearsal on the compatible image or as a process needs none"
    return bad("aws credentials", "none: no official image can be pulled", fix, fatal=False)


def _has_credentials() -> bool:
    try:
        session = botocore.session.get_session()
        session.set_config_variable("metadata_service_num_attempts", 1)
        return session.get_credentials() is not None
    except BotoCoreError:
        return False


def check_environment(environment: Mapping[str, str]) -> Finding:
    endpoints = sorted(name for name in environment if name.startswith("AWS_ENDPOINT_URL") and environment[name])
    if endpoints:
        said = f"{', '.join(endpoints)} point AWS clients at {environment[endpoints[0]]}"
        return bad("environment", said, f"`unset {' '.join(endpoints)}` before `deploy --promote`", fatal=False)
    if environment.get("AWS_ACCESS_KEY_ID", "").startswith(("AKIA", "ASIA")):
        return ok("environment", "credentials of a real account are set; a rehearsal does not use them")
    return ok("environment", "no variable points at an emulator or a real account")
