"""The same bundle and clip on both runtimes give the same detections, and a bad clip the same error."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.local_cloud.clients import local_client
from harness.local_cloud.local_cloud import LocalCloud
from harness.serving.instances.health import wait_healthy
from harness.serving.instances.runtime import Instance, Runtime
from harness.serving.runtimes.docker_runtime import DockerRuntime
from harness.serving.runtimes.process import ProcessRuntime
from harness.serving.stacks.torchserve import TORCHSERVE
from tests.container.conftest import BUCKET
from tests.container.handlers import invoke, spec

pytestmark = pytest.mark.container

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "harness" / "samples" / "known_answer"
SETTINGS = {"FRAME_INTERVAL": "5", "OMP_NUM_THREADS": "1", "SAGEMAKER_MODEL_SERVER_WORKERS": "1"}


@pytest.fixture(scope="module")
def bundle(cloud: LocalCloud) -> str:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in ("model.pth", "model.json"):
            tar.add(SAMPLE / name, name)
        for path in sorted((ROOT / "handler").rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                tar.add(path, f"code/{path.relative_to(ROOT / 'handler')}")
    local_client("s3", endpoint_url=cloud.url).put_object(Bucket=BUCKET, Key="bundle.tar.gz", Body=packed.getvalue())
    return f"s3://{BUCKET}/bundle.tar.gz"


@contextmanager
def serving(runtime: Runtime, work: Path, bundle: str) -> Iterator[Instance]:
    work.mkdir()
    instance = runtime.start(spec(work, bundle, **SETTINGS))
    try:
        wait_healthy(instance)
        yield instance
    finally:
        instance.stop(grace_seconds=5)


def found(document: dict[str, Any]) -> list[tuple[int, str]]:
    return [(frame["frame_index"], one["label"]) for frame in document["frames"] for one in frame["detections"]]


def numbers(document: dict[str, Any]) -> list[float]:
    every = [one for frame in document["frames"] for one in frame["detections"]]
    return [value for one in every for value in (*one["box"], one["score"])]


def test_both_runtimes_find_the_same_and_refuse_the_same(
    cloud: LocalCloud, runtime: Callable[..., DockerRuntime], bundle: str, tmp_path: Path
) -> None:
    clip = (SAMPLE / "clip.mp4").read_bytes()
    process = ProcessRuntime(tmp_path / "state", local_client("s3", endpoint_url=cloud.url), TORCHSERVE)
    good, bad = [], []
    for where, how in (("process", process), ("docker", runtime())):
        with serving(how, tmp_path / where, bundle) as instance:
            good.append(invoke(instance, clip, timeout_seconds=120))
            bad.append(invoke(instance, clip[:100], timeout_seconds=120))
            assert invoke(instance, clip, timeout_seconds=120).status_code == 200, "healthy after a bad clip"
    assert [answer.status_code for answer in good] == [200, 200], good[1].text
    in_process, in_docker = (answer.json() for answer in good)
    assert len(found(in_process)) > 10
    assert found(in_docker) == found(in_process)
    assert numbers(in_docker) == pytest.approx(numbers(in_process), abs=1e-3)
    assert [answer.status_code for answer in bad] == [400, 400]
    assert bad[0].json() == bad[1].json()
