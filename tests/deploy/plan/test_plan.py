"""A plan says what would change, costs nothing to make, and goes stale when the world moves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.apply.ledger import Ledger
from deploy.core.errors import ConfigurationError
from deploy.plan import plan as plans
from deploy.plan.observe import observe
from deploy.plan.plan import Plan, plan, require_unchanged
from deploy.promote.promote import PromotionRequest, promote
from tests.deploy.promotion_requests import promotion_request
from tests.deploy.watched_cloud import WatchedCloud


def planned(cloud: WatchedCloud, what: PromotionRequest) -> Plan:
    return plan(what.desired, what.monitoring, observe(what.desired, what.monitoring, cloud.clients()))


def run(cloud: WatchedCloud, what: PromotionRequest, folder: Path) -> None:
    promote(what, cloud.clients(), ledger=Ledger(folder / "ledger.jsonl"), clock=cloud.clock())


def lines(made: Plan) -> list[str]:
    return [f"{change.symbol} {change.kind} {change.name}" for change in made.changes]


def test_on_empty_ground_everything_is_created_and_nothing_was_touched(
    cloud: WatchedCloud, first: PromotionRequest
) -> None:
    made = planned(cloud, first)
    assert {change.action for change in made.changes} == {"create"}
    assert cloud.changes() == []


def test_a_new_bundle_swaps_the_configuration_and_makes_the_rest_new(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path
) -> None:
    run(cloud, first, tmp_path)
    second = promotion_request(tmp_path / "second", seed=1)
    made = planned(cloud, second)
    assert lines(made) == [
        f"+ object {second.desired.bundle.name}",
        f"+ model {second.desired.model.name}",
        f"+ endpoint-config {second.desired.endpoint_config.name}",
        "~ endpoint demo",
    ]
    assert made.updates_fleet


def test_another_instance_type_is_shown_beside_the_swap(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path
) -> None:
    run(cloud, first, tmp_path)
    other = promotion_request(tmp_path / "other", extra="[endpoint]\ninstance_type = 'ml.g5.xlarge'\n")
    endpoint = next(change for change in planned(cloud, other).changes if change.kind == "endpoint")
    assert any("InstanceType: 'ml.g4dn.xlarge' -> 'ml.g5.xlarge'" in detail for detail in endpoint.details)


def test_what_the_new_release_changes_is_shown_beside_the_swap(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path
) -> None:
    run(cloud, first, tmp_path)
    other = promotion_request(tmp_path / "other", extra="[handler.environment]\nFRAME_INTERVAL = 10\n")
    endpoint = next(change for change in planned(cloud, other).changes if change.kind == "endpoint")
    assert endpoint.details[1:] == ("PrimaryContainer.Environment.FRAME_INTERVAL: None -> '10'",)


def test_scaling_limits_are_changed_in_place_and_leftovers_deleted(cloud: WatchedCloud, tmp_path: Path) -> None:
    wide = promotion_request(tmp_path / "wide", extra="[autoscaling]\nmax_instances = 4\n")
    run(cloud, wide, tmp_path)
    narrow = promotion_request(tmp_path / "narrow", extra="[autoscaling]\nmax_instances = 1\n")
    assert lines(planned(cloud, narrow)) == [
        "~ scalable-target endpoint/demo/variant/AllTraffic",
        "- alarm demo-shrink",
        "- scaling-policy demo-shrink",
    ]
    cloud.slept_seconds.append(60)
    run(cloud, narrow, tmp_path)
    assert planned(cloud, narrow).changes == ()


def test_switching_autoscaling_off_takes_everything_away(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path
) -> None:
    run(cloud, first, tmp_path)
    off = promotion_request(tmp_path / "off", extra="[autoscaling]\nenabled = false\n")
    assert {change.symbol for change in planned(cloud, off).changes} == {"-"}
    cloud.slept_seconds.append(60)
    run(cloud, off, tmp_path)
    assert planned(cloud, off).changes == ()
    assert cloud.targets == {}


def test_a_failed_endpoint_is_replaced(cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path) -> None:
    run(cloud, first, tmp_path)
    cloud.endpoints["demo"] |= {"EndpointStatus": "Failed", "FailureReason": "no capacity"}
    (change,) = planned(cloud, first).changes
    assert (change.symbol, change.kind, change.details) == ("-/+", "endpoint", ("Failed: no capacity",))


def test_a_real_time_endpoint_of_that_name_is_refused(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path
) -> None:
    run(cloud, first, tmp_path)
    del cloud.configs[first.desired.endpoint_config.name]["AsyncInferenceConfig"]
    with pytest.raises(ConfigurationError, match="is not asynchronous"):
        planned(cloud, promotion_request(tmp_path / "second", seed=1))


def test_a_bucket_that_is_missing_or_elsewhere_is_refused(cloud: WatchedCloud, first: PromotionRequest) -> None:
    bucket = first.desired.bucket
    kept = replace(first, desired=replace(first.desired, bucket=replace(bucket, create=False)))
    with pytest.raises(ConfigurationError, match="does not exist"):
        planned(cloud, kept)
    cloud.buckets[bucket.name] = "eu-west-1"
    with pytest.raises(ConfigurationError, match="is in eu-west-1"):
        planned(cloud, first)


def test_a_plan_kept_in_a_file_comes_back_equal(cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path) -> None:
    made = planned(cloud, first)
    plans.write(tmp_path / "plan.json", made)
    assert plans.read(tmp_path / "plan.json") == made


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "rehearsal.plan/1"}', '{"schema": "other"}'])
def test_a_file_that_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(ConfigurationError, match="is not a plan"):
        plans.read(tmp_path / "plan.json")


def test_a_plan_goes_stale_when_the_account_moves(cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path) -> None:
    reviewed = planned(cloud, first)
    require_unchanged(reviewed, planned(cloud, first))
    run(cloud, first, tmp_path)
    with pytest.raises(ConfigurationError, match="stale: what exists in the account"):
        require_unchanged(reviewed, planned(cloud, first))


def test_a_plan_goes_stale_when_the_bundle_moves(cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="stale: the bundle and the release"):
        require_unchanged(planned(cloud, first), planned(cloud, promotion_request(tmp_path / "second", seed=1)))


def test_instances_that_come_and_go_do_not_make_a_plan_stale(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path
) -> None:
    run(cloud, first, tmp_path)
    reviewed = planned(cloud, first)
    cloud.endpoints["demo"]["ProductionVariants"] = [{"CurrentInstanceCount": 0}]
    require_unchanged(reviewed, planned(cloud, first))


SETTINGS = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2),
        "max_instances": st.integers(1, 4),
        "idle_minutes": st.sampled_from([5, 15]),
        "enabled": st.booleans(),
        "instance_type": st.sampled_from(["ml.g4dn.xlarge", "ml.g5.xlarge"]),
    }
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(SETTINGS, min_size=1, max_size=3))
def test_the_plan_of_an_applied_state_is_empty(
    steps: list[dict[str, object]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    cloud, folder = WatchedCloud(), tmp_path_factory.mktemp("states")
    for number, step in enumerate(steps):
        enabled = str(step["enabled"]).lower()
        extra = (
            f"[autoscaling]\nmax_instances = {step['max_instances']}\nidle_minutes = {step['idle_minutes']}\n"
            f"enabled = {enabled}\n[endpoint]\ninstance_type = '{step['instance_type']}'\n"
        )
        wanted = promotion_request(folder / str(number), seed=int(str(step["seed"])), extra=extra)
        cloud.slept_seconds.append(60)
        run(cloud, wanted, folder)
        assert planned(cloud, wanted).changes == ()


def test_a_real_time_endpoint_is_not_promoted(cloud: WatchedCloud, first: PromotionRequest) -> None:
    config = replace(first.desired.endpoint_config, is_realtime=True)
    with pytest.raises(ConfigurationError, match="only asynchronous endpoints are promoted"):
        planned(cloud, replace(first, desired=replace(first.desired, endpoint_config=config)))
