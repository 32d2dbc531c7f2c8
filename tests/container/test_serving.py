"""One instance and two, served by a container as SageMaker runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.docker.engine import INSTANCE_LABEL, SESSION_LABEL, Engine
from harness.serving.images.recipe import COMPATIBLE_IMAGE, read_recipe
from harness.serving.instances.health import wait_healthy
from harness.serving.runtimes.docker_limits import MachineLimits
from harness.serving.runtimes.docker_runtime import DockerRuntime
from tests import wheels
from tests.container.conftest import SESSION
from tests.container.handlers import ECHO, IMPORTS_A_DECODER, TELLS_ITS_SURROUNDINGS, invoke, spec

pytestmark = pytest.mark.container


def test_an_instance_answers_and_leaves_nothing_behind(
    engine: Engine, runtime: Callable[..., DockerRuntime], upload: Callable[..., str], work: Path
) -> None:
    instance = runtime().start(spec(work, upload(ECHO)))
    try:
        wait_healthy(instance)
        answer = invoke(instance, b"12345")
        assert (answer.status_code, answer.text) == (200, "5 bytes of video/mp4")
        assert instance.ended() is None
    finally:
        instance.stop()
    instance.stop()  # a second time does nothing
    ended = instance.ended()
    assert ended is not None
    assert ended.exit_code == 0
    assert engine.labelled(SESSION_LABEL, SESSION) == []
    assert not work.exists()
    assert "Torch worker started" in instance.spec.log_path.read_text()


def test_the_evidence_names_what_served(
    runtime: Callable[..., DockerRuntime], upload: Callable[..., str], work: Path
) -> None:
    limits = MachineLimits(cpus=1.5, memory_bytes=3 * 2**30, gpu_memory_bytes=15 * 2**30)
    instance = runtime(limits).start(spec(work, upload(TELLS_ITS_SURROUNDINGS)))
    try:
        wait_healthy(instance)
        told = instance.facts()
        usage = instance.usage()
        seen = invoke(instance).json()
    finally:
        instance.stop()
    assert (told.runtime, told.image) == ("docker", COMPATIBLE_IMAGE)
    assert told.image_digest is not None
    assert told.image_digest.startswith("sha256:")
    assert usage is not None
    assert 0 < usage.memory_bytes < usage.memory_limit_bytes == 3 * 2**30
    assert usage.cpu_seconds > 0
    assert told.facts["assurance"] == "compatible"
    assert told.facts["recipe"] == read_recipe().digest
    assert (told.facts["torch"], told.facts["torchserve"]) == ("2.6.0", "0.12.0")
    assert (told.facts["limit_cpus"], told.facts["limit_memory_bytes"]) == ("1.5", str(3 * 2**30))
    assert 0 < int(told.facts["memory_peak_bytes"]) <= 3 * 2**30
    assert int(told.facts["worker_peak_rss_bytes"]) > 0
    assert float(told.facts["cpu_seconds"]) > 0
    assert seen["environment"]["GPU_MEMORY_BYTES"] == str(15 * 2**30)
    assert int(instance.facts().facts["memory_peak_bytes"]) > 0, "facts outlive the container"


def test_vendored_packages_are_installed_from_the_archive_and_told(
    runtime: Callable[..., DockerRuntime], upload: Callable[..., str], work: Path
) -> None:
    vendored = {
        "requirements.txt": b"--no-index\n--find-links wheels\nav==99.0\n",
        f"wheels/{wheels.file_name('av', '99.0')}": wheels.wheel("av", "99.0", modules={"av.py": "VERSION = '99.0'\n"}),
    }
    instance = runtime().start(spec(work, upload(IMPORTS_A_DECODER, vendored)))
    try:
        wait_healthy(instance)
        assert invoke(instance).text == "99.0"
        told = instance.facts().facts
    finally:
        instance.stop()
    assert told["av"] == "99.0"
    assert "opencv-python-headless" in told or "opencv-python" in told


def test_the_container_sees_what_it_sees_on_sagemaker(
    engine: Engine, runtime: Callable[..., DockerRuntime], upload: Callable[..., str], work: Path
) -> None:
    awkward = {"PRICE": "5$ or ${HOME}", "QUOTED": 'it\'s "said": #1', "EMPTY": ""}
    instance = runtime().start(spec(work, upload(TELLS_ITS_SURROUNDINGS), **awkward))
    try:
        wait_healthy(instance)
        seen = invoke(instance).json()
        attributes = engine.client.api.inspect_container(instance.container_id)
    finally:
        instance.stop()
    assert {name: seen["environment"].get(name) for name in awkward} == awkward
    assert seen["files"] == ["code", "model.pth"], "the archive itself is not in /opt/ml/model"
    assert not seen["writable"]
    assert attributes["HostConfig"]["PortBindings"]["8080/tcp"][0]["HostIp"] == "127.0.0.1"
    assert attributes["Config"]["Cmd"] == ["serve"]
    assert not attributes["Config"]["Tty"]


def test_two_instances_run_side_by_side(
    engine: Engine, runtime: Callable[..., DockerRuntime], upload: Callable[..., str], tmp_path: Path
) -> None:
    docker, url, folders = runtime(), upload(ECHO), [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    instances = [docker.start(spec(folder, url)) for folder in folders]
    try:
        for instance in instances:
            wait_healthy(instance)
        assert [invoke(instance, b"1").status_code for instance in instances] == [200, 200]
        assert len({instance.base_url for instance in instances}) == 2
        instances[0].stop()
        assert invoke(instances[1], b"12").text == "2 bytes of video/mp4"
        assert {item.kind for item in engine.labelled(INSTANCE_LABEL)} == {"container", "network"}
    finally:
        for instance in instances:
            instance.stop()
