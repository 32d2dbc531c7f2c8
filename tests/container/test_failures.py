"""What goes wrong with containers: each case ends with the cause, the container's last lines and a clean machine."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.core.waiting import wait_until
from harness.core.errors import MachineCannot, ModelDataError, ServiceDidNotStart
from harness.docker.engine import SESSION_LABEL, Engine
from harness.local_cloud.local_cloud import LocalCloud
from harness.serving.images.recipe import COMPATIBLE_IMAGE
from harness.serving.instances.gpu import gpus
from harness.serving.instances.health import wait_healthy
from harness.serving.runtimes.docker_limits import MachineLimits
from harness.serving.runtimes.docker_local_mode import PortTaken
from harness.serving.runtimes.docker_runtime import DockerRuntime, DockerSettings, free_port
from harness.serving.stacks.torchserve import TORCHSERVE
from tests.container.conftest import BUCKET, SESSION
from tests.container.handlers import (
    CANNOT_BE_IMPORTED,
    EATS_MEMORY,
    ECHO,
    SLEEPS,
    TELLS_ITS_SURROUNDINGS,
    invoke,
    spec,
)
from tests.container.proxy import SocketProxy

pytestmark = pytest.mark.container

Make = Callable[..., DockerRuntime]
Upload = Callable[..., str]


def test_a_handler_that_cannot_be_imported_is_named_in_the_last_lines_of_the_log(
    runtime: Make, upload: Upload, work: Path
) -> None:
    # TorchServe neither ends nor fails its ping: it starts the worker again and again, here as on SageMaker.
    instance = runtime().start(spec(work, upload(CANNOT_BE_IMPORTED)))
    try:
        wait_until(
            lambda: "told" if "No module named 'a_module_that_is_not_there'" in instance.log_tail() else None,
            what="the cause in the last 50 lines of the log",
            timeout_seconds=30,
        )
        assert instance.ended() is None
    finally:
        instance.stop(grace_seconds=1)


def test_a_container_that_exits_at_start_says_with_which_code_and_why(
    runtime: Make, upload: Upload, work: Path
) -> None:
    url = upload(ECHO, {"requirements.txt": b"/nowhere/at-all-1.0-py3-none-any.whl\n"})
    instance = runtime().start(spec(work, url))
    try:
        with pytest.raises(ServiceDidNotStart, match="exited with code 1 before it was healthy") as failure:
            wait_healthy(instance)
        assert "at-all-1.0" in failure.value.log_tail
        assert len(failure.value.log_tail.splitlines()) <= 50
    finally:
        instance.stop(grace_seconds=1)


def test_an_instance_that_never_gets_healthy_ends_at_its_own_time_out(
    runtime: Make, upload: Upload, work: Path
) -> None:
    listens_elsewhere = spec(work, upload(ECHO), SAGEMAKER_BIND_TO_PORT="9090")
    instance = runtime().start(listens_elsewhere)
    try:
        with pytest.raises(ServiceDidNotStart, match="waited 8 s") as failure:
            wait_healthy(instance, timeout_seconds=8)
        assert "0.0.0.0:9090" in failure.value.log_tail
        assert instance.ended() is None
    finally:
        instance.stop(grace_seconds=1)


def test_a_worker_that_eats_its_machine_is_counted_as_an_out_of_memory_kill(
    runtime: Make, upload: Upload, work: Path
) -> None:
    instance = runtime(MachineLimits(memory_bytes=1200 * 2**20)).start(spec(work, upload(EATS_MEMORY)))
    try:
        wait_healthy(instance)
        answer = invoke(instance)
        facts = instance.facts().facts
    finally:
        instance.stop(grace_seconds=1)
    assert answer.status_code >= 500
    assert int(facts["oom_kills"]) >= 1


def test_a_container_without_enough_memory_to_start_ends_with_that_reason(
    runtime: Make, upload: Upload, work: Path
) -> None:
    instance = runtime(MachineLimits(memory_bytes=24 * 2**20)).start(spec(work, upload(ECHO)))
    try:
        with pytest.raises(ServiceDidNotStart, match=r"killed: out of memory \(its limit was 24 MiB\)"):
            wait_healthy(instance)
    finally:
        instance.stop(grace_seconds=1)


def test_a_container_killed_from_outside_is_told_from_one_out_of_memory(
    engine: Engine, runtime: Make, upload: Upload, work: Path
) -> None:
    instance = runtime().start(spec(work, upload(ECHO)))
    try:
        wait_healthy(instance)
        engine.client.api.kill(instance.container_id)
        ended = wait_until(instance.ended, what="the container to end", timeout_seconds=20)
        assert (ended.exit_code, "not for want of memory" in ended.reason) == (137, True)
    finally:
        instance.stop()


def test_a_worker_killed_inside_fails_its_request_and_the_next_one_succeeds(
    engine: Engine, runtime: Make, upload: Upload, work: Path
) -> None:
    instance = runtime().start(spec(work, upload(SLEEPS)))
    kill_workers = (
        "import os, signal\n"
        "for pid in map(int, filter(str.isdigit, os.listdir('/proc'))):\n"
        "    if pid != os.getpid() and b'model_service_worker' in open(f'/proc/{pid}/cmdline', 'rb').read():\n"
        "        os.kill(pid, signal.SIGKILL)\n"
    )
    try:
        wait_healthy(instance)
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(invoke, instance, b"30")
            wait_until(
                lambda: "asked" if "asked to sleep 30 s" in instance.log_tail(500) else None,
                what="the worker to be asked",
                timeout_seconds=10,
            )
            engine.run_inside(instance.container_id, ["python", "-c", kill_workers])
            assert asked.result(timeout=60).status_code in {500, 507}  # which, depends on the moment of death
        answer = wait_until(
            lambda: answer if (answer := invoke(instance, b"0")).status_code == 200 else None,
            what="a new worker",
            timeout_seconds=60,
            every_seconds=0.5,
        )
        assert answer.text == "slept"
        assert instance.ended() is None
    finally:
        instance.stop(grace_seconds=1)


def test_a_port_taken_in_the_meantime_is_replaced_by_another(runtime: Make, upload: Upload, work: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = iter([other.getsockname()[1], free_port()])
        instance = runtime(port=lambda: next(ports)).start(spec(work, upload(ECHO)))
        try:
            wait_healthy(instance)
        finally:
            instance.stop(grace_seconds=1)


def test_a_port_that_stays_taken_is_named_and_nothing_is_left(
    engine: Engine, runtime: Make, upload: Upload, work: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken: int = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {taken} was taken"):
            runtime(port=lambda: taken).start(spec(work, upload(ECHO)))
    assert engine.labelled(SESSION_LABEL, SESSION) == []
    assert not work.exists()


@pytest.mark.skipif(bool(gpus()), reason="this machine has a GPU")
def test_a_gpu_that_docker_cannot_reach_is_told_and_nothing_is_left(
    engine: Engine, cloud: LocalCloud, upload: Upload, work: Path
) -> None:
    docker = DockerRuntime(DockerSettings(cloud.url, SESSION, image=COMPATIBLE_IMAGE, gpu=True), engine, TORCHSERVE)
    with pytest.raises(ServiceDidNotStart, match="could not select device driver"):
        docker.start(spec(work, upload(ECHO)))
    assert engine.labelled(SESSION_LABEL, SESSION) == []
    assert not work.exists()


def test_an_image_that_is_not_here_is_named_with_the_command_that_gets_it(runtime: Make, work: Path) -> None:
    with pytest.raises(
        MachineCannot, match=r"example/absent:1.0 is not on this machine.*docker pull example/absent:1.0"
    ):
        runtime(image=None).start(spec(work, None))


@pytest.mark.parametrize("key", ["absent.tar.gz", "model"])
def test_model_data_that_is_not_there_is_a_model_data_error(
    engine: Engine, runtime: Make, upload: Upload, work: Path, key: str
) -> None:
    upload(ECHO)  # `model` is a prefix of its key, and no object
    with pytest.raises(ModelDataError, match=f"could not find model data at s3://{BUCKET}/{key}"):
        runtime().start(spec(work, f"s3://{BUCKET}/{key}"))
    assert engine.labelled(SESSION_LABEL, SESSION) == []
    assert not work.exists()


# The SDK leaves its socket open when nobody is at home.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_engine_that_goes_away_ends_the_instance_and_stop_still_cleans_the_disk(
    engine: Engine, cloud: LocalCloud, upload: Upload, work: Path, tmp_path: Path
) -> None:
    settings = DockerSettings(cloud.url, SESSION, image=COMPATIBLE_IMAGE)
    with (
        SocketProxy(tmp_path / "docker.sock", engine.host) as proxy,
        Engine.connect(proxy.url, timeout_seconds=5) as through_proxy,
    ):
        instance = DockerRuntime(settings, through_proxy, TORCHSERVE).start(spec(work, upload(ECHO)))
        wait_healthy(instance)
        wait_until(
            lambda: "there" if "Model server started" in instance.spec.log_path.read_text() else None,
            what="the first lines of the log file",
            timeout_seconds=20,
        )
        proxy.cut()
        ended = instance.ended()
        instance.stop()
    for item in engine.labelled(SESSION_LABEL, SESSION):
        engine.remove(item)
    assert ended is not None
    assert ended.reason == "the Docker engine stopped answering"
    assert "Model server started" in instance.log_tail(500)
    assert not work.exists()
    gc.collect()


def test_a_disk_that_is_full_is_told_as_the_cause(runtime: Make, upload: Upload, small_disk: Path) -> None:
    work = small_disk / "work"
    work.mkdir()
    url = upload(TELLS_ITS_SURROUNDINGS, {"big.txt": b"0123456789" * 400_000})
    with pytest.raises(ModelDataError, match="No space left on device"):
        runtime().start(spec(work, url))
