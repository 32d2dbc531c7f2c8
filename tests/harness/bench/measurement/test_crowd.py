"""Many requests that wait at once poll no more often than one."""

from __future__ import annotations

from deploy.async_client import Outcome, Request
from deploy.core.waiting import Clock
from harness.bench.measurement.crowd import Crowd
from tests.harness.bench.examples import CLIP, ScriptedClient


def test_a_poll_waits_longer_the_more_requests_wait() -> None:
    slept: list[float] = []
    crowd = Crowd(Clock(sleep=slept.append))

    class Nested:
        """Sends another request while it waits, so that two wait at once."""

        def send(self, request: Request) -> Outcome:
            crowd.clock.sleep(0.1)
            return crowd.counted(Alone()).send(request)

    class Alone(ScriptedClient):
        def send(self, request: Request) -> Outcome:
            crowd.clock.sleep(0.1)
            return super().send(request)

    crowd.counted(Nested()).send(Request(CLIP.path, CLIP.content_type))
    crowd.clock.sleep(0.1)
    assert slept == [0.1, 0.2, 0.1]
    assert crowd.size == 0
