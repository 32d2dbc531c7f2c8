"""S3 and SNS that answer 5xx or answer slowly: attempts are repeated by a rule, limited, and logged at the end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from deploy.core.waiting import wait_until
from harness.emulator.async_inference.jobs import rest_seconds
from harness.emulator.async_inference.outcomes import Cause, JobCompleted, JobFailed
from harness.emulator.context.cloud import CloudFailing
from tests.harness.emulator.containers import Said
from tests.harness.emulator.world import World

ATTEMPTS = 20


class Failing:
    """Replaces a method: answers 5xx to every call, or to those that `is_meant` selects, and counts them."""

    def __init__(self, really: Callable[..., object], is_meant: Callable[[str], bool] = lambda _: True) -> None:
        self.really, self.is_meant = really, is_meant
        self.count = 0

    def __call__(self, where: str, *arguments: object, **named: object) -> object:
        if not self.is_meant(where):
            return self.really(where, *arguments, **named)
        self.count += 1
        raise CloudFailing(f"{where}: InternalError We encountered an internal error. Please try again.")


def breaks(world: World, monkeypatch: pytest.MonkeyPatch, what: str, meant: str = "") -> Failing:
    owner = world.topics if what == "publish" else world.objects
    failing = Failing(getattr(owner, what), lambda where: meant in where)
    monkeypatch.setattr(owner, what, failing)
    return failing


def persist(world: World) -> None:
    """Work as the dispatcher does, through every wait."""
    for _ in range(3 * ATTEMPTS):
        world.clock.pass_(60)
        world.work()
        world.parts.engine.settle(world.endpoint().id)


def noted(world: World, name: str) -> float:
    world.parts.publisher.publish()
    return world.metrics.sum(name) or 0.0


def test_rests_double_up_to_a_minute_and_last_fourteen_minutes_in_all() -> None:
    rests = [rest_seconds(attempts) for attempts in range(1, ATTEMPTS)]
    assert rests[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert sum(rests) == 843


def test_a_topic_that_fails_for_good_costs_the_message_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world.serve()
    failing = breaks(world, monkeypatch, "publish")
    job = world.submit()
    with caplog.at_level(logging.WARNING):
        persist(world)
    assert failing.count == ATTEMPTS
    assert world.job(job).state == "done"
    assert world.objects.writes == [job.output_location], "the object was written once"
    assert noted(world, "NotificationFailures") == 1
    assert noted(world, "InvocationFailures") == 0
    uuid = world.job(job).invocation.uuid
    assert f"job {uuid} of ep: given up after {ATTEMPTS} attempts" in caplog.text


def test_a_topic_that_comes_round_gets_its_one_message(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.serve()
    with monkeypatch.context() as broken:
        failing = breaks(world, broken, "publish")
        job = world.submit()
        world.work()
        for _ in range(5):
            world.clock.pass_(60)
            world.parts.engine.settle(world.endpoint().id)
        assert failing.count == 6
    persist(world)
    assert [one["inferenceId"] for one in world.topics.results()] == [job.inference_id]
    assert noted(world, "NotificationFailures") == 0


def test_rests_are_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.serve()
    failing = breaks(world, monkeypatch, "publish")
    world.submit()
    world.work()
    for _ in range(62):  # tried at 0, 1, 3, 7, 15, 31 s; next at 63 s
        world.clock.pass_(1)
        world.parts.engine.settle(world.endpoint().id)
    assert failing.count == 6


def test_an_output_that_cannot_be_written_is_a_failure_in_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.serve()
    failing = breaks(world, monkeypatch, "store", "/out/")
    job = world.submit()
    persist(world)
    assert failing.count == ATTEMPTS
    outcome = world.job(job).outcome
    assert isinstance(outcome, JobFailed)
    assert outcome.cause is Cause.UPLOAD
    assert f"given up after {ATTEMPTS} attempts" in outcome.reason
    assert world.objects.writes == [job.failure_location]
    assert [one["invocationStatus"] for one in world.topics.results()] == ["Failed"]


def test_where_nothing_can_be_written_each_step_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.serve()
    stores, publishes = breaks(world, monkeypatch, "store"), breaks(world, monkeypatch, "publish")
    job = world.submit()
    persist(world)
    assert (stores.count, publishes.count) == (2 * ATTEMPTS, ATTEMPTS)
    assert world.job(job).state == "done"
    assert noted(world, "ResponseUploadFailures") == 2, "the output's, and the failure object's"


def test_an_input_that_cannot_be_read_is_a_failure_in_the_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.serve()
    failing = breaks(world, monkeypatch, "fetch")
    job = world.submit()
    persist(world)
    assert failing.count == ATTEMPTS
    outcome = world.job(job).outcome
    assert isinstance(outcome, JobFailed)
    assert outcome.cause is Cause.DOWNLOAD
    assert world.script.seen == []


def test_attempts_are_remembered_over_a_restart(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.serve()
    failing = breaks(world, monkeypatch, "publish")
    world.submit()
    world.work()
    world.restart()
    world.step()
    persist(world)
    assert failing.count == ATTEMPTS


def test_a_cloud_that_does_not_answer_is_waited_for_however_long(world: World) -> None:
    world.serve()
    world.topics.is_reachable = False
    job = world.submit()
    persist(world)
    assert world.job(job).attempts == 0
    world.topics.is_reachable = True
    persist(world)
    assert len(world.topics.results()) == 1


def test_no_more_requests_are_sent_while_many_outcomes_are_owed(world: World) -> None:
    world.serve()
    limit = world.settings.most_deliveries
    world.topics.is_reachable = False
    for _ in range(limit + 10):
        world.submit()
    for _ in range(limit + 10):
        world.work()
    assert len(world.script.seen) == limit
    world.topics.is_reachable = True
    while world.parts.records.jobs.backlog(world.endpoint().id).size:
        world.clock.pass_(1)
        world.parts.engine.settle(world.endpoint().id)
        world.work()
    assert len(world.topics.results()) == limit + 10


def test_slow_deliveries_hold_up_the_container(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.serve(concurrency=4)
    gate, really = threading.Event(), world.objects.store

    def slowly(*arguments: object, **named: object) -> None:
        gate.wait(10)
        really(*arguments, **named)  # type: ignore[arg-type]  # passed on unchanged

    monkeypatch.setattr(world.objects, "store", slowly)
    limit = world.settings.most_deliveries
    for _ in range(limit + 50):
        world.submit()
    endpoint_id = world.endpoint().id
    threads = []
    while (assignment := world.parts.engine.assign(endpoint_id)) is not None:
        threads.append(threading.Thread(target=world.parts.engine.perform, args=(assignment,)))
        threads[-1].start()
        wait_until(
            lambda: world.parts.records.jobs.owed(endpoint_id, 1000) == len(threads) or None,
            what="the outcome to be decided",
            timeout_seconds=10,
            every_seconds=0.001,
        )
    assert len(threads) == limit
    gate.set()
    for thread in threads:
        thread.join()
    assert len(world.objects.writes) == len(threads)


def test_a_failed_answer_of_the_container_is_no_failing_cloud(world: World) -> None:
    world.serve()
    world.script.answer = lambda _: Said(503, b"busy")
    job = world.submit()
    assert isinstance(world.work(), JobFailed)
    assert world.job(job).attempts == 0
    world.script.answer = lambda _: Said(200, b"fine")
    assert isinstance((world.submit(), world.work())[1], JobCompleted)
