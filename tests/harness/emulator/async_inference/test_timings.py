"""The emulator reports an invocation's time on its own path and in no answer of AWS's."""

from __future__ import annotations

import pytest

from harness.core.errors import HarnessError
from harness.emulator.async_inference.jobs import Invocation
from harness.emulator.async_inference.timings import PhaseTimings
from harness.observations.phases import phases_of
from tests.harness.emulator.running import RunningEmulator
from tests.harness.emulator.world import World


def invocation(number: int) -> Invocation:
    return Invocation(f"uuid-{number}", "ep", f"id-{number}", None, None, None, None, 900, 21600, None, None)


def test_the_phases_of_an_invocation_are_told_apart(world: World) -> None:
    endpoint = world.serve()
    world.submit(inference_id="mine")
    world.clock.pass_(7.0)
    assert world.parts.engine.work_one(endpoint.id) is not None
    (told,) = world.parts.records.timings.report()
    assert (told["endpoint_name"], told["inference_id"]) == ("ep", "mine")
    seconds = told["seconds"]
    assert isinstance(seconds, dict)
    assert list(seconds) == ["queue", "download", "container", "upload"]
    assert seconds["queue"] == 7.0
    assert all(0 <= value < 5 for name, value in seconds.items() if name != "queue")


def test_a_phase_that_was_not_reached_has_no_time(world: World) -> None:
    endpoint = world.serve()
    world.submit()
    world.objects.stored.clear()
    world.parts.engine.work_one(endpoint.id)
    (told,) = world.parts.records.timings.report()
    assert list(told["seconds"]) == ["queue"]  # type: ignore[call-overload]  # a report is of plain objects


def test_only_the_last_invocations_are_kept() -> None:
    timings = PhaseTimings(most=2)
    for number in range(4):
        timings.note(invocation(number), "download", 0.5)
    timings.note(invocation(2), "download", 0.25)
    told = timings.report()
    assert [each["inference_id"] for each in told] == ["id-2", "id-3"]
    assert told[0]["seconds"] == {"download": 0.25}


def test_they_are_read_from_the_running_emulator_by_inference_id(running: RunningEmulator) -> None:
    running.serve()
    location = running.objects.put("s3://bucket/in/1", b"hello", "text/plain")
    answers = [running.client.invoke_endpoint_async(EndpointName="ep", InputLocation=location) for _ in range(2)]
    running.wait_for_results(2)
    wanted = answers[1]["InferenceId"]
    (found,) = phases_of(running.emulator.url, {wanted})
    assert found.inference_id == wanted
    assert set(found.seconds) == {"queue", "download", "container", "upload"}
    headers = answers[1]["ResponseMetadata"]["HTTPHeaders"]
    assert not [name for name in headers if "seconds" in name or "timing" in name]


def test_an_emulator_that_does_not_answer_is_named() -> None:
    with pytest.raises(HarnessError, match="cannot tell its timings"):
        phases_of("http://127.0.0.1:9", set())
