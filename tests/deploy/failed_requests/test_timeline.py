"""What served at a moment, told from ledger, records, pointer and the endpoint itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.apply.ledger import Action, Entry
from deploy.aws import LOCAL_ACCOUNT, LOCAL_ROLE
from deploy.core.errors import ConfigurationError
from deploy.failed_requests.timeline import History, named, release_of, serving
from deploy.releases import Pointer, Release, State, Stored
from deploy.resources.desired_state import desired_state_of
from tests.deploy.projects import write_bundle

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OLD, NEW = "demo-aaaaaaaaaaaa", "demo-bbbbbbbbbbbb"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Release:
    project, bundle = write_bundle(tmp_path_factory.mktemp("example"))
    wanted = desired_state_of(project, bundle, LOCAL_ACCOUNT, LOCAL_ROLE)
    return Release(
        release="0" * 12, created=NOON, actor="arn:x", tool_version="0", project="demo", environment=None,
        configuration_sha256="0", git=None, bundle_sha256=bundle.sha256, bundle_size_bytes=1, bundle_url="s3://b/k",
        handler_sha256="0", weights_sha256="0", account=LOCAL_ACCOUNT, region="us-east-1", endpoint_name="demo",
        model=wanted.model.request(), endpoint_config=wanted.endpoint_config.request(), scaling={}, resolved_image=None,
        gates=(), evidence=(), price=None, previous=None, state="promoted",
    )  # fmt: skip


class Life:
    """An endpoint's life, minute by minute after noon, as it is written down."""

    def __init__(self, example: Release) -> None:
        self._example = example
        self.attempts: list[Stored] = []
        self.entries: list[Entry] = []

    def attempt(self, minutes: float, config: str, state: State = "promoted") -> None:
        said = {
            "release": config.removeprefix("demo-"), "created": at(minutes), "state": state,
            "endpoint_config": {**self._example.endpoint_config, "EndpointConfigName": config},
        }  # fmt: skip
        self.attempts.insert(0, Stored(f"{minutes}.json", "0" * 64, self._example.model_copy(update=said)))

    def entry(self, minutes: float, action: Action, detail: str = "") -> None:
        moment = at(minutes).isoformat(timespec="milliseconds")
        self.entries.append(Entry(moment, action, "endpoint", "demo", LOCAL_ACCOUNT, "us-east-1", detail))

    def history(self, *, pointed: tuple[float, Stored] | None = None, endpoint: Any = None) -> History:
        pointer = None
        if pointed is not None:
            minutes, stored = pointed
            made = Pointer(
                release=stored.release.release, record=stored.key, record_sha256=stored.sha256, updated=at(minutes),
                updated_by="arn:x",
            )  # fmt: skip
            pointer = (made, stored.release)
        return History("demo", self.attempts, self.entries, pointer, endpoint)


@pytest.fixture
def life(example: Release) -> Life:
    """The old release is promoted in minutes 0 to 5, the new one in minutes 60 to 75."""
    made = Life(example)
    made.entry(0, "created")
    made.attempt(5, OLD)
    made.entry(60, "updated", f"{OLD} -> {NEW}")
    made.attempt(75, NEW)
    return made


def told(life: Life, *minutes: float) -> Sequence[tuple[str, str | None]]:
    found = [serving(life.history(), at(each)) for each in minutes]
    return [(each.config_name, each.otherwise) for each in found]


def test_between_two_promotions_the_older_one_served(life: Life) -> None:
    assert told(life, 5, 59, 76, 10_000) == [(OLD, None), (OLD, None), (NEW, None), (NEW, None)]


def test_while_an_update_is_under_way_either_may_have_answered(life: Life) -> None:
    assert told(life, 61) == [(NEW, OLD)]
    assert "the update of 2026-11-20 13:00:00 was under way" in serving(life.history(), at(61)).how


def test_the_first_release_answers_before_its_record_is_written(life: Life) -> None:
    assert told(life, 2) == [(OLD, None)]


def test_a_release_that_was_rolled_back_served_only_while_it_was_tried(life: Life) -> None:
    bad = "demo-cccccccccccc"
    life.entry(100, "updated", f"{NEW} -> {bad}")
    life.attempt(110, bad, "rolled_back")
    assert told(life, 105, 111, 500) == [(bad, NEW), (NEW, None), (NEW, None)]


def test_a_release_that_was_put_back_by_the_promotion_itself_serves_no_more(life: Life) -> None:
    bad = "demo-cccccccccccc"
    life.entry(100, "updated", f"{NEW} -> {bad}")
    life.entry(105, "updated", f"{bad} -> {NEW}")
    life.attempt(110, bad, "rolled_back")
    assert told(life, 106, 111) == [(NEW, bad), (NEW, None)]


def test_a_first_release_that_failed_leaves_nothing_in_service(example: Release) -> None:
    life = Life(example)
    life.entry(0, "created")
    life.attempt(5, OLD, "failed")
    assert told(life, 3) == [(OLD, None)]
    with pytest.raises(ConfigurationError, match=r"no release of demo is known to have served at .* --release"):
        told(life, 6)


def test_a_rollback_by_hand_has_no_record_but_a_line_and_the_pointer(life: Life) -> None:
    life.entry(100, "updated", f"{NEW} -> {OLD}")
    assert told(life, 101, 400) == [(OLD, NEW), (OLD, None)]
    old = life.attempts[-1]
    assert serving(life.history(pointed=(104, old)), at(105)).otherwise is None


def test_nothing_serves_after_the_endpoint_was_deleted(life: Life) -> None:
    life.entry(100, "deleted")
    with pytest.raises(ConfigurationError, match="the first was at 2026-11-20 12:00:00"):
        told(life, 101)


def test_what_stands_unchanged_since_before_is_what_served(life: Life) -> None:
    endpoint = {"EndpointStatus": "InService", "LastModifiedTime": at(80), "EndpointConfigName": "by-hand"}
    history = life.history(endpoint=endpoint)
    assert serving(history, at(81)).config_name == "by-hand"
    assert serving(history, at(79)).config_name == NEW
    with pytest.raises(ConfigurationError, match="no release record describes that"):
        release_of(history, "by-hand")


def test_the_promoted_record_of_a_configuration_is_preferred(life: Life) -> None:
    life.attempt(200, OLD, "failed")
    assert release_of(life.history(), OLD).key == "5.json"


def test_a_release_can_be_named_whatever_became_of_it(life: Life) -> None:
    life.attempt(200, "demo-cccccccccccc", "failed")
    assert named(life.history(), "ccc").release.state == "failed"
    with pytest.raises(ConfigurationError, match=r"begins with 'f' \(known: cccccccccccc, bbbbbbbbbbbb, aaaaaaaaaaaa"):
        named(life.history(), "f")


def test_without_any_record_nothing_is_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no release of demo is known"):
        serving(History("demo", ()), NOON)
