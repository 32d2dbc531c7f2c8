"""The local cloud as a container, with a stand-in for the LocalStack image, which may not be pullable here."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.core.waiting import wait_until
from harness.core.errors import MachineCannot, ServiceDidNotStart
from harness.core.top_level import COMPOSE_FILE
from harness.docker.compose import Compose, find_compose
from harness.docker.engine import SESSION_LABEL, Engine
from harness.local_cloud.compose import start_compose
from harness.serving.images.recipe import read_recipe
from harness.serving.runtimes.docker_runtime import free_port
from tests.container.conftest import cannot_run

pytestmark = pytest.mark.container

SESSION = f"cloud-tests-{os.getpid()}"
STAND_IN = f"rehearsal/localstack-stand-in:{SESSION}"
SERVER = """
import http.server, json, signal, sys, threading
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
class Cloud(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"services": {"s3": "running"}, "version": "stand-in"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
emulator = http.server.ThreadingHTTPServer(("", 4570), Cloud)
threading.Thread(target=emulator.serve_forever, daemon=True).start()
http.server.ThreadingHTTPServer(("", 4566), Cloud).serve_forever()
"""


def _get(url: str) -> httpx.Response | None:
    try:
        return httpx.get(url, trust_env=False)
    except httpx.HTTPError:
        return None


def build(engine: Engine, server: str) -> None:
    dockerfile = f'FROM {read_recipe().base_reference}\nCOPY cloud.py /cloud.py\nCMD ["python3", "-u", "/cloud.py"]\n'
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        for name, text in (("Dockerfile", dockerfile), ("cloud.py", server)):
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    context.seek(0)
    engine.client.images.build(fileobj=context, custom_context=True, tag=STAND_IN, rm=True)


@pytest.fixture
def stand_in(engine: Engine) -> Iterator[str]:
    build(engine, SERVER)
    yield STAND_IN
    engine.client.images.remove(STAND_IN, force=True)


@pytest.fixture
def compose() -> Compose:
    found = find_compose()
    if found is None:
        cannot_run("Docker Compose is not installed")
    return found


@pytest.mark.parametrize("profile", [[], ["--profile", "gpu"]])
def test_the_compose_file_is_valid(compose: Compose, profile: list[str]) -> None:
    done = compose.run(["-f", str(COMPOSE_FILE), *profile, "config"], environment={}, timeout_seconds=30)
    assert done.returncode == 0, done.stderr
    assert "localstack/localstack:4.14.0" in done.stdout
    assert ("emulator-gpu" in done.stdout) >= bool(profile)


def test_it_starts_answers_and_leaves_nothing(engine: Engine, stand_in: str) -> None:
    with start_compose(SESSION, image=stand_in, timeout_seconds=60) as cloud:
        assert cloud.kind == "docker"
        assert httpx.get(f"{cloud.url}/_localstack/health", trust_env=False).json()["version"] == "stand-in"
        assert {item.kind for item in engine.labelled(SESSION_LABEL, SESSION)} == {"container", "network", "volume"}
    cloud.stop()
    assert engine.labelled(SESSION_LABEL, SESSION) == []


def test_compose_up_starts_the_emulator_after_a_healthy_cloud(engine: Engine, stand_in: str, compose: Compose) -> None:
    ports = {"REHEARSAL_CLOUD_PORT": str(free_port()), "REHEARSAL_SAGEMAKER_PORT": str(free_port())}
    images = {"REHEARSAL_LOCALSTACK_IMAGE": stand_in, "REHEARSAL_EMULATOR_IMAGE": stand_in}
    environment = {**ports, **images, "DOCKER_HOST": engine.host, "REHEARSAL_SESSION": SESSION}
    project = ["-p", f"rehearsal-{SESSION}", "-f", str(COMPOSE_FILE)]
    try:
        up = compose.run([*project, "up", "--detach", "--no-build"], environment=environment, timeout_seconds=120)
        assert up.returncode == 0, up.stderr
        answer = wait_until(
            lambda: _get(f"http://127.0.0.1:{ports['REHEARSAL_SAGEMAKER_PORT']}/_rehearsal/instances"),
            what="the emulator's stand-in",
            timeout_seconds=20,
        )
        assert answer.status_code == 200
        containers = [item for item in engine.labelled(SESSION_LABEL, SESSION) if item.kind == "container"]
        assert {item.labels["com.docker.compose.service"] for item in containers} == {"localstack", "emulator"}
    finally:
        compose.run([*project, "down", "--volumes"], environment=environment, timeout_seconds=120)
    assert engine.labelled(SESSION_LABEL, SESSION) == []


def test_two_clouds_run_side_by_side(engine: Engine, stand_in: str) -> None:
    with (
        start_compose(f"{SESSION}-1", image=stand_in, timeout_seconds=60) as one,
        start_compose(f"{SESSION}-2", image=stand_in, timeout_seconds=60) as two,
    ):
        assert one.url != two.url


def test_a_cloud_that_never_gets_healthy_ends_with_its_log_and_leaves_nothing(engine: Engine) -> None:
    build(engine, 'import signal\nprint("thinking about it")\nsignal.sigwait({signal.SIGTERM})\n')
    with pytest.raises(ServiceDidNotStart, match="LocalStack at") as failure:
        start_compose(SESSION, image=STAND_IN, timeout_seconds=4)
    engine.client.images.remove(STAND_IN, force=True)
    assert "thinking about it" in failure.value.log_tail
    assert engine.labelled(SESSION_LABEL, SESSION) == []


def test_a_missing_compose_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MachineCannot, match=r"nowhere\.yml"):
        start_compose(SESSION, compose_file=tmp_path / "nowhere.yml")
