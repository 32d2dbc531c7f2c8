"""A stack that no runtime has heard of: really started, by the process runtime, and met by the emulator's own code."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.core.waiting import wait_until
from harness.core.errors import HarnessError, ServiceDidNotStart
from harness.emulator.context.emulator_context import open_context
from harness.emulator.context.settings import EmulatorSettings
from harness.emulator.instances import container
from harness.emulator.instances.fleet import Fleet, FleetTools
from harness.emulator.instances.platform_log import PlatformLog
from harness.emulator.store.deployment import VariantPlan
from harness.processes import ledger
from harness.serving.instances.health import wait_healthy, wait_loaded
from harness.serving.instances.model_watch import ModelWatch
from harness.serving.instances.runtime import Instance, InstanceSpec
from harness.serving.runtimes.process import ProcessInstance, ProcessRuntime
from tests.harness.serving.archives import BUCKET, archive, s3_with
from tests.harness.serving.stacks.tiny_stack import TIMEOUT, TINY

MODEL = """
import os, time

def answer(body):
    if body == b"die":
        print("the model dies", flush=True)
        os._exit(7)
    if body == b"hang":
        time.sleep(60)
    return body.upper()
"""
BROKEN = "raise ValueError('no weights')\n"


def runtime(tmp_path: Path, model: str = MODEL) -> ProcessRuntime:
    return ProcessRuntime(tmp_path, s3_with(model=archive({"src/model.py": model})), TINY)


@contextmanager
def started(tmp_path: Path, model: str = MODEL, **environment: str) -> Iterator[ProcessInstance]:
    work_dir = tmp_path / "instances" / "i-1"
    work_dir.mkdir(parents=True)
    spec = InstanceSpec(
        instance_id="i-1",
        endpoint_name="shouter",
        variant_name="AllTraffic",
        image="an-image",
        model_data_url=f"s3://{BUCKET}/model",
        environment=environment,
        work_dir=work_dir,
        log_path=tmp_path / "logs" / "i-1.log",
        startup_timeout_seconds=30,
    )
    instance = runtime(tmp_path, model).start(spec)
    try:
        yield instance
    finally:
        instance.stop(grace_seconds=0)


def invoke(base_url: str, body: bytes, answer_path: Path) -> tuple[container.Answer, bytes]:
    headers: Mapping[str, str] = {"Content-Type": "text/plain"}
    with answer_path.open("wb") as file:
        answer = container.invoke(base_url, headers, io.BytesIO(body), len(body), answer=file, timeout_seconds=20)
    return answer, answer_path.read_bytes()


def status_of(instance: Instance, body: bytes, answer_path: Path) -> tuple[int | None, bytes]:
    answer, said = invoke(instance.base_url, body, answer_path)
    return answer.status if isinstance(answer, container.Answered) else None, said


def test_it_is_started_answers_and_ends_with_the_runtime(tmp_path: Path) -> None:
    with started(tmp_path) as instance:
        wait_healthy(instance)
        wait_loaded(instance, TINY)
        assert container.ping(instance.base_url)
        assert status_of(instance, b"hello", tmp_path / "answer") == (200, b"HELLO")
    assert not container.ping(instance.base_url)
    assert not instance.spec.work_dir.exists()
    assert list(ledger.records(tmp_path)) == []


def test_its_facts_name_its_own_packages_and_workers(tmp_path: Path) -> None:
    with started(tmp_path) as instance:
        wait_loaded(instance, TINY)
        facts = instance.facts().facts
    assert "httpx" in facts
    assert not {"torchserve", "java"} & facts.keys()
    assert int(facts["worker_peak_rss_bytes"]) > 1_000_000


def test_its_own_time_out_is_obeyed(tmp_path: Path) -> None:
    with started(tmp_path, **{TIMEOUT: "0.5"}) as instance:
        wait_loaded(instance, TINY)
        limit = TINY.response_timeout_seconds(instance.spec.environment)
        before = time.monotonic()
        assert status_of(instance, b"hang", tmp_path / "answer") == (504, b"tiny gave up")
        assert limit <= time.monotonic() - before < limit + 5


def test_its_own_dialect_tells_why_a_model_does_not_load(tmp_path: Path) -> None:
    with started(tmp_path, BROKEN) as instance:
        with pytest.raises(ServiceDidNotStart, match="cannot load its model: ValueError: no weights") as caught:
            wait_loaded(instance, TINY)
        assert "Traceback" in caught.value.log_tail
        with pytest.raises(HarnessError, match="cannot load the model: ValueError: no weights"):
            ModelWatch(tmp_path / "logs", TINY.log).check()


def test_its_own_noise_is_left_out_of_the_log(tmp_path: Path) -> None:
    with started(tmp_path) as instance:
        wait_loaded(instance, TINY)
        status_of(instance, b"hello", tmp_path / "answer")
        assert "TICK" in instance.spec.log_path.read_text()
        assert "TICK" not in instance.log_tail()
        assert "TINY request" in instance.log_tail()


def test_a_crash_reaches_the_endpoint_with_the_end_of_the_log(tmp_path: Path) -> None:
    settings = EmulatorSettings(tmp_path / "state", "http://127.0.0.1:1", ping_every_seconds=0.1, stop_grace_seconds=0)
    plan = VariantPlan("AllTraffic", "shouter", 1, 1.0, None, "an-image", f"s3://{BUCKET}/model")
    context = open_context(settings, time.time)
    tools = FleetTools(context, runtime(tmp_path), PlatformLog(settings.logs_dir, time.time))
    fleet = Fleet("shouter", plan, tools)

    def healthy() -> bool | None:
        fleet.converge(1)
        return fleet.healthy_count == 1 or None

    def failure() -> str | None:
        fleet.check()
        return fleet.failure

    try:
        wait_until(healthy, what="a healthy instance", timeout_seconds=30)
        (member,) = fleet.members()
        wait_loaded(member.handle, TINY)
        answer, _ = invoke(member.handle.base_url, b"die", tmp_path / "answer")
        assert answer == container.Unanswered(container.PROCESS_EXITED)
        told = wait_until(failure, what="the failure", timeout_seconds=10)
        assert "the container exited with code 7" in told
        assert "the model dies" in told
        wait_until(healthy, what="the replacement", timeout_seconds=30)
    finally:
        fleet.stop()
    assert list(ledger.records(tmp_path)) == []
