"""The keeper's decisions: what it begins with, and how it starts an emulator that dies again and again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.core.waiting import Clock
from harness.core.errors import MachineCannot, ServiceDidNotStart
from harness.emulator.store.store import Store
from harness.local_cloud.local_cloud import ExternalCloud, LocalCloud
from harness.local_environment import keeper, record
from harness.local_environment.local_aws import EmulatorOptions, LocalAws
from harness.local_environment.record import LocalEnvironment
from harness.serving.runtimes.choose import Choice

HERE = LocalEnvironment(1, 0.0, "http://127.0.0.1:1", "http://127.0.0.1:2", "us-east-1", "0" * 12, "process")
EXTERNAL = ExternalCloud("http://127.0.0.1:1", "us-east-1", "0" * 12)
EMBEDDED = replace(EXTERNAL, kind="embedded")

INSERT = """INSERT INTO jobs (uuid, endpoint_id, state, received_at, expires_at, request)
    VALUES (?, 1, ?, 0, 0, '{}')"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a killed keeper leaves: its record, and a database with one request that waits and one that is done."""
    folder = record.up_dir(tmp_path)
    (folder / "sagemaker").mkdir(parents=True)
    record.write(tmp_path, HERE)
    store = Store(folder / "sagemaker" / "emulator.sqlite")
    with store.transaction() as rows:
        for number, state in enumerate(("queued", "done")):
            rows.execute(INSERT, (str(number), state))
    store.close()
    return folder


def begin_with(folder: Path, cloud: ExternalCloud) -> list[str]:
    said: list[str] = []
    keeper._begin_with(folder, cast(LocalCloud, cloud), said.append)
    return said


def test_requests_whose_cloud_is_gone_are_set_aside(folder: Path) -> None:
    (line,) = begin_with(folder, EMBEDDED)
    (aside,) = folder.glob("sagemaker-*")
    assert (aside / "emulator.sqlite").exists()
    assert not (folder / "sagemaker").exists()
    assert line.startswith("1 requests were accepted")
    assert str(aside) in line


@pytest.mark.parametrize(("cloud", "is_kept"), [(EXTERNAL, True), (EMBEDDED, False)])
def test_without_such_requests_the_endpoints_stay_where_the_cloud_does(
    folder: Path, cloud: ExternalCloud, is_kept: bool
) -> None:
    store = Store(folder / "sagemaker" / "emulator.sqlite")
    with store.transaction() as rows:
        rows.execute("UPDATE jobs SET state = 'done'")
    store.close()
    begin_with(folder, cloud)
    assert (folder / "sagemaker").exists() == is_kept


def test_requests_whose_cloud_still_runs_are_gone_on_with(folder: Path) -> None:
    assert begin_with(folder, EXTERNAL) == [
        "going on with what was here before the local AWS was killed, and 1 requests without an outcome"
    ]
    assert (folder / "sagemaker" / "emulator.sqlite").exists()


@pytest.mark.parametrize("cloud", [EMBEDDED, EXTERNAL])
def test_after_an_orderly_end_nothing_is_kept(folder: Path, cloud: ExternalCloud) -> None:
    record.forget(folder.parent)
    assert begin_with(folder, cloud) == []
    assert list(folder.iterdir()) == []


class Enough(Exception):
    pass


@dataclass
class Emulators:
    """Stands in for emulators: each start is as the next of `ends` says, an error or an exit code at once."""

    ends: list[Any]
    starts: int = 0
    pauses: list[float] = field(default_factory=list)

    @contextmanager
    def open(self, _: Path, __: Path, cloud: LocalCloud, options: EmulatorOptions) -> Iterator[LocalAws]:
        self.starts += 1
        if not self.ends:
            raise Enough
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        yield LocalAws(cloud, f"http://127.0.0.1:{options.port or 4570}", Path(), cast(Any, self))

    def exit_code(self) -> int:
        return -9


def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: list[Any]) -> tuple[Emulators, list[str], list[str]]:
    emulators = Emulators(ends)
    said: list[str] = []
    addresses: list[str] = []
    monkeypatch.setattr(keeper, "open_emulator", emulators.open)
    record.up_dir(tmp_path).mkdir()
    options = keeper.UpOptions(tmp_path, EmulatorOptions(Choice("process", "")))
    clock = Clock(sleep=emulators.pauses.append)
    one = keeper._Keeper(
        options, cast(LocalCloud, EMBEDDED), lambda up: addresses.append(up.sagemaker_url), said.append, clock
    )
    with pytest.raises(Enough):
        one.run()
    return emulators, said, addresses


def test_an_emulator_that_fails_to_start_again_is_tried_again_ever_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = ServiceDidNotStart("it ended at once")
    emulators, said, addresses = kept(tmp_path, monkeypatch, [0, failure, MachineCannot("no port"), *[failure] * 6, 0])
    assert emulators.starts == 11
    assert emulators.pauses == [1.0, 3.0, 7.0, 15.0, 30.0, 30.0, 30.0, 30.0, 30.0, 1.0]
    assert addresses == ["http://127.0.0.1:4570"] * 2
    assert sum("did not start again" in line for line in said) == 8


def test_one_that_does_not_start_at_all_ends_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    emulators = Emulators([ServiceDidNotStart("no Java")])
    monkeypatch.setattr(keeper, "open_emulator", emulators.open)
    options = keeper.UpOptions(tmp_path, EmulatorOptions(Choice("process", "")))
    with pytest.raises(ServiceDidNotStart, match="no Java"):
        keeper._Keeper(options, cast(LocalCloud, EMBEDDED), lambda _: None, lambda _: None).run()
