"""What runs already: watched, compared, rolled back, expired."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.apply.ledger import Ledger
from deploy.aws import LOCAL_ACCOUNT
from deploy.aws.logs import logs
from deploy.cli.output import rendering
from deploy.core.errors import AwsRefused, ConfigurationError, DeployError, EndpointFailed
from deploy.gates.gate import GateVerdict
from deploy.plan.drift import drift
from deploy.plan.status import Status, status
from deploy.pricing.prices import Price
from deploy.promote.expire import expire, expired
from deploy.promote.promote import PromotionRequest, destination, promote
from deploy.promote.recording import store_of
from deploy.promote.rollback import RollbackRequest, rollback
from deploy.promote.verify import verify
from deploy.releases import Stored, Unreadable, current, readable, releases
from tests.deploy.cloud import Refusal
from tests.deploy.promotion_requests import promotion_request
from tests.deploy.watched_cloud import GOOD_ANSWER, START, WatchedCloud

PRICE = Price(0.7364, "table")


@pytest.fixture
def cloud() -> WatchedCloud:
    return WatchedCloud()


@pytest.fixture
def first(tmp_path: Path) -> PromotionRequest:
    return promotion_request(tmp_path / "first")


@pytest.fixture
def second(tmp_path: Path) -> PromotionRequest:
    return promotion_request(tmp_path / "second", seed=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl")


def run(cloud: WatchedCloud, what: PromotionRequest, ledger: Ledger) -> None:
    promote(what, cloud.clients(), ledger=ledger, clock=cloud.clock())


def rollback_request(what: PromotionRequest, wanted: str | None = None) -> RollbackRequest:
    where = destination(what.desired)
    return RollbackRequest(
        wanted, store_of(what.desired), what.monitoring, where, lambda _: what.probe, what.owner, what.actor
    )


def back(cloud: WatchedCloud, what: PromotionRequest, ledger: Ledger, wanted: str | None = None) -> str:
    done = rollback(rollback_request(what, wanted), cloud.clients(), ledger=ledger, clock=cloud.clock())
    return done.release.release


def in_service(cloud: WatchedCloud, what: PromotionRequest) -> str:
    found = current(cloud.clients(), store_of(what.desired))
    assert found is not None
    return found[0].release


def test_rollback_goes_to_the_release_before_and_moves_the_pointer(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    run(cloud, second, ledger)
    assert back(cloud, second, ledger) == first.desired.release
    assert cloud.endpoints["demo"]["EndpointConfigName"] == first.desired.endpoint_config.name
    assert in_service(cloud, first) == first.desired.release
    assert not any(cloud.targets["endpoint/demo/variant/AllTraffic"]["SuspendedState"].values())


def test_rollback_to_a_named_release(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    run(cloud, second, ledger)
    assert back(cloud, second, ledger, first.desired.release[:5]) == first.desired.release


def test_rolling_back_a_rollback_goes_forward_again(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    run(cloud, second, ledger)
    back(cloud, second, ledger)
    assert back(cloud, second, ledger) == second.desired.release


def test_there_may_be_nothing_to_go_back_to(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    cloud.buckets[first.desired.bucket.name] = "us-east-1"
    with pytest.raises(ConfigurationError, match="nothing was promoted here yet"):
        back(cloud, first, ledger)
    run(cloud, first, ledger)
    with pytest.raises(ConfigurationError, match="no other release was ever promoted"):
        back(cloud, first, ledger)
    with pytest.raises(ConfigurationError, match="no promoted release begins with 'fff'"):
        back(cloud, first, ledger, "fff")


def test_a_release_whose_configuration_is_gone_cannot_serve_again(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    run(cloud, second, ledger)
    del cloud.configs[first.desired.endpoint_config.name]
    with pytest.raises(ConfigurationError, match=r"was deleted\. Promote its bundle"):
        back(cloud, second, ledger)
    assert cloud.endpoints["demo"]["EndpointConfigName"] == second.desired.endpoint_config.name


def test_a_rollback_whose_smoke_test_fails_says_so_and_keeps_the_pointer(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    run(cloud, second, ledger)
    cloud.answer = lambda config: None if config == first.desired.endpoint_config.name else GOOD_ANSWER
    with pytest.raises(EndpointFailed, match=r"serves demo-.* now, and its smoke test failed"):
        back(cloud, second, ledger)
    assert in_service(cloud, second) == second.desired.release


def test_a_rollback_that_fails_leaves_what_serves_scaling(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    run(cloud, second, ledger)
    cloud.fate = "RolledBack"
    with pytest.raises(EndpointFailed, match="was rolled back"):
        back(cloud, second, ledger)
    assert not any(cloud.targets["endpoint/demo/variant/AllTraffic"]["SuspendedState"].values())


def test_a_rollback_to_another_instance_type_scales_as_before(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    larger = promotion_request(tmp_path / "larger", seed=1, extra="[endpoint]\ninstance_type = 'ml.g5.xlarge'\n")
    run(cloud, larger, ledger)
    assert back(cloud, first, ledger) == first.desired.release
    assert drift(cloud.clients(), store_of(first.desired), first.monitoring) == ()


def test_an_endpoint_that_expired_wakes_from_zero_when_it_is_promoted_again(
    cloud: WatchedCloud, tmp_path: Path, ledger: Ledger
) -> None:
    """Its alarms outlived the policies that they named."""
    mortal = promotion_request(tmp_path / "mortal", extra="[rollout]\nsmoke_input = 'clip.mp4'\nttl_hours = 1\n")
    run(cloud, mortal, ledger)
    cloud.slept_seconds.append(timedelta(hours=2).total_seconds())
    cloud.endpoints["demo"]["Tags"] = [{"Key": "rehearsal:expires", "Value": START.isoformat()}]
    expire(cloud.clients(), ledger=ledger, account=LOCAL_ACCOUNT, clock=cloud.clock())
    run(cloud, mortal, ledger)
    for role in ("from-zero", "idle"):
        assert cloud.alarms[f"demo-{role}"]["AlarmActions"] == [cloud.policies[f"policy demo-{role}"]["PolicyARN"]]


def test_every_attempt_is_listed_newest_first(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.answer = lambda config: None if config == second.desired.endpoint_config.name else GOOD_ANSWER
    with pytest.raises(EndpointFailed):
        run(cloud, second, ledger)
    found = readable(releases(cloud.clients(), store_of(first.desired)))
    assert [each.release.state for each in found] == ["rolled_back", "promoted"]


def test_a_record_changed_by_hand_is_noticed(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    run(cloud, first, ledger)
    (record,) = [each for key, each in cloud.objects.items() if key[1].endswith("Z.json")]
    record["Data"] = record["Data"].replace(b'"state": "promoted"', b'"state": "failed"')
    with pytest.raises(ConfigurationError, match="not the record that it was set to"):
        current(cloud.clients(), store_of(first.desired))


def damage(cloud: WatchedCloud, what: PromotionRequest, text: bytes = b'{"schema": "rehearsal.release/9"}') -> None:
    """The record of that release can no longer be read."""
    for (_, key), stored in cloud.objects.items():
        if f"{what.desired.release}-" in key and key.endswith("Z.json"):
            stored["Data"] = text


def test_a_record_that_cannot_be_read_is_listed_as_that(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    run(cloud, second, ledger)
    damage(cloud, first)
    newest, oldest = releases(cloud.clients(), store_of(first.desired))
    assert isinstance(newest, Stored)
    assert isinstance(oldest, Unreadable)
    assert oldest.release == first.desired.release
    assert START <= oldest.created < newest.created
    assert oldest.reason.startswith("is not a release of this version (schema: ")
    said = rendering.releases((newest, oldest), newest.key).splitlines()
    assert said[1].startswith(f"   {first.desired.release}  2026-11-20 12:00Z  unreadable: is not a release")


def test_a_record_that_s3_keeps_from_us_is_listed_as_that(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.refuse["GetObject"] = [Refusal("AccessDenied", "Access Denied", 403)]
    (found,) = releases(cloud.clients(), store_of(first.desired))
    assert isinstance(found, Unreadable)
    assert found.reason == "S3 refuses it: AccessDenied"
    cloud.refuse["GetObject"] = [Refusal("ExpiredToken", "The provided token has expired.")]
    with pytest.raises(AwsRefused, match="ExpiredToken"):
        releases(cloud.clients(), store_of(first.desired))


def test_one_damaged_record_does_not_keep_another_release_from_serving(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, tmp_path: Path, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    run(cloud, second, ledger)
    third = promotion_request(tmp_path / "third", seed=2)
    run(cloud, third, ledger)
    damage(cloud, second)
    with pytest.raises(ConfigurationError, match=f"{second.desired.release} is unreadable: is not a release"):
        back(cloud, third, ledger, second.desired.release)
    assert back(cloud, third, ledger) == first.desired.release


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"[]", b'{"schema": "rehearsal.release/9"}'])
def test_a_damaged_record_of_what_serves_is_a_reason_to_go_back(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger, text: bytes
) -> None:
    run(cloud, first, ledger)
    run(cloud, second, ledger)
    damage(cloud, second, text)
    assert back(cloud, second, ledger) == first.desired.release


def test_a_damaged_pointer_leaves_the_choice_to_people(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    run(cloud, second, ledger)
    cloud.objects[first.desired.bucket.name, "releases/demo/current.json"]["Data"] = b"{}"
    with pytest.raises(ConfigurationError, match="`deploy rollback RELEASE`"):
        back(cloud, second, ledger)
    assert back(cloud, second, ledger, first.desired.release) == first.desired.release
    assert in_service(cloud, second) == first.desired.release


def test_there_are_no_releases_where_there_is_no_bucket(cloud: WatchedCloud, first: PromotionRequest) -> None:
    assert releases(cloud.clients(), store_of(first.desired)) == ()


def test_a_rollback_keeps_a_fleet_that_was_scaled_out(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    run(cloud, second, ledger)
    scale_to(cloud, 3)
    back(cloud, second, ledger)
    assert cloud.endpoints["demo"]["ProductionVariants"][0]["DesiredInstanceCount"] == 3


def scale_to(cloud: WatchedCloud, count: int) -> None:
    cloud.endpoints["demo"]["ProductionVariants"][0] |= {"CurrentInstanceCount": count, "DesiredInstanceCount": count}


def look(cloud: WatchedCloud, what: PromotionRequest, *, hours: float = 2.0) -> Status:
    now = START + timedelta(hours=hours)
    return status(cloud.clients(), "demo", store_of(what.desired), PRICE, now)


def test_status_says_what_serves_and_what_it_costs(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.backlog = [3.0, 7.0]
    found = look(cloud, first)
    assert (found.state, found.instances, found.release) == ("InService", 1, first.desired.release)
    assert found.follows_pointer
    assert (found.min_instances, found.max_instances) == (0, 1)
    assert found.backlog == 3.0
    assert found.usd_per_hour == 0.7364
    assert found.usd_at_most == pytest.approx(2 * 0.7364, abs=0.01)


def test_status_without_datapoints_or_price_says_so(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    found = status(cloud.clients(), "demo", store_of(first.desired), None, START)
    assert (found.backlog, found.usd_per_hour, found.usd_at_most) == (None, None, None)


def test_status_notices_that_something_else_serves(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.endpoints["demo"]["EndpointConfigName"] = "by-hand"
    cloud.configs["by-hand"] = cloud.configs[first.desired.endpoint_config.name]
    assert not look(cloud, first).follows_pointer


def test_status_of_nothing_is_refused(cloud: WatchedCloud, first: PromotionRequest) -> None:
    with pytest.raises(ConfigurationError, match="there is no endpoint demo here"):
        look(cloud, first)


def test_what_was_promoted_does_not_drift_by_itself(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.endpoints["demo"]["ProductionVariants"] = [{"CurrentInstanceCount": 0, "DesiredInstanceCount": 0}]
    assert drift(cloud.clients(), store_of(first.desired), first.monitoring) == ()


def test_every_change_by_hand_is_found(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    run(cloud, first, ledger)
    name = first.desired.model.name
    cloud.models[name] = {**cloud.models[name], "ExecutionRoleArn": "arn:other"}
    cloud.configs["by-hand"] = {}
    cloud.endpoints["demo"]["EndpointConfigName"] = "by-hand"
    cloud.targets["endpoint/demo/variant/AllTraffic"] |= {"MaxCapacity": 9, "SuspendedState": {"x": True}}
    del cloud.policies["policy demo-idle"]
    del cloud.alarms["demo-from-zero"]
    cloud.alarms["demo-rollback-smoke"]["ActionsEnabled"] = False
    del cloud.topics[first.desired.error_topic.arn]
    del cloud.objects[first.desired.bundle.bucket, first.desired.bundle.key]
    found = drift(cloud.clients(), store_of(first.desired), first.monitoring)
    assert [line.split(":")[0] for line in found] == [
        "model", "endpoint demo", f"bundle {first.desired.bundle.name}".split(":")[0], "scaling", "scaling",
        "scaling policy demo-idle", "topic arn", "alarm demo-rollback-smoke", "alarm demo-from-zero", "alarm demo-idle",
    ]  # fmt: skip


def test_a_role_that_lets_sagemaker_in_no_more_is_drift(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    promote(first, cloud.real_clients(), ledger=ledger, clock=cloud.clock())
    assert drift(cloud.real_clients(), store_of(first.desired), first.monitoring) == ()
    cloud.trust = None
    (line,) = drift(cloud.real_clients(), store_of(first.desired), first.monitoring)
    assert "does not exist" in line


def test_drift_before_the_first_promotion_is_refused(cloud: WatchedCloud, first: PromotionRequest) -> None:
    with pytest.raises(ConfigurationError, match="no record to compare with"):
        drift(cloud.clients(), store_of(first.desired), first.monitoring)


def test_logs_come_from_the_time_asked_for(cloud: WatchedCloud) -> None:
    milliseconds = int(START.timestamp() * 1000)
    cloud.log_events = [
        {"timestamp": milliseconds - 60_000, "logStreamName": "AllTraffic/i-1", "message": "old\n"},
        {"timestamp": milliseconds, "logStreamName": "AllTraffic/i-1", "message": "new\n"},
    ]
    (line,) = logs(cloud.real_clients(), "demo", since=START)
    assert (line.at, line.stream, line.text) == (START, "AllTraffic/i-1", "new")


def test_a_local_cloud_without_logs_says_where_they_are(cloud: WatchedCloud) -> None:
    cloud.refuse["FilterLogEvents"] = [Refusal("InternalFailure", "Service 'logs' is not enabled.", 501)]
    with pytest.raises(ConfigurationError, match="harness logs demo"):
        list(logs(cloud.clients(), "demo", since=START))


def test_an_endpoint_that_never_logged_is_explained(cloud: WatchedCloud) -> None:
    with pytest.raises(ConfigurationError, match="there is no log group /aws/sagemaker/Endpoints/demo"):
        list(logs(cloud.real_clients(), "demo", since=START))


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


def mortal(folder: Path, cloud: WatchedCloud, *, hours: float) -> PromotionRequest:
    """An order whose endpoint may be deleted after `hours`."""
    made = promotion_request(folder)
    ends = (cloud.clock().today() + timedelta(hours=hours)).isoformat()
    endpoint = replace(made.desired.endpoint, tags={**made.desired.endpoint.tags, "rehearsal:expires": ends})
    return replace(made, desired=replace(made.desired, endpoint=endpoint))


def test_an_endpoint_past_its_end_is_deleted_and_others_stay(
    cloud: WatchedCloud, tmp_path: Path, ledger: Ledger
) -> None:
    run(cloud, mortal(tmp_path, cloud, hours=1), ledger)
    cloud.endpoints["eternal"] = {**cloud.endpoints["demo"], "EndpointArn": "arn:x/eternal", "Tags": []}
    assert expired(cloud.clients(), cloud.clock().today()) == ()
    cloud.slept_seconds.append(3601)
    (gone,) = expire(cloud.clients(), ledger=ledger, account=LOCAL_ACCOUNT, clock=cloud.clock())
    assert gone.endpoint_name == "demo"
    assert set(cloud.endpoints) == {"eternal"}


def test_an_endpoint_that_cannot_be_deleted_does_not_save_the_others(
    cloud: WatchedCloud, tmp_path: Path, ledger: Ledger
) -> None:
    run(cloud, mortal(tmp_path, cloud, hours=1), ledger)
    cloud.endpoints["other"] = {**cloud.endpoints["demo"], "EndpointName": "other", "EndpointArn": "arn:x/other"}
    cloud.slept_seconds.append(3601)
    cloud.refuse["DeleteEndpoint"] = [Refusal("AccessDeniedException", "not yours")]
    with pytest.raises(DeployError, match=r"1 of 2 expired endpoints still cost money:\n.*not yours"):
        expire(cloud.clients(), ledger=ledger, account=LOCAL_ACCOUNT, clock=cloud.clock())
    assert set(cloud.endpoints) == {"demo"}


def test_endpoints_of_others_do_not_keep_ours_alive(cloud: WatchedCloud, tmp_path: Path, ledger: Ledger) -> None:
    """The deployer of `deploy policy` may read the tags of its own endpoint only, and list all."""
    run(cloud, mortal(tmp_path, cloud, hours=1), ledger)
    ours = cloud.endpoints.pop("demo")
    cloud.endpoints |= {"theirs": {**ours, "EndpointName": "theirs", "EndpointArn": "arn:x/theirs"}, "demo": ours}
    cloud.slept_seconds.append(3601)
    cloud.refuse["ListTags"] = [Refusal("AccessDeniedException", "not authorized to perform: sagemaker:ListTags")]
    (gone,) = expire(cloud.clients(), ledger=ledger, account=LOCAL_ACCOUNT, clock=cloud.clock())
    assert gone.endpoint_name == "demo"
    assert set(cloud.endpoints) == {"theirs"}


def test_promoting_again_moves_the_end(cloud: WatchedCloud, tmp_path: Path, ledger: Ledger) -> None:
    run(cloud, mortal(tmp_path / "a", cloud, hours=1), ledger)
    cloud.slept_seconds.append(3000)
    run(cloud, mortal(tmp_path / "b", cloud, hours=1), ledger)
    cloud.slept_seconds.append(1000)
    assert expired(cloud.clients(), cloud.clock().today()) == ()


def test_what_was_promoted_can_be_proven(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    run(cloud, first, ledger)
    links = verify(cloud.clients(), store_of(first.desired), [first.gate_input.bundle.path])
    assert [link.what for link in links if not link.holds] == []
    assert len(links) == 10


def test_another_bundle_at_hand_is_not_the_one_that_serves(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    *_, last = verify(cloud.clients(), store_of(first.desired), [second.gate_input.bundle.path])
    assert not last.holds
    assert "nothing that the record names" in last.detail


def test_every_broken_link_is_named(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    run(cloud, first, ledger)
    cloud.objects[first.desired.bundle.bucket, first.desired.bundle.key]["ChecksumSHA256"] = "other="
    model = cloud.models[first.desired.model.name]
    model["PrimaryContainer"] = {**model["PrimaryContainer"], "ModelDataUrl": "s3://other/model.tar.gz"}
    cloud.configs["by-hand"] = {}
    cloud.endpoints["demo"] |= {
        "EndpointConfigName": "by-hand", "ProductionVariants": [{"DeployedImages": [{"ResolvedImage": "x@sha256:1"}]}]
    }  # fmt: skip
    links = verify(cloud.clients(), store_of(first.desired))
    assert [link.what for link in links if not link.holds] == ["endpoint", "model data", "image", "bundle"]


def test_an_override_is_shown_by_verify(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    verdict = GateVerdict("runtime", "overridden", "process; overridden because: no Docker")
    run(cloud, replace(first, verdicts=(verdict,)), ledger)
    gates = next(link for link in verify(cloud.clients(), store_of(first.desired)) if link.what == "gates")
    assert gates.holds
    assert "overridden because: no Docker" in gates.detail


def test_there_may_be_nothing_to_verify(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path, ledger: Ledger
) -> None:
    cloud.buckets[first.desired.bucket.name] = "us-east-1"
    with pytest.raises(ConfigurationError, match="no record to verify"):
        verify(cloud.clients(), store_of(first.desired))
    run(cloud, first, ledger)
    with pytest.raises(ConfigurationError, match="does not exist"):
        verify(cloud.clients(), store_of(first.desired), [tmp_path / "none"])
