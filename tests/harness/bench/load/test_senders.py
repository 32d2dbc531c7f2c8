"""One repeat of a load: which requests are sent, and from when their time counts."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from botocore.exceptions import EndpointConnectionError

from deploy.async_client import Outcome, Request
from harness.bench.load.reading import Uncounted
from harness.bench.load.senders import Broken, Repeat, Shot, Unsent
from harness.bench.load.shapes import CLOSED, Poisson
from tests.harness.bench.examples import load_of
from tests.harness.bench.load.clock import SlowClient, StoppedClock

TWO = load_of("a", "b", meter=Uncounted()).sent


@dataclass(frozen=True)
class Every:
    """An open load with one sender: a request every `gap` seconds."""

    gap: float
    count: int
    text: str = "every"

    def senders(self, _concurrency: int, /) -> int:
        return 1

    def offsets(self, _seconds: float, /) -> list[float]:
        return [self.gap * place for place in range(self.count)]


def test_a_closed_load_sends_for_its_time_and_every_request_equally_often() -> None:
    stopped = StoppedClock()
    client = SlowClient(stopped, [0.3])
    shots = Repeat(TWO, CLOSED, seconds=1.0, clock=stopped.clock).run([client])
    assert [shot.sent.name for shot in shots] == ["a", "b", "a", "b"], "at 0.9 s a had its turn, so b has its own"
    assert [shot.seconds for shot in shots] == pytest.approx([0.3] * 4)


def test_a_request_longer_than_the_repeat_is_sent_once_by_every_client() -> None:
    stopped = StoppedClock()
    clients = [SlowClient(stopped, [30.0]) for _ in range(3)]
    shots = Repeat(TWO[:1], CLOSED, concurrency=3, seconds=1.0, clock=stopped.clock).run(clients)
    assert [len(client.sent) for client in clients] == [1, 1, 1]
    assert len(shots) == 3


def test_a_closed_load_counts_from_the_end_of_the_upload() -> None:
    stopped = StoppedClock()
    client = SlowClient(stopped, [0.5], upload_seconds=0.2)
    (shot,) = Repeat(TWO[:1], CLOSED, seconds=0.0, clock=stopped.clock).run([client])
    assert (shot.seconds, shot.accepted, shot.ended) == pytest.approx((0.5, 100.2, 100.7))


def test_a_stall_is_paid_by_every_request_that_was_due_meanwhile() -> None:
    """No coordinated omission: 1 s of silence shows in all ten requests that were due in it, not in one."""
    stopped = StoppedClock()
    client = SlowClient(stopped, [1.0, 0.01])
    shots = Repeat(TWO, Every(0.1, 20), clock=stopped.clock).run([client])
    assert len(shots) == 20
    assert [round(shot.seconds, 2) for shot in shots[:5]] == [1.0, 0.91, 0.82, 0.73, 0.64]
    assert sum(shot.seconds > 0.15 for shot in shots) == 10
    assert shots[-1].seconds == pytest.approx(0.01)


def test_an_open_load_counts_the_upload_and_sends_nothing_before_its_time() -> None:
    stopped = StoppedClock()
    client = SlowClient(stopped, [0.01], upload_seconds=0.02)
    shots = Repeat(TWO, Every(0.5, 4), clock=stopped.clock).run([client])
    assert [shot.started - 100.0 for shot in shots] == pytest.approx([0.0, 0.5, 1.0, 1.5])
    assert [shot.seconds for shot in shots] == pytest.approx([0.03] * 4)


def test_what_an_endpoint_does_not_keep_up_with_is_counted_and_not_dropped() -> None:
    stopped = StoppedClock()
    client = SlowClient(stopped, [20.0])
    shots = Repeat(TWO, Every(1.0, 10), clock=stopped.clock).run([client])
    unsent = [shot for shot in shots if isinstance(shot.outcome, Unsent)]
    assert (len(shots), len(client.sent), len(unsent)) == (10, 2, 8)
    assert (
        str(unsent[0].outcome)
        == "Unsent(why='the endpoint does not keep up with every: after 30 s not all of it could be sent')"
    )


def test_a_request_that_breaks_is_a_shot_of_its_own() -> None:
    class Breaking:
        def send(self, request: Request) -> Outcome:
            raise EndpointConnectionError(endpoint_url=f"http://127.0.0.1:1/{request.attributes}")

    shots = Repeat(TWO, CLOSED, seconds=0.0).run([Breaking()])
    assert ["127.0.0.1:1/a" in str(shot.outcome) for shot in shots] == [True, False]
    assert all(isinstance(shot.outcome, Broken) for shot in shots)


def test_no_more_is_sent_once_nothing_more_is_wanted() -> None:
    stopped = StoppedClock()
    client = SlowClient(stopped, [0.1])
    seen: list[Shot] = []

    def is_wanted(shot: Shot) -> bool:
        seen.append(shot)
        return len(seen) < 3

    shots = Repeat(TWO, Poisson(5.0), clock=stopped.clock).run([client], is_wanted)
    assert len(shots) == len(client.sent)
    assert 3 <= len(shots) <= 3 + 32, "those on their way"
