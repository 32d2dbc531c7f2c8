"""Back to a release that served before, whatever became of records, fleets and scaling."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from deploy.apply.ledger import Ledger
from deploy.aws import LOCAL_ACCOUNT
from deploy.core.errors import ConfigurationError, EndpointFailed
from deploy.plan.drift import drift
from deploy.promote.expire import expire
from deploy.promote.promote import PromotionRequest
from deploy.promote.recording import store_of
from tests.deploy.promoting import back, in_service, run
from tests.deploy.promotion_requests import promotion_request
from tests.deploy.watched_cloud import GOOD_ANSWER, START, WatchedCloud


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


def damage(cloud: WatchedCloud, what: PromotionRequest, text: bytes = b'{"schema": "rehearsal.release/9"}') -> None:
    """The record of that release can no longer be read."""
    for (_, key), stored in cloud.objects.items():
        if f"{what.desired.release}-" in key and key.endswith("Z.json"):
            stored["Data"] = text


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


def scale_to(cloud: WatchedCloud, count: int) -> None:
    cloud.endpoints["demo"]["ProductionVariants"][0] |= {"CurrentInstanceCount": count, "DesiredInstanceCount": count}


def test_a_rollback_keeps_a_fleet_that_was_scaled_out(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    run(cloud, second, ledger)
    scale_to(cloud, 3)
    back(cloud, second, ledger)
    assert cloud.endpoints["demo"]["ProductionVariants"][0]["DesiredInstanceCount"] == 3
