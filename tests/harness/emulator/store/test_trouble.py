"""What this machine cannot do is told from everything else, and costs neither the model nor the cloud anything."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from harness.core.errors import MachineCannot, ModelDataError
from harness.emulator.async_inference.outcomes import Cause, JobFailed
from harness.emulator.context.cloud import CloudRefused, mapped
from harness.emulator.instances.platform_log import LogStream, PlatformLog
from harness.emulator.logs.times import LogTimes, Marks
from harness.emulator.runtime.invoke_async import AsyncRequest
from harness.emulator.server import Emulator
from harness.emulator.store.store import Store
from harness.emulator.store.trouble import LocalTrouble, local_trouble
from tests.harness.emulator.containers import Said
from tests.harness.emulator.running import RunningEmulator, running_emulator
from tests.harness.emulator.store.faulty_disk import BROKEN, FULL, FaultyDisk, no_trouble, streak
from tests.harness.emulator.world import Refused, World, new_world

NO_SPACE = OSError(errno.ENOSPC, "No space left on device")


def raised_from(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("error", [NO_SPACE, raised_from(ModelDataError("x"), NO_SPACE), LocalTrouble("cannot write")])
def test_trouble_is_found_behind_the_errors_that_it_caused(error: Exception) -> None:
    assert local_trouble(error)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
        FileNotFoundError(errno.ENOENT, "no java"),
        sqlite3.OperationalError("no such table: jobs"),
        CloudRefused("NoSuchBucket", "gone"),
        TimeoutError("late"),
    ],
)
def test_other_errors_are_no_trouble_of_this_machine(error: Exception) -> None:
    assert local_trouble(error) is None


def test_trouble_below_a_call_of_the_cloud_is_not_the_clouds() -> None:
    with pytest.raises(LocalTrouble), mapped("GetObject"):
        raise LocalTrouble("cannot keep the input")


def test_a_commit_that_fails_leaves_no_transaction_that_others_join(tmp_path: Path) -> None:
    disk = FaultyDisk()
    store = Store(tmp_path / "db", disk)
    disk.plan, disk.acts = streak(FULL, 2, 1), 0  # BEGIN, INSERT, COMMIT
    insert = "INSERT INTO tags VALUES (?, 'k', 'v')"
    with pytest.raises(sqlite3.OperationalError, match="full"), store.transaction() as rows:
        rows.execute(insert, ("lost",))
    with store.transaction() as rows:
        rows.execute(insert, ("kept",))
    store.close()
    again = Store(tmp_path / "db")
    assert [row["arn"] for row in again.rows("SELECT arn FROM tags")] == ["kept"]
    again.close()


def test_a_model_and_its_tags_are_stored_together_or_not_at_all(tmp_path: Path) -> None:
    for first in range(40):
        disk = FaultyDisk()
        world = new_world(tmp_path / str(first), disk)
        disk.plan, disk.acts = streak(BROKEN, first, 1), 0
        request = {"ModelName": "m", "PrimaryContainer": {"Image": "i:1"}, "Tags": [{"Key": "a", "Value": "b"}]}
        try:
            world.call("CreateModel", **request)
        except Refused:
            world.call("CreateModel", **request)  # with the same name: nothing of the first one is there
        disk.plan = no_trouble
        arn = world.settings.account.model("m")
        assert world.call("ListTags", ResourceArn=arn)["Tags"] == request["Tags"]
        world.close()
        if disk.failed == 0:
            assert first > 3
            return
    raise AssertionError("the acts never ended")


def submit_often(running: RunningEmulator) -> None:
    for _ in range(1000):
        running.client.invoke_endpoint_async(EndpointName="ep", Body=b"x")


def test_a_refused_submission_leaves_no_body_behind(tmp_path: Path) -> None:
    with running_emulator(tmp_path, disk := FaultyDisk()) as running:
        running.serve()
        disk.plan = lambda number, act: FULL if act == "sql" and number % 2 else None
        with pytest.raises(running.client.exceptions.ClientError) as refused:
            submit_often(running)
        assert refused.value.response["Error"]["Code"] == "ServiceUnavailable"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        assert "database or disk is full" in refused.value.response["Error"]["Message"]
        disk.plan = no_trouble
        jobs, spool = running.emulator.parts.records.jobs, running.emulator.parts.records.spool
        assert {path.stem for path in spool.directory.glob("*.input")} <= jobs.unfinished_uuids()


def test_an_emulator_that_cannot_open_its_state_says_so(running: RunningEmulator, tmp_path: Path) -> None:
    disk = FaultyDisk()
    disk.plan = lambda number, act: FULL  # noqa: ARG005
    dependencies = running.emulator.dependencies
    settings = running.emulator.settings
    other = type(settings)(tmp_path / "other", settings.cloud_url)
    broken = type(dependencies)(dependencies.cloud, dependencies.runtime, dependencies.now, disk=disk)
    with pytest.raises(MachineCannot, match="database or disk is full; make room"):
        Emulator(other, broken).start()


def test_an_inline_body_that_someone_removed_is_a_failure_that_says_so(world: World) -> None:
    world.serve()
    job = world.parts.submissions.submit(AsyncRequest("ep", body=b"inline"))
    for path in world.settings.spool_dir.iterdir():
        path.unlink()
    outcome = world.work()
    assert isinstance(outcome, JobFailed)
    assert (outcome.cause, world.script.seen) == (Cause.DOWNLOAD, [])
    assert "something removed" in outcome.reason
    assert world.objects.writes == [job.failure_location]


def test_an_answer_that_someone_removed_is_a_failure_that_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.serve(include=("SUCCESS_NOTIFICATION_TOPIC",))
    job = world.submit()

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as failing:
        failing.setattr(world.objects, "store", fail)
        assert world.work() is None
    assert world.job(job).state == "settling"
    for path in world.settings.spool_dir.glob("*.answer"):
        path.unlink()
    world.clock.pass_(10)
    world.parts.engine.settle(world.endpoint().id)
    outcome = world.job(job).outcome
    assert isinstance(outcome, JobFailed)
    assert outcome.cause is Cause.UPLOAD
    assert world.objects.writes == [job.failure_location]
    assert [one["invocationStatus"] for one in world.topics.results()] == ["Failed"]


def test_the_platforms_lines_wait_for_room_and_keep_their_order(tmp_path: Path) -> None:
    disk = FaultyDisk()
    platform_log, stream = PlatformLog(tmp_path, lambda: 0.0, disk), LogStream("ep", "v", "i-1")
    platform_log.write(stream, "first")
    disk.plan, disk.acts = streak(FULL, 1, 20), 0
    platform_log.write(stream, "second")  # half of it fits
    platform_log.write(stream, "third")
    assert disk.failed > 1
    disk.plan = no_trouble
    platform_log.write_kept()
    lines = platform_log.data_log(stream).read_text().splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == ["first", "second", "third"]


def test_half_a_mark_does_not_shift_the_times_of_later_lines(tmp_path: Path) -> None:
    disk, at = FaultyDisk(), [1000.0]
    log = tmp_path / "logs" / "ep" / "v" / "i-1.log"
    other = tmp_path / "logs" / "ep" / "v" / "i-2.log"
    log.parent.mkdir(parents=True)
    times = LogTimes(tmp_path / "logs", tmp_path / "times", lambda: at[0], disk)
    log.write_text("one\n")
    times.note()
    for text in ("one\ntwo\n", "one\ntwo\nthree\n"):
        at[0] += 1
        log.write_text(text)
        other.write_text(text)
        disk.plan, disk.acts, disk.failed = streak(FULL, 1, 2), 0, 0  # half of the first log's mark, then nothing
        times.note()
        assert disk.failed == 2
        disk.plan = no_trouble
        assert times.notes_of(times.streams()[-1]).stat().st_size > 0
    at[0] += 1
    times.note()
    for stream in times.streams():
        with times.notes_of(stream).open("rb") as file:
            marks = Marks(file)
            at_millis = [marks[number].at_millis for number in range(len(marks))]
            assert at_millis == sorted(at_millis)
            assert at_millis[0] >= 1_000_000
            assert marks[len(marks) - 1].end_byte == stream.path.stat().st_size
    again = LogTimes(tmp_path / "logs", tmp_path / "times", lambda: at[0])
    again.note()
    assert len(again.streams()) == 2


def test_an_instance_that_this_machine_cannot_start_is_no_failure_of_the_model(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.script.start_error = raised_from(MachineCannot("cannot start the container"), NO_SPACE)
    world.create("ep", timeout_seconds=60)
    for _ in range(20):
        world.step()
        world.clock.pass_(1)
    assert world.endpoint().status == "Creating"
    world.script.start_error = None
    assert world.step_until("ep", lambda endpoint: endpoint.status == "InService").failure_reason is None
    world.close()


def test_a_machine_that_never_can_fails_the_endpoint_in_the_end_and_says_whose_fault_it_is(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.script.start_error = raised_from(MachineCannot("cannot start the container"), NO_SPACE)
    world.create("ep", timeout_seconds=60)
    for _ in range(40):
        world.step()
        world.clock.pass_(2)
    assert world.endpoint().status == "Failed"
    reason = world.endpoint().failure_reason or ""
    assert reason.startswith("Unable to start an instance for production variant AllTraffic on this machine")
    world.close()


def test_an_update_whose_end_cannot_be_stored_is_not_made_twice(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.serve()
    world.create_config("next")
    world.call("UpdateEndpoint", EndpointName="ep", EndpointConfigName="next")
    fails = 0
    catalog = world.parts.context.catalog
    really = catalog.save_endpoint

    def refuse(endpoint: object) -> None:
        nonlocal fails
        fails += 1
        if fails <= 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        really(endpoint)  # type: ignore[arg-type]  # passed on unchanged

    catalog.save_endpoint = refuse  # type: ignore[method-assign]

    def step() -> None:
        try:
            world.step()
        except OSError:
            world.clock.pass_(5)

    for _ in range(200):
        step()
        world.clock.pass_(1)
    assert world.endpoint().status == "InService"
    assert fails == 4
    assert len(world.runtime.instances) == 2, "one of the old deployment and one of the new"
    tests = [text for _, text in world.topics.published if "TestNotification" in text]
    assert len(tests) == 4, "two topics at the creation, two at the update"
    world.close()


def test_pings_that_this_machine_could_not_send_replace_no_instance(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.serve()

    def no_socket(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as without:
        without.setattr("socket.create_connection", no_socket)
        for _ in range(20):
            world.clock.pass_(5)
            world.step()
        job = world.submit()
        assert world.work() is None
    world.clock.pass_(10)
    world.step()
    world.work()
    assert world.job(job).state == "done"
    assert len(world.runtime.instances) == 1


def test_a_lost_claim_loses_no_slot(tmp_path: Path) -> None:
    world = new_world(tmp_path, disk := FaultyDisk())
    world.serve(concurrency=1)
    job = world.submit()
    endpoint_id = world.endpoint().id
    for first in range(20):
        disk.plan, disk.acts, disk.failed = streak(FULL, first, 1), 0, 0
        try:
            claimed = world.parts.engine.assign(endpoint_id)
        except sqlite3.OperationalError:
            continue
        assert claimed is not None, "no slot is free"
        assert disk.failed == 0
        world.parts.engine.give_back(claimed, RuntimeError("can't start new thread"))
        break
    disk.plan = no_trouble
    world.clock.pass_(10)
    world.work()
    assert world.job(job).state == "done"
    world.close()


def test_the_models_own_death_is_still_its_own(world: World) -> None:
    world.serve()
    world.script.answer = lambda _: Said(drops_connection=True)
    world.submit()
    outcome = world.work()
    assert isinstance(outcome, JobFailed)
    assert outcome.cause is Cause.NO_ANSWER
