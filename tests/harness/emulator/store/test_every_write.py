"""Every single act on the disk fails once, or several times in a row: each accepted job has exactly one outcome.

One emulator without threads does a day's work: an endpoint, jobs of each kind, their delivery, logs and metrics, an
update, the deletion. The run is repeated with the first act failing, the second, and so on, up to the last one.
`REHEARSAL_FAULTS=all` takes every act (minutes); otherwise one of each kind of file, and so many statements, chosen by
a seed; see CONTRIBUTING.
"""

from __future__ import annotations

import logging
import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from harness.core.errors import HarnessError
from harness.emulator.protocol.faults import unexpected
from harness.emulator.runtime.invoke_async import Accepted, AsyncRequest
from harness.emulator.store.trouble import local_trouble
from tests.harness.emulator.containers import Said, Seen
from tests.harness.emulator.store.faulty_disk import TROUBLES, FaultyDisk, Plan, Trouble, no_trouble, streak
from tests.harness.emulator.world import Refused, World, new_world

SAMPLE = os.environ.get("REHEARSAL_FAULTS", "5")
SEED = 20240
# One failure passes by itself; a disk that stays full for a while also fails what was tried in place of the first.
STREAKS = (1, 9)
LONGEST_ROUNDS = 400
T = TypeVar("T")
log = logging.getLogger(__name__)
BIG = bytes(range(256)) * 8192  # 2 MB: more than the emulator keeps in memory


@dataclass(frozen=True)
class Sent:
    accepted: Accepted
    body: bytes

    @property
    def location(self) -> str | None:
        """Where the one object must be."""
        is_refused = self.body.startswith(b"refuse")
        return self.accepted.failure_location if is_refused else self.accepted.output_location


def answer(seen: Seen) -> Said:
    status = 500 if seen.body.startswith(b"refuse") else 200
    return Said(status, seen.body[::-1], {"Content-Type": "application/x-answer"})


class Day:
    """A day of an emulator whose client sends again what was refused, and whose threads go on after an error."""

    def __init__(self, folder: Path, disk: FaultyDisk) -> None:
        self.world: World = new_world(folder, disk)
        self.world.script.answer = answer
        self.disk = disk
        self.refused = 0
        self.sent: list[Sent] = []

    def run(self, plan: Plan) -> None:
        self.world.create_config("ep", concurrency=2)
        self.world.create_config("next")
        self.disk.plan, self.disk.acts = plan, 0
        self.disk.kinds.clear()
        self._until_accepted(lambda: self.world.call("CreateEndpoint", EndpointName="ep", EndpointConfigName="ep"))
        self._until("the endpoint is in service", lambda: self.world.endpoint().status == "InService")
        for body in (b"inline", b"refuse this", BIG):
            self._submit(body)
        self._until("every job is done", self._is_done)
        self._check()
        self._update()
        self._delete()

    @property
    def repeated(self) -> int:
        """How often the container was asked again."""
        return len(self.world.script.seen) - len(self.sent)

    def _check(self) -> None:
        world, stored = self.world, self.world.objects
        assert Counter(stored.writes) == Counter(one.location for one in self.sent), "one object for each job, once"
        for one in self.sent:
            assert one.location is not None
            assert stored.stored[one.location].body == one.body[::-1], "byte for byte"
        told = Counter(message["inferenceId"] for message in world.topics.results())
        assert told == Counter(one.accepted.inference_id for one in self.sent), "one message for each job"
        assert len(world.topics.published) == 2 + len(self.sent), "one test message on each topic"
        assert len(world.runtime.instances) == 1, "no instance was replaced"
        members = [m for actor in world.parts.registry.actors() for fleet in actor.fleets() for m in fleet.members()]
        assert [member.in_flight for member in members] == [0], "no slot was lost"
        self._check_log()

    def _check_log(self) -> None:
        (log,) = self.world.settings.logs_dir.rglob("data-log")
        lines = log.read_bytes().splitlines(keepends=True)
        asked = sum(seen.body.startswith(b"refuse") for seen in self.world.script.seen)
        assert len(lines) == asked, lines
        assert all(b"Received server error (500)" in line and line.endswith(b'"\n') for line in lines), lines

    def _update(self) -> None:
        world = self.world
        self._until_accepted(lambda: world.call("UpdateEndpoint", EndpointName="ep", EndpointConfigName="next"))
        self._until("the update has ended", lambda: world.endpoint().status == "InService")
        with self.disk.aside():
            ended = world.endpoint()
        assert (ended.deployment.config_name, ended.failure_reason) == ("next", None)
        assert len(world.runtime.instances) == 2, "one instance of the old deployment, one of the new"
        tests = [text for _, text in world.topics.published if "TestNotification" in text]
        assert len(tests) == 4, "one test message on each topic for each change"

    def _delete(self) -> None:
        catalog, arn = self.world.parts.context.catalog, self.world.settings.account.endpoint("ep")
        self._until_accepted(lambda: self.world.call("DeleteEndpoint", EndpointName="ep"))
        self._until("the endpoint is gone", lambda: catalog.endpoint(arn) is None)

    def _submit(self, body: bytes) -> None:
        if body is BIG:
            place = self.world.objects.put("s3://bucket/in/big", body, "application/octet-stream")
            request = AsyncRequest("ep", input_location=place)
        else:
            request = AsyncRequest("ep", body=body)
        accepted = self._until_accepted(lambda: self.world.parts.submissions.submit(request))
        assert isinstance(accepted, Accepted)
        self.sent.append(Sent(accepted, body))

    def _until_accepted(self, act: Callable[[], object]) -> object:
        """As a client does that tries again after each 5xx."""
        for _ in range(LONGEST_ROUNDS):
            try:
                return act()
            except Exception as error:
                if not is_refusal(error):
                    raise
                self.refused += 1
        raise AssertionError("never accepted")

    def _until(self, what: str, is_so: Callable[[], bool]) -> None:
        for _ in range(LONGEST_ROUNDS):
            self._round()
            if quietly(is_so):
                return
        raise AssertionError(f"stuck before {what}: {self._states()}")

    def _is_done(self) -> bool:
        self.world.parts.platform_log.write_kept()
        return all(self.world.job(one.accepted).state == "done" for one in self.sent) and self._is_logged()

    def _is_logged(self) -> bool:
        return any(log.read_bytes().endswith(b"\n") for log in self.world.settings.logs_dir.rglob("data-log"))

    def _states(self) -> object:
        return [(self.world.job(one.accepted).state, self.world.endpoint().status) for one in self.sent]

    def _round(self) -> None:
        """One act of each of the emulator's threads."""
        parts = self.world.parts
        endpoints = quietly(parts.context.catalog.endpoints) or ()
        for each in endpoints:
            for act in (parts.engine.expire, parts.engine.settle, parts.engine.work_one):
                quietly(partial(act, each.id))
        rest = (
            self.world.step, parts.platform_log.write_kept, parts.log_times.note, parts.publisher.sample,
            parts.scaler.tick, parts.publisher.publish, parts.housekeeping.tidy,
        )  # fmt: skip
        for thread in rest:
            quietly(thread)
        self.world.clock.pass_(1.0)


def quietly(act: Callable[[], T]) -> T | None:
    """As a thread of the server: the trouble of this machine ends one act and not the thread."""
    try:
        return act()
    except Exception as error:
        if local_trouble(error) is None:
            raise
        return None


def is_refusal(error: Exception) -> bool:
    """Whether the caller got, or would get from the protocol, a 503."""
    if isinstance(error, Refused):
        return error.code == "ServiceUnavailable" and "nothing was accepted" in error.message
    return unexpected("the test", error).status == 503


def run_day(folder: Path, plan: Plan) -> Day:
    day = Day(folder, FaultyDisk())
    try:
        day.run(plan)
    finally:
        day.disk.plan = no_trouble
        day.world.close()
    return day


def chosen(kinds: Sequence[str], dice: random.Random) -> list[int]:
    """Every act; or so many of the statements, and of each kind of file and act one."""
    if SAMPLE == "all":
        return list(range(len(kinds)))
    by_kind: dict[str, list[int]] = defaultdict(list)
    for number, kind in enumerate(kinds):
        by_kind[kind].append(number)
    files = [dice.choice(numbers) for kind, numbers in by_kind.items() if not kind.startswith("sql")]
    statements = [number for number, kind in enumerate(kinds) if kind.startswith("sql")]
    return sorted({*files, *dice.sample(statements, min(int(SAMPLE), len(statements)))})


def test_a_day_without_trouble_asks_once_and_refuses_nothing(tmp_path: Path) -> None:
    day = run_day(tmp_path, no_trouble)
    assert (day.repeated, day.refused, day.disk.failed) == (0, 0, 0)
    assert day.disk.acts > 100


@pytest.mark.parametrize("length", STREAKS)
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_whatever_fails_each_job_has_exactly_one_outcome(tmp_path: Path, trouble: Trouble, length: int) -> None:
    kinds = run_day(tmp_path / "good", no_trouble).disk.kinds
    wrong, counts = [], Counter[str]()
    for first in chosen(kinds, random.Random(SEED)):  # noqa: S311 - chooses acts, keeps no secret
        try:
            day = run_day(tmp_path / str(first), streak(trouble, first, length))
        except (AssertionError, HarnessError) as error:
            wrong.append(f"{trouble.name} at {first}: {error}")
            continue
        counts.update(days=1, failed=day.disk.failed, jobs=len(day.sent), repeated=day.repeated, refused=day.refused)
    log.info("%s, %d in a row, of %d acts: %s", trouble.name, length, len(kinds), dict(counts))
    assert not wrong, "\n".join(wrong)
    assert counts["repeated"] == 0, "what arrives is kept, and nothing is asked twice"
