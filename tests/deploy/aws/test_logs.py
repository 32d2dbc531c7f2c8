"""`deploy logs --follow`: every line once, as it comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from deploy.aws.logs import follow
from deploy.core.waiting import REAL_TIME, Clock
from tests.deploy.watched_cloud import START, WatchedCloud


def event(number: int, *, after_seconds: float) -> dict[str, Any]:
    at: datetime = START + timedelta(seconds=after_seconds)
    millis = int(at.timestamp() * 1000)
    return {"timestamp": millis, "logStreamName": "AllTraffic/i-1", "message": f"{number}", "eventId": f"id-{number}"}


def clock_that_writes(cloud: WatchedCloud, later: list[dict[str, Any]], slept: list[float]) -> Clock:
    """One more line appears while it sleeps."""

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        assert cloud.log_events is not None
        cloud.log_events = sorted([*cloud.log_events, later.pop(0)], key=lambda each: int(each["timestamp"]))

    return replace(REAL_TIME, sleep=sleep)


def test_every_line_is_shown_once_also_one_that_comes_late(cloud: WatchedCloud) -> None:
    cloud.log_events = [event(0, after_seconds=0), event(1, after_seconds=50)]
    later = [event(2, after_seconds=50), event(3, after_seconds=20), event(4, after_seconds=300)]
    slept: list[float] = []
    clock = clock_that_writes(cloud, later, slept)
    lines = list(islice(follow(cloud.clients(), "demo", since=START, clock=clock), 5))
    assert [line.text for line in lines] == ["0", "1", "2", "3", "4"]
    assert slept == [1, 1, 1]


def test_aws_is_asked_less_often_than_the_local_cloud(cloud: WatchedCloud) -> None:
    cloud.log_events = [event(0, after_seconds=0)]
    slept: list[float] = []
    clock = clock_that_writes(cloud, [event(1, after_seconds=1)], slept)
    list(islice(follow(cloud.real_clients(), "demo", since=START, clock=clock), 2))
    assert slept == [5]


@dataclass
class Asked(WatchedCloud):
    """Remembers from when on it was asked."""

    since: list[int] = field(default_factory=list)

    def _filter_log_events(self, params: Mapping[str, Any]) -> dict[str, Any]:
        self.since.append(params["startTime"])
        return super()._filter_log_events(params)


def test_what_was_asked_for_is_no_more_than_a_minute_old_in_the_end() -> None:
    """Following costs no more the longer it lasts."""
    cloud = Asked()
    cloud.log_events = [event(number, after_seconds=number * 30) for number in range(20)]
    clock = clock_that_writes(cloud, [event(20, after_seconds=600)], [])
    list(islice(follow(cloud.clients(), "demo", since=START, clock=clock), 21))
    assert cloud.since == [int(START.timestamp() * 1000), event(18, after_seconds=510)["timestamp"]]
