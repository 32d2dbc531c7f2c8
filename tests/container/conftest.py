"""What the container tests share: an engine, the compatible image, a local cloud, and proof that nothing is left.

Without an engine or image the tests are skipped with the reason; with FAIL_WITHOUT_DOCKER set they fail instead.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from harness.core.errors import MachineCannot
from harness.docker.engine import SESSION_LABEL, Engine
from harness.local_cloud.clients import local_client
from harness.local_cloud.local_cloud import LocalCloud
from harness.local_cloud.localstack import start_embedded
from harness.serving.images.build import is_current
from harness.serving.images.recipe import COMPATIBLE_IMAGE, read_recipe
from harness.serving.runtimes.docker_limits import UNLIMITED, MachineLimits
from harness.serving.runtimes.docker_runtime import DockerRuntime, DockerSettings, free_port
from harness.serving.stacks.torchserve import TORCHSERVE
from tests.container.handlers import archive

SESSION = f"container-tests-{os.getpid()}"
BUCKET = "models"


def cannot_run(reason: str) -> NoReturn:
    if os.environ.get("FAIL_WITHOUT_DOCKER"):
        pytest.fail(f"FAIL_WITHOUT_DOCKER is set, and {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    try:
        connected = Engine.connect()
    except MachineCannot as error:
        cannot_run(str(error))
    with connected:
        if not is_current(connected.image(COMPATIBLE_IMAGE), read_recipe()):
            cannot_run(f"{COMPATIBLE_IMAGE} is not here as its recipe says; `harness image build` builds it")
        yield connected


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with start_embedded(state_dir=tmp_path_factory.mktemp("cloud")) as running:
        local_client("s3", endpoint_url=running.url).create_bucket(Bucket=BUCKET)
        yield running


@pytest.fixture
def upload(cloud: LocalCloud) -> Callable[..., str]:
    """Put a model archive with this handler into the local cloud; returns its address."""

    def put(handler: str, more: Mapping[str, bytes] | None = None, name: str = "model.tar.gz") -> str:
        client = local_client("s3", endpoint_url=cloud.url)
        client.put_object(Bucket=BUCKET, Key=name, Body=archive(handler, more))
        return f"s3://{BUCKET}/{name}"

    return put


@pytest.fixture
def runtime(engine: Engine, cloud: LocalCloud) -> Iterator[Callable[..., DockerRuntime]]:
    """Make a runtime; after the test, nothing with the session's label may be left."""

    def make(
        limits: MachineLimits = UNLIMITED, port: Callable[[], int] = free_port, image: str | None = COMPATIBLE_IMAGE
    ) -> DockerRuntime:
        return DockerRuntime(DockerSettings(cloud.url, SESSION, image=image, limits=limits), engine, TORCHSERVE, port)

    yield make
    left = engine.labelled(SESSION_LABEL, SESSION)
    for item in left:
        engine.remove(item)
    assert left == []


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Two MiB of it; needs root to be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small disk: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)
