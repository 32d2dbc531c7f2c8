"""Promotion ends with the new release in service or the old one, never with something in between."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from deploy import ledgers
from deploy.destroy import destroy
from deploy.errors import AwsRefused, ConfigurationError, DeployError, EndpointFailed, GateRefused
from deploy.gate import GateVerdict
from deploy.ledger import Ledger
from deploy.live import observe
from deploy.plan import plan
from deploy.promote import Order, Promoted, promote
from deploy.recording import shelf_of
from deploy.releases import current, releases
from tests.deploy.cloud import Refusal
from tests.deploy.orders import order
from tests.deploy.watched_cloud import GOOD_ANSWER, WatchedCloud


@pytest.fixture
def cloud() -> WatchedCloud:
    return WatchedCloud()


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "demo.ledger.jsonl")


@pytest.fixture
def first(tmp_path: Path) -> Order:
    return order(tmp_path / "first")


@pytest.fixture
def second(tmp_path: Path) -> Order:
    return order(tmp_path / "second", seed=1)


def run(cloud: WatchedCloud, what: Order, ledger: Ledger) -> Promoted:
    return promote(what, cloud.clients(), ledger=ledger, clock=cloud.clock())


def serving(cloud: WatchedCloud) -> str:
    return str(cloud.endpoints["demo"]["EndpointConfigName"])


def changes(cloud: WatchedCloud, what: Order) -> list[tuple[str, str]]:
    planned = plan(what.desired, what.watching, observe(what.desired, what.watching, cloud.clients()))
    return [(change.symbol, change.kind) for change in planned.changes]


def in_service(cloud: WatchedCloud, what: Order) -> str | None:
    found = current(cloud.clients(), shelf_of(what.desired))
    return found[0].release if found else None


def test_a_first_promotion_serves_scales_and_is_recorded(cloud: WatchedCloud, first: Order, ledger: Ledger) -> None:
    promoted = run(cloud, first, ledger)
    assert serving(cloud) == first.desired.endpoint_config.name
    assert cloud.targets["endpoint/demo/variant/AllTraffic"]["MinCapacity"] == 0
    assert set(cloud.policies) == {"policy demo-from-zero", "policy demo-backlog", "policy demo-idle"}
    assert cloud.alarms["demo-from-zero"]["AlarmActions"] == ["arn:policy:demo-from-zero"]
    assert in_service(cloud, first) == first.desired.release
    assert promoted.release.state == "promoted"
    assert [each.problem for each in promoted.release.smoke] == [""]
    assert {each.gate for each in promoted.release.gates} >= {"bundle", "runtime", "known_answer"}


def test_the_plan_of_what_was_promoted_is_empty(cloud: WatchedCloud, first: Order, ledger: Ledger) -> None:
    assert {symbol for symbol, _ in changes(cloud, first)} == {"+"}
    run(cloud, first, ledger)
    assert changes(cloud, first) == []


def test_promoting_the_same_again_changes_no_resource(cloud: WatchedCloud, first: Order, ledger: Ledger) -> None:
    run(cloud, first, ledger)
    cloud.calls.clear()
    cloud.slept_seconds.append(60)
    run(cloud, first, ledger)
    assert set(cloud.changes()) <= {"PutObject", "DeleteObject", "InvokeEndpointAsync"}


def test_an_update_bakes_with_requests_of_its_own_and_scaling_suspended(
    cloud: WatchedCloud, first: Order, second: Order, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.calls.clear()
    promoted = run(cloud, second, ledger)
    assert serving(cloud) == second.desired.endpoint_config.name
    assert len(promoted.release.smoke) == 3
    made = cloud.changes()
    assert made.index("RegisterScalableTarget") < made.index("UpdateEndpoint") < made.index("InvokeEndpointAsync")
    assert not any(cloud.targets["endpoint/demo/variant/AllTraffic"]["SuspendedState"].values())
    assert in_service(cloud, second) == second.desired.release
    assert promoted.release.previous is not None
    assert first.desired.release in promoted.release.previous
    assert changes(cloud, second) == []


def test_a_bad_bundle_is_rolled_back_by_its_own_smoke_test_and_the_old_one_keeps_serving(
    cloud: WatchedCloud, first: Order, second: Order, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.answer = lambda config: None if config == second.desired.endpoint_config.name else GOOD_ANSWER
    with pytest.raises(EndpointFailed, match=f"rolled back: it serves {first.desired.endpoint_config.name}"):
        run(cloud, second, ledger)
    assert serving(cloud) == first.desired.endpoint_config.name
    assert in_service(cloud, second) == first.desired.release
    assert not any(cloud.targets["endpoint/demo/variant/AllTraffic"]["SuspendedState"].values())
    newest = releases(cloud.clients(), shelf_of(second.desired))[0].release
    assert (newest.release, newest.state) == (second.desired.release, "rolled_back")
    assert "model_error" in newest.smoke[0].problem


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"schema": "rehearsal.predictions/1", "frames": []}, "0 frames, the rehearsal had 2"),
        ({"schema": "rehearsal.predictions/1", "frames": [{"detections": [{}] * 9}] * 2}, "18 detections"),
        ([1, 2], "is not rehearsal.predictions/1"),
    ],
)  # fmt: skip
def test_an_answer_unlike_the_rehearsals_is_a_smoke_failure(
    cloud: WatchedCloud, first: Order, second: Order, ledger: Ledger, answer: object, said: str
) -> None:
    run(cloud, first, ledger)
    cloud.answer = lambda _: json.dumps(answer).encode()
    with pytest.raises(EndpointFailed, match="rolled back"):
        run(cloud, second, ledger)
    assert said in releases(cloud.clients(), shelf_of(second.desired))[0].release.smoke[0].problem


def test_without_a_bake_the_last_smoke_test_brings_the_old_release_back(
    cloud: WatchedCloud, first: Order, tmp_path: Path, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    extra = "[rollout]\nsmoke_input = 'clip.mp4'\nbake_seconds = 0\n"
    unbaked = order(tmp_path / "unbaked", seed=1, extra=extra)
    cloud.answer = lambda config: None if config == unbaked.desired.endpoint_config.name else GOOD_ANSWER
    with pytest.raises(EndpointFailed, match=f"serves {first.desired.endpoint_config.name} again"):
        run(cloud, unbaked, ledger)
    assert serving(cloud) == first.desired.endpoint_config.name


def test_a_first_release_that_fails_its_smoke_test_does_not_stay(
    cloud: WatchedCloud, first: Order, ledger: Ledger
) -> None:
    cloud.answer = lambda _: None
    with pytest.raises(EndpointFailed, match="endpoint demo was removed again: its smoke test failed"):
        run(cloud, first, ledger)
    assert cloud.endpoints == {}
    assert cloud.targets == {}
    assert in_service(cloud, first) is None


def test_nothing_may_run_unscaled(cloud: WatchedCloud, first: Order, ledger: Ledger) -> None:
    cloud.refuse["RegisterScalableTarget"] = [Refusal("AccessDeniedException", "not authorized")]
    with pytest.raises(EndpointFailed, match="removed again, since it would have run unscaled"):
        run(cloud, first, ledger)
    assert cloud.endpoints == {}


def test_a_running_release_survives_a_failure_to_change_its_scaling(
    cloud: WatchedCloud, first: Order, tmp_path: Path, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    wider = order(tmp_path / "wider", extra="[autoscaling]\nmax_instances = 2\n")
    cloud.refuse["RegisterScalableTarget"] = [Refusal("AccessDeniedException", "not authorized")]
    cloud.slept_seconds.append(60)
    with pytest.raises(AwsRefused, match="not authorized"):
        run(cloud, wider, ledger)
    assert serving(cloud) == first.desired.endpoint_config.name


def test_a_shut_gate_stops_everything_before_it_begins(cloud: WatchedCloud, first: Order, ledger: Ledger) -> None:
    shut = replace(first, verdicts=(GateVerdict("runtime", "failed", "process runtime"),))
    with pytest.raises(GateRefused, match="runtime: process runtime"):
        run(cloud, shut, ledger)
    assert cloud.calls == []


def test_an_override_is_in_the_record(cloud: WatchedCloud, first: Order, ledger: Ledger) -> None:
    overridden = replace(first, verdicts=(GateVerdict("runtime", "overridden", "x; overridden because: no Docker"),))
    run(cloud, overridden, ledger)
    (gate,) = releases(cloud.clients(), shelf_of(first.desired))[0].release.gates
    assert (gate.outcome, gate.reason) == ("overridden", "x; overridden because: no Docker")


def test_an_alarm_that_rings_already_stops_the_update(
    cloud: WatchedCloud, first: Order, second: Order, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.alarms["demo-rollback-5xx"]["StateValue"] = "ALARM"
    with pytest.raises(DeployError, match="waited 300 s for alarm demo-rollback-5xx to be quiet"):
        run(cloud, second, ledger)
    assert "UpdateEndpoint" not in cloud.changes()


def test_an_alarm_that_becomes_quiet_is_waited_for(
    cloud: WatchedCloud, first: Order, second: Order, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.alarms["demo-rollback-smoke"]["StateValue"] = "ALARM"
    cloud.quiet_after_seconds = sum(cloud.slept_seconds) + 60
    run(cloud, second, ledger)
    assert serving(cloud) == second.desired.endpoint_config.name


INTERRUPTED = [
    "CreateBucket", "PutObject", "CreateTopic", "CreateModel", "CreateEndpointConfig", "PutMetricAlarm",
    "CreateEndpoint", "DescribeEndpoint", "RegisterScalableTarget", "PutScalingPolicy", "PutDashboard",
    "InvokeEndpointAsync",
]  # fmt: skip


@pytest.mark.parametrize("operation", INTERRUPTED)
def test_a_first_promotion_interrupted_anywhere_is_finished_by_the_same_owner(
    cloud: WatchedCloud, first: Order, ledger: Ledger, operation: str
) -> None:
    cloud.crash_after = operation
    with pytest.raises(KeyboardInterrupt):
        run(cloud, first, ledger)
    run(cloud, first, ledger)
    assert in_service(cloud, first) == first.desired.release
    assert changes(cloud, first) == []
    assert cloud.changes().count("CreateEndpoint") == 1


@pytest.mark.parametrize("operation", ["RegisterScalableTarget", "UpdateEndpoint", "InvokeEndpointAsync"])
def test_an_update_interrupted_anywhere_is_finished_by_the_same_owner(
    cloud: WatchedCloud, first: Order, second: Order, ledger: Ledger, operation: str
) -> None:
    run(cloud, first, ledger)
    cloud.crash_after = operation
    with pytest.raises(KeyboardInterrupt):
        run(cloud, second, ledger)
    run(cloud, second, ledger)
    assert serving(cloud) == second.desired.endpoint_config.name
    assert cloud.changes().count("UpdateEndpoint") == 1
    assert changes(cloud, second) == []


def test_two_cannot_deploy_at_once(cloud: WatchedCloud, first: Order, ledger: Ledger) -> None:
    cloud.crash_after = "CreateModel"
    with pytest.raises(KeyboardInterrupt):
        run(cloud, first, ledger)
    with pytest.raises(DeployError, match=r"has been deploying since .*`deploy resume`"):
        run(cloud, replace(first, owner="somebody else"), ledger)


def test_a_lock_whose_owner_died_ends_by_itself(cloud: WatchedCloud, first: Order, ledger: Ledger) -> None:
    cloud.crash_after = "CreateModel"
    with pytest.raises(KeyboardInterrupt):
        run(cloud, first, ledger)
    cloud.slept_seconds.append(5 * 3600)
    run(cloud, replace(first, owner="somebody else"), ledger)
    assert in_service(cloud, first) == first.desired.release


def test_destroy_after_promotions_leaves_nothing(
    cloud: WatchedCloud, first: Order, second: Order, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    run(cloud, second, ledger)
    destroy(ledger, cloud.clients(), clock=cloud.clock(), purge=True)
    assert cloud.names() == set()


@pytest.mark.parametrize("operation", INTERRUPTED)
def test_a_promotion_interrupted_anywhere_can_be_destroyed_without_a_trace(
    cloud: WatchedCloud, first: Order, ledger: Ledger, operation: str
) -> None:
    cloud.crash_after = operation
    with pytest.raises(KeyboardInterrupt):
        run(cloud, first, ledger)
    destroy(ledger, cloud.clients(), clock=cloud.clock(), purge=True)
    assert cloud.names() == set()


def test_another_machine_can_destroy_what_this_one_made(
    cloud: WatchedCloud, first: Order, ledger: Ledger, tmp_path: Path
) -> None:
    run(cloud, first, ledger)
    elsewhere = Ledger(tmp_path / "elsewhere" / "ledger.jsonl")
    ledgers.join(cloud.clients(), shelf_of(first.desired), elsewhere)
    assert {entry.name for entry in elsewhere.owned()} == {entry.name for entry in ledger.owned()}
    destroy(elsewhere, cloud.clients(), clock=cloud.clock(), purge=True)
    assert cloud.names() == set()


def test_ledgers_of_two_machines_join(
    cloud: WatchedCloud, first: Order, second: Order, ledger: Ledger, tmp_path: Path
) -> None:
    elsewhere = Ledger(tmp_path / "elsewhere" / "ledger.jsonl")
    run(cloud, first, ledger)
    run(cloud, second, elsewhere)
    ledgers.join(cloud.clients(), shelf_of(first.desired), ledger)
    names = {entry.name for entry in ledger.owned()}
    assert {first.desired.model.name, second.desired.model.name} <= names
    assert ledger.entries() == elsewhere.entries()


def test_joining_where_nothing_was_kept_changes_nothing(cloud: WatchedCloud, first: Order, ledger: Ledger) -> None:
    ledgers.join(cloud.clients(), shelf_of(first.desired), ledger)
    assert not ledger.path.exists()


def test_a_damaged_copy_is_refused_and_not_joined(cloud: WatchedCloud, first: Order, ledger: Ledger) -> None:
    run(cloud, first, ledger)
    before = ledger.path.read_bytes()
    key = f"{first.desired.releases_prefix}/ledger.jsonl"
    cloud.objects[first.desired.bucket.name, key]["Data"] = b"nonsense\n"
    with pytest.raises(ConfigurationError, match="no ledger entry"):
        ledgers.join(cloud.clients(), shelf_of(first.desired), ledger)
    assert ledger.path.read_bytes() == before
