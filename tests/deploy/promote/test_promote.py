"""Promotion ends with the new release in service or the old one, never with something in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from deploy.apply import ledger_copies
from deploy.apply.ledger import Ledger
from deploy.core.errors import AwsRefused, ConfigurationError, DeployError, EndpointFailed, GateRefused
from deploy.gates.gate import GateVerdict
from deploy.plan.observe import observe
from deploy.plan.plan import plan
from deploy.promote.destroy import destroy
from deploy.promote.promote import Promoted, PromotionRequest, promote
from deploy.promote.recording import store_of
from deploy.releases import current, readable, releases
from tests.deploy.cloud import Refusal
from tests.deploy.promotion_requests import promotion_request
from tests.deploy.watched_cloud import GOOD_ANSWER, WatchedCloud


def run(cloud: WatchedCloud, what: PromotionRequest, ledger: Ledger) -> Promoted:
    return promote(what, cloud.clients(), ledger=ledger, clock=cloud.clock())


def serving(cloud: WatchedCloud) -> str:
    return str(cloud.endpoints["demo"]["EndpointConfigName"])


def changes(cloud: WatchedCloud, what: PromotionRequest) -> list[tuple[str, str]]:
    planned = plan(what.desired, what.monitoring, observe(what.desired, what.monitoring, cloud.clients()))
    return [(change.symbol, change.kind) for change in planned.changes]


def in_service(cloud: WatchedCloud, what: PromotionRequest) -> str | None:
    found = current(cloud.clients(), store_of(what.desired))
    return found[0].release if found else None


def arn(cloud: WatchedCloud, role: str) -> str:
    return str(cloud.policies[f"policy demo-{role}"]["PolicyARN"])


def test_a_first_promotion_serves_scales_and_is_recorded(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    promoted = run(cloud, first, ledger)
    assert serving(cloud) == first.desired.endpoint_config.name
    assert cloud.targets["endpoint/demo/variant/AllTraffic"]["MinCapacity"] == 0
    assert set(cloud.policies) == {"policy demo-from-zero", "policy demo-backlog", "policy demo-idle"}
    assert cloud.alarms["demo-from-zero"]["AlarmActions"] == [arn(cloud, "from-zero")]
    assert in_service(cloud, first) == first.desired.release
    assert promoted.release.state == "promoted"
    assert [each.problem for each in promoted.release.smoke] == [""]
    assert {each.gate for each in promoted.release.gates} >= {"bundle", "runtime", "known_answer"}


def test_the_plan_of_what_was_promoted_is_empty(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    assert {symbol for symbol, _ in changes(cloud, first)} == {"+"}
    run(cloud, first, ledger)
    assert changes(cloud, first) == []


def test_promoting_the_same_again_changes_no_resource(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.calls.clear()
    cloud.slept_seconds.append(60)
    run(cloud, first, ledger)
    assert set(cloud.changes()) <= {"PutObject", "DeleteObject", "InvokeEndpointAsync"}


def test_an_update_bakes_with_requests_of_its_own_and_scaling_suspended(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
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


def test_another_instance_type_scales_as_before(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path, ledger: Ledger
) -> None:
    """AWS refuses to swap the type under a scalable target, and policies that are made anew have other ARNs."""
    run(cloud, first, ledger)
    larger = promotion_request(tmp_path / "larger", extra="[endpoint]\ninstance_type = 'ml.g5.xlarge'\n")
    assert ("-/+", "scalable-target") in changes(cloud, larger)
    run(cloud, larger, ledger)
    assert serving(cloud) == larger.desired.endpoint_config.name
    assert changes(cloud, larger) == []
    for role in ("from-zero", "idle"):
        assert cloud.alarms[f"demo-{role}"]["AlarmActions"] == [arn(cloud, role)]


@pytest.mark.parametrize(("running", "initial", "after"), [(4, 1, 4), (1, 1, 1), (0, 1, 1), (1, 2, 2), (3, 2, 3)])
def test_an_update_takes_no_instance_from_a_fleet_at_work_and_wakes_one_at_zero(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path, ledger: Ledger, running: int, initial: int, after: int
) -> None:
    run(cloud, first, ledger)
    (fleet,) = cloud.endpoints["demo"]["ProductionVariants"]
    fleet |= {"CurrentInstanceCount": running, "DesiredInstanceCount": running}
    wider = promotion_request(tmp_path / "wider", seed=1, extra=f"[endpoint]\ninitial_instance_count = {initial}\n")
    run(cloud, wider, ledger)
    (fleet,) = cloud.endpoints["demo"]["ProductionVariants"]
    assert fleet["DesiredInstanceCount"] == after


@pytest.mark.parametrize("bake_seconds", [0, 600])
def test_a_bad_release_on_another_instance_type_leaves_the_old_one_scaling(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path, ledger: Ledger, bake_seconds: int
) -> None:
    run(cloud, first, ledger)
    rollout = f"[rollout]\nsmoke_input = 'clip.mp4'\nbake_seconds = {bake_seconds}\n"
    larger = promotion_request(tmp_path / "larger", extra=f"[endpoint]\ninstance_type = 'ml.g5.xlarge'\n{rollout}")
    cloud.answer = lambda config: None if config == larger.desired.endpoint_config.name else GOOD_ANSWER
    with pytest.raises(EndpointFailed):
        run(cloud, larger, ledger)
    assert serving(cloud) == first.desired.endpoint_config.name
    assert changes(cloud, first) == []


def test_a_bad_bundle_is_rolled_back_by_its_own_smoke_test_and_the_old_one_keeps_serving(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.answer = lambda config: None if config == second.desired.endpoint_config.name else GOOD_ANSWER
    with pytest.raises(EndpointFailed, match=f"rolled back: it serves {first.desired.endpoint_config.name}"):
        run(cloud, second, ledger)
    assert serving(cloud) == first.desired.endpoint_config.name
    assert in_service(cloud, second) == first.desired.release
    assert not any(cloud.targets["endpoint/demo/variant/AllTraffic"]["SuspendedState"].values())
    newest = readable(releases(cloud.clients(), store_of(second.desired)))[0].release
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
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger, answer: object, said: str
) -> None:
    run(cloud, first, ledger)
    cloud.answer = lambda _: json.dumps(answer).encode()
    with pytest.raises(EndpointFailed, match="rolled back"):
        run(cloud, second, ledger)
    assert said in readable(releases(cloud.clients(), store_of(second.desired)))[0].release.smoke[0].problem


def test_a_request_that_is_not_even_accepted_while_it_bakes_proves_nothing(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.refuse["InvokeEndpointAsync"] = [Refusal("ValidationException", "no such variant")]
    with pytest.raises(EndpointFailed, match="rolled back"):
        run(cloud, second, ledger)
    assert serving(cloud) == first.desired.endpoint_config.name
    problem = readable(releases(cloud.clients(), store_of(second.desired)))[0].release.smoke[0].problem
    assert "no such variant" in problem


def test_without_a_bake_the_last_smoke_test_brings_the_old_release_back(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    extra = "[rollout]\nsmoke_input = 'clip.mp4'\nbake_seconds = 0\n"
    unbaked = promotion_request(tmp_path / "unbaked", seed=1, extra=extra)
    cloud.answer = lambda config: None if config == unbaked.desired.endpoint_config.name else GOOD_ANSWER
    with pytest.raises(EndpointFailed, match=f"serves {first.desired.endpoint_config.name} again"):
        run(cloud, unbaked, ledger)
    assert serving(cloud) == first.desired.endpoint_config.name


def test_a_first_release_that_fails_its_smoke_test_does_not_stay(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    cloud.answer = lambda _: None
    with pytest.raises(EndpointFailed, match="endpoint demo was removed again: its smoke test failed"):
        run(cloud, first, ledger)
    assert cloud.endpoints == {}
    assert cloud.targets == {}
    assert in_service(cloud, first) is None


def test_nothing_may_run_unscaled(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    cloud.refuse["RegisterScalableTarget"] = [Refusal("AccessDeniedException", "not authorized")]
    with pytest.raises(EndpointFailed, match="removed again, since it would have run unscaled"):
        run(cloud, first, ledger)
    assert cloud.endpoints == {}


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_may_run_unscaled_where_an_endpoint_was_destroyed_before(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path, ledger: Ledger, seed: int
) -> None:
    """The release pointer outlives the endpoint, and must not pass the next one off as long in service."""
    run(cloud, first, ledger)
    destroy(ledger, cloud.clients(), clock=cloud.clock())
    cloud.slept_seconds.append(60)
    again = promotion_request(tmp_path / "again", seed=seed)
    cloud.refuse["RegisterScalableTarget"] = [Refusal("AccessDeniedException", "not authorized")]
    with pytest.raises(EndpointFailed, match="removed again, since it would have run unscaled"):
        run(cloud, again, ledger)
    assert cloud.endpoints == {}


@pytest.mark.parametrize("seed", [0, 1])
def test_a_new_endpoint_that_fails_its_smoke_test_does_not_stay_where_one_was_destroyed_before(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path, ledger: Ledger, seed: int
) -> None:
    run(cloud, first, ledger)
    destroy(ledger, cloud.clients(), clock=cloud.clock())
    cloud.slept_seconds.append(60)
    again = promotion_request(tmp_path / "again", seed=seed)
    cloud.crash_after = "CreateEndpoint"
    with pytest.raises(KeyboardInterrupt):
        run(cloud, again, ledger)
    cloud.answer = lambda _: None
    with pytest.raises(EndpointFailed, match="endpoint demo was removed again: its smoke test failed"):
        run(cloud, again, ledger)
    assert cloud.endpoints == {}


def test_a_running_release_survives_a_failure_to_change_its_scaling(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    wider = promotion_request(tmp_path / "wider", extra="[autoscaling]\nmax_instances = 2\n")
    cloud.refuse["RegisterScalableTarget"] = [Refusal("AccessDeniedException", "not authorized")]
    cloud.slept_seconds.append(60)
    with pytest.raises(AwsRefused, match="not authorized"):
        run(cloud, wider, ledger)
    assert serving(cloud) == first.desired.endpoint_config.name


def test_a_shut_gate_stops_everything_before_it_begins(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    shut = replace(first, verdicts=(GateVerdict("runtime", "failed", "process runtime"),))
    with pytest.raises(GateRefused, match="runtime: process runtime"):
        run(cloud, shut, ledger)
    assert cloud.calls == []


def test_an_override_is_in_the_record(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    overridden = replace(first, verdicts=(GateVerdict("runtime", "overridden", "x; overridden because: no Docker"),))
    run(cloud, overridden, ledger)
    (gate,) = readable(releases(cloud.clients(), store_of(first.desired)))[0].release.gates
    assert (gate.outcome, gate.reason) == ("overridden", "x; overridden because: no Docker")


def test_an_alarm_that_rings_already_stops_the_update(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.alarms["demo-rollback-5xx"]["StateValue"] = "ALARM"
    with pytest.raises(DeployError, match="waited 300 s for alarm demo-rollback-5xx to be quiet"):
        run(cloud, second, ledger)
    assert "UpdateEndpoint" not in cloud.changes()


def test_an_alarm_that_becomes_quiet_is_waited_for(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.alarms["demo-rollback-smoke"]["StateValue"] = "ALARM"
    cloud.quiet_after_seconds = sum(cloud.slept_seconds) + 60
    run(cloud, second, ledger)
    assert serving(cloud) == second.desired.endpoint_config.name


# AWS reads of one promotion on this cloud; in parentheses what they were when every step looked for itself. Of the
# first's 18, three wait for the endpoint and one for the answer to the smoke request.
MOST_READS = {"first": 18, "repeated": 17, "update": 27}  # (37, 34, 47)


def test_a_promotion_looks_at_each_thing_once(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    reads = {}
    for name, what in (("first", first), ("repeated", first), ("update", second)):
        cloud.calls.clear()
        cloud.slept_seconds.append(60)
        run(cloud, what, ledger)
        reads[name] = len(cloud.calls) - len(cloud.changes())
    assert all(reads[name] <= most for name, most in MOST_READS.items()), reads


@pytest.mark.parametrize("operation", ["CreateModel", "DescribeAlarms", "RegisterScalableTarget"])
def test_a_fleet_that_is_scaled_out_after_the_promotion_looked_keeps_its_size(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger, operation: str
) -> None:
    """The size is what must be looked at again: right before the update, with scaling suspended."""
    run(cloud, first, ledger)
    (fleet,) = cloud.endpoints["demo"]["ProductionVariants"]
    cloud.after[operation] = lambda: fleet.update(CurrentInstanceCount=4, DesiredInstanceCount=4)
    run(cloud, second, ledger)
    (fleet,) = cloud.endpoints["demo"]["ProductionVariants"]
    assert fleet["DesiredInstanceCount"] == 4


def test_a_bundle_that_somebody_uploads_in_the_meantime_is_checked_and_adopted(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    stored = first.desired.bundle
    same = stored.path.read_bytes()
    cloud.after["GetTopicAttributes"] = lambda: cloud.put(stored.bucket, stored.key, same)
    promoted = run(cloud, first, ledger)
    assert ("object", "adopted") in [(step.kind, step.outcome) for step in promoted.steps]
    assert stored.name not in {entry.name for entry in ledger.owned()}


def test_other_bytes_that_somebody_uploads_in_the_meantime_are_refused(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    stored = first.desired.bundle
    cloud.after["GetTopicAttributes"] = lambda: cloud.put(stored.bucket, stored.key, b"other bytes")
    with pytest.raises(AwsRefused, match="does not hold the bundle"):
        run(cloud, first, ledger)
    assert cloud.endpoints == {}


INTERRUPTED = [
    "CreateBucket", "PutObject", "CreateTopic", "CreateModel", "CreateEndpointConfig", "PutMetricAlarm",
    "CreateEndpoint", "DescribeEndpoint", "RegisterScalableTarget", "PutScalingPolicy", "PutDashboard",
    "InvokeEndpointAsync",
]  # fmt: skip


@pytest.mark.parametrize("operation", INTERRUPTED)
def test_a_first_promotion_interrupted_anywhere_is_finished_by_the_same_owner(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger, operation: str
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
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger, operation: str
) -> None:
    run(cloud, first, ledger)
    cloud.crash_after = operation
    with pytest.raises(KeyboardInterrupt):
        run(cloud, second, ledger)
    run(cloud, second, ledger)
    assert serving(cloud) == second.desired.endpoint_config.name
    assert cloud.changes().count("UpdateEndpoint") == 1
    assert changes(cloud, second) == []


class Mortal(Ledger):
    """Dies as `kill -9` does, with nothing caught or tidied up, once so many lines are on the disk."""

    def __init__(self, path: Path, lines: int) -> None:
        super().__init__(path)
        self.lines = lines

    def write(self, *line: Any, **more: Any) -> None:
        super().write(*line, **more)
        self.lines -= 1
        if self.lines == 0:
            raise KeyboardInterrupt


def killed_after_each_line(
    folder: Path, what: PromotionRequest, before: PromotionRequest | None
) -> Iterator[tuple[WatchedCloud, Ledger]]:
    """A cloud and a ledger for each line of the journal after which a promotion can die, the last one excepted."""
    for lines in count(1):
        cloud, path = WatchedCloud(), folder / str(lines) / "ledger.jsonl"
        if before is not None:
            run(cloud, before, Ledger(path))
        try:
            run(cloud, what, Mortal(path, lines))
        except KeyboardInterrupt:
            yield cloud, Ledger(path)
        else:
            return


def test_a_first_promotion_killed_after_any_line_of_the_journal_is_resumed_or_destroyed(
    first: PromotionRequest, tmp_path: Path
) -> None:
    deaths = 0
    for cloud, ledger in killed_after_each_line(tmp_path / "resumed", first, None):
        deaths += 1
        run(cloud, first, ledger)
        assert (in_service(cloud, first), changes(cloud, first)) == (first.desired.release, [])
    for cloud, ledger in killed_after_each_line(tmp_path / "destroyed", first, None):
        destroy(ledger, cloud.clients(), clock=cloud.clock(), purge=True)
        assert cloud.names() == set()
    assert deaths >= 20


def test_an_update_killed_after_any_line_of_the_journal_is_resumed_or_destroyed(
    first: PromotionRequest, second: PromotionRequest, tmp_path: Path
) -> None:
    deaths = 0
    for cloud, ledger in killed_after_each_line(tmp_path / "resumed", second, first):
        deaths += 1
        run(cloud, second, ledger)
        assert (in_service(cloud, second), changes(cloud, second)) == (second.desired.release, [])
        assert serving(cloud) == second.desired.endpoint_config.name
    for cloud, ledger in killed_after_each_line(tmp_path / "destroyed", second, first):
        destroy(ledger, cloud.clients(), clock=cloud.clock(), purge=True)
        assert cloud.names() == set()
    assert deaths >= 8


def test_two_cannot_deploy_at_once(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    cloud.crash_after = "CreateModel"
    with pytest.raises(KeyboardInterrupt):
        run(cloud, first, ledger)
    with pytest.raises(DeployError, match=r"has been deploying since .*`deploy resume`"):
        run(cloud, replace(first, owner="somebody else"), ledger)


def test_a_lock_whose_owner_died_ends_by_itself(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    cloud.crash_after = "CreateModel"
    with pytest.raises(KeyboardInterrupt):
        run(cloud, first, ledger)
    cloud.slept_seconds.append(5 * 3600)
    run(cloud, replace(first, owner="somebody else"), ledger)
    assert in_service(cloud, first) == first.desired.release


def test_destroy_after_promotions_leaves_nothing(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    run(cloud, second, ledger)
    destroy(ledger, cloud.clients(), clock=cloud.clock(), purge=True)
    assert cloud.names() == set()


@pytest.mark.parametrize("operation", INTERRUPTED)
def test_a_promotion_interrupted_anywhere_can_be_destroyed_without_a_trace(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger, operation: str
) -> None:
    cloud.crash_after = operation
    with pytest.raises(KeyboardInterrupt):
        run(cloud, first, ledger)
    destroy(ledger, cloud.clients(), clock=cloud.clock(), purge=True)
    assert cloud.names() == set()


def test_another_machine_can_destroy_what_this_one_made(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger, tmp_path: Path
) -> None:
    run(cloud, first, ledger)
    elsewhere = Ledger(tmp_path / "elsewhere" / "ledger.jsonl")
    ledger_copies.join(cloud.clients(), store_of(first.desired), elsewhere)
    assert {entry.name for entry in elsewhere.owned()} == {entry.name for entry in ledger.owned()}
    destroy(elsewhere, cloud.clients(), clock=cloud.clock(), purge=True)
    assert cloud.names() == set()


def test_ledgers_of_two_machines_join(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger, tmp_path: Path
) -> None:
    elsewhere = Ledger(tmp_path / "elsewhere" / "ledger.jsonl")
    run(cloud, first, ledger)
    run(cloud, second, elsewhere)
    ledger_copies.join(cloud.clients(), store_of(first.desired), ledger)
    names = {entry.name for entry in ledger.owned()}
    assert {first.desired.model.name, second.desired.model.name} <= names
    assert ledger.entries() == elsewhere.entries()


def test_joining_where_nothing_was_kept_changes_nothing(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    ledger_copies.join(cloud.clients(), store_of(first.desired), ledger)
    assert not ledger.path.exists()


def test_a_damaged_copy_is_refused_and_not_joined(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    run(cloud, first, ledger)
    before = ledger.path.read_bytes()
    key = f"{first.desired.releases_prefix}/ledger.jsonl"
    cloud.objects[first.desired.bucket.name, key]["Data"] = b"nonsense\n"
    with pytest.raises(ConfigurationError, match="no ledger entry"):
        ledger_copies.join(cloud.clients(), store_of(first.desired), ledger)
    assert ledger.path.read_bytes() == before
