"""Which runtime is taken, and why: the rules of `--runtime auto|process|docker`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import cast

import pytest

from harness.core.errors import ConfigurationError, MachineCannot
from harness.docker.engine import Engine, EngineGone
from harness.docker.facts import EngineFacts, ImageFacts
from harness.serving.runtimes.choose import Choice, choose, make_runtime
from harness.serving.runtimes.docker_limits import MachineLimits
from harness.serving.runtimes.process import ProcessRuntime

COMPATIBLE = "rehearsal/pytorch-inference-compat:2.6.0-cpu"
OFFICIAL_CPU = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312"
OFFICIAL_GPU = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-gpu-py312"


class EngineWith:
    """An engine that has these images, and is closed when it was asked."""

    def __init__(self, *images: str, gpu: bool = False) -> None:
        self._images = images
        self._gpu = gpu
        self.is_closed = False

    def __enter__(self) -> EngineWith:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.is_closed = True

    def facts(self) -> EngineFacts:
        return EngineFacts("20.10", "1.41", 2, 2**34, "/var/lib/docker", "1", self._gpu)

    def image(self, reference: str) -> ImageFacts | None:
        return ImageFacts(reference, "sha256:id") if reference in self._images else None


def connected(engine: EngineWith) -> Callable[[], Engine]:
    return lambda: cast(Engine, engine)


def nobody() -> Engine:
    raise EngineGone("no Docker engine answers")


def test_processes_are_taken_when_asked_for_without_a_look_at_docker() -> None:
    assert choose("process", connect=nobody).kind == "process"


def test_auto_takes_processes_where_no_engine_runs_and_says_why() -> None:
    choice = choose("auto", connect=nobody)
    assert choice.kind == "process"
    assert "no Docker engine answers" in choice.why


def test_docker_that_was_asked_for_and_is_not_there_is_an_error_of_the_machine() -> None:
    with pytest.raises(MachineCannot, match="no Docker engine answers"):
        choose("docker", connect=nobody)


def test_auto_takes_the_official_image_before_the_compatible_one() -> None:
    engine = EngineWith(COMPATIBLE, OFFICIAL_CPU)
    choice = choose("auto", connect=connected(engine), has_gpu=lambda: False)
    assert (choice.kind, choice.image, choice.gpu) == ("docker", OFFICIAL_CPU, False)
    assert OFFICIAL_CPU in choice.why
    assert engine.is_closed


def test_the_compatible_image_stands_in_for_an_official_one_that_is_not_here() -> None:
    assert choose("docker", connect=connected(EngineWith(COMPATIBLE)), has_gpu=lambda: False).image == COMPATIBLE


def test_auto_without_either_image_takes_processes_and_says_how_to_get_one() -> None:
    choice = choose("auto", connect=connected(EngineWith()), has_gpu=lambda: False)
    assert choice.kind == "process"
    assert "harness image build" in choice.why


def test_an_image_that_was_named_is_the_only_one_considered() -> None:
    engine = EngineWith(COMPATIBLE)
    with pytest.raises(MachineCannot, match="mine/own:1"):
        choose("docker", "mine/own:1", connect=connected(engine), has_gpu=lambda: False)


@pytest.mark.parametrize(
    ("machine", "docker", "image"),
    [(True, True, OFFICIAL_GPU), (True, False, OFFICIAL_CPU), (False, True, OFFICIAL_CPU)],
)
def test_the_gpu_image_is_taken_only_where_docker_can_reach_a_gpu(machine: bool, docker: bool, image: str) -> None:
    engine = EngineWith(OFFICIAL_CPU, OFFICIAL_GPU, gpu=docker)
    choice = choose("auto", connect=connected(engine), has_gpu=lambda: machine)
    assert (choice.image, choice.gpu) == (image, machine and docker)


def test_limits_without_docker_are_refused_and_say_why_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no Docker here"):
        make_runtime(
            Choice("process", "no Docker here"),
            state_dir=tmp_path,
            cloud_url="http://127.0.0.1:4566",
            session_id="s",
            limits=MachineLimits(cpus=4),
        )


def test_the_process_runtime_is_made_for_the_local_cloud(tmp_path: Path) -> None:
    runtime = make_runtime(
        Choice("process", "asked"), state_dir=tmp_path, cloud_url="http://127.0.0.1:4566", session_id="s"
    )
    assert isinstance(runtime, ProcessRuntime)
