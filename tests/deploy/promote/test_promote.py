"""Promotion ends with the new release in service or the old one, never with something in between."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.apply.ledger import Ledger
from deploy.core.errors import AwsRefused, DeployError, EndpointFailed, GateRefused
from deploy.gates.gate import GateVerdict
from deploy.promote.destroy import destroy
from deploy.promote.promote import PromotionRequest
from deploy.promote.recording import store_of
from deploy.releases import readable, releases
from tests.deploy.cloud import Refusal
from tests.deploy.promoting import changes, in_service, run, serving
from tests.deploy.promotion_requests import promotion_request
from tests.deploy.watched_cloud import GOOD_ANSWER, WatchedCloud


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
