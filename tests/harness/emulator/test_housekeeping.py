"""Housekeeping removes finished jobs and old logs and nothing else; database files of older versions are migrated."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from harness.core.errors import ConfigurationError
from harness.emulator.instances.platform_log import LogStream
from harness.emulator.runtime.invoke_async import Accepted
from harness.emulator.store.store import SCHEMA_VERSION, Store
from tests.harness.emulator.world import World

DAY = 24 * 3600


def uuid_of(accepted: Accepted) -> str:
    assert accepted.output_location is not None
    return accepted.output_location.rpartition("/")[2].removesuffix(".out")


def is_known(world: World, accepted: Accepted) -> bool:
    return world.parts.records.jobs.find(uuid_of(accepted)) is not None


def test_a_delivered_job_is_forgotten_a_day_after_its_outcome(world: World) -> None:
    world.serve()
    job = world.submit()
    world.work()
    world.clock.pass_(DAY - 1)
    world.parts.housekeeping.tidy()
    assert is_known(world, job)
    world.clock.pass_(1)
    world.parts.housekeeping.tidy()
    assert not is_known(world, job)


def test_a_job_that_waits_or_runs_is_never_removed(world: World) -> None:
    world.serve(concurrency=1)
    running, queued = world.submit(), world.submit()
    assert world.parts.engine.assign(world.endpoint().id) is not None
    world.clock.pass_(30 * DAY)
    world.parts.housekeeping.tidy()
    assert is_known(world, running)
    assert is_known(world, queued)


def test_a_job_whose_notification_is_owed_is_never_forgotten(world: World) -> None:
    world.serve()
    world.topics.is_reachable = False
    job = world.submit()
    world.work()
    world.clock.pass_(30 * DAY)
    world.parts.housekeeping.tidy()
    assert is_known(world, job)
    world.topics.is_reachable = True
    world.parts.engine.settle(world.endpoint().id)
    assert [one["inferenceId"] for one in world.topics.results()] == [job.inference_id]
    world.parts.housekeeping.tidy()
    assert not is_known(world, job), "its outcome is older than a day, and now it was told"


def test_thousands_are_forgotten_at_once_and_the_young_stay(world: World) -> None:
    endpoint = world.serve()
    with world.parts.context.store.transaction() as rows:
        rows.executemany(
            "INSERT INTO jobs (uuid, endpoint_id, state, received_at, expires_at, request, event_at)"
            " VALUES (?, ?, 'done', 0, 0, '{}', ?)",
            [(f"{number}", endpoint.id, world.clock() - DAY * (number < 2500)) for number in range(2600)],
        )
    world.parts.housekeeping.tidy()
    assert world.parts.records.jobs.count(endpoint.id, "done") == 100


def old_log(world: World, instance: str) -> Path:
    """Create a log that is more than a week old, with its marks."""
    path = world.parts.platform_log.container_log(LogStream("ep", "AllTraffic", instance))
    path.write_text("long ago\n")
    world.parts.log_times.note()
    written = world.clock() - 8 * DAY
    os.utime(path, (written, written))
    return path


def test_logs_of_an_instance_that_ended_long_ago_are_removed_with_their_marks(world: World) -> None:
    path = old_log(world, "i-gone")
    [stream] = world.parts.log_times.streams()
    notes = world.parts.log_times.notes_of(stream)
    assert notes.exists()
    world.parts.housekeeping.tidy()
    assert not path.exists()
    assert not notes.exists()
    assert list(world.settings.log_times_dir.iterdir()) == []


def test_the_platforms_lines_go_with_the_containers(world: World) -> None:
    stream = LogStream("ep", "AllTraffic", "i-gone")
    world.parts.platform_log.write(stream, "it ended")
    path = world.parts.platform_log.data_log(stream)
    os.utime(path, (world.clock() - 8 * DAY,) * 2)
    world.parts.housekeeping.tidy()
    assert not path.parent.exists()
    assert path.parent.parent.exists()


def test_logs_of_an_instance_that_runs_stay_however_quiet_it_is(world: World) -> None:
    world.serve()
    [instance] = world.runtime.running()
    path = old_log(world, instance.spec.instance_id)
    world.parts.housekeeping.tidy()
    assert path.exists()


def test_logs_outlive_their_endpoint_for_a_week(world: World) -> None:
    path = old_log(world, "i-gone")
    os.utime(path, (world.clock() - 6 * DAY,) * 2)
    world.parts.housekeeping.tidy()
    assert path.exists()


def test_a_database_of_the_version_before_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "emulator.sqlite"
    Store(path).close()
    with sqlite3.connect(path) as older:
        older.execute("ALTER TABLE jobs DROP COLUMN attempts")
        older.execute("PRAGMA user_version=1")
    older.close()
    store = Store(path)
    assert [row["user_version"] for row in store.rows("PRAGMA user_version")] == [SCHEMA_VERSION]
    assert store.rows("SELECT attempts FROM jobs") == []
    store.close()


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "emulator.sqlite"
    with sqlite3.connect(path) as later:
        later.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    later.close()
    with pytest.raises(ConfigurationError, match=f"has schema {SCHEMA_VERSION + 1}"):
        Store(path)
