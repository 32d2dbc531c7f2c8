"""Creating, adopting, resuming and destroying, through real boto3 clients on a cloud in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.apply.apply import Applied, apply
from deploy.apply.ledger import Ledger
from deploy.apply.steps import Step
from deploy.aws import LOCAL_ACCOUNT, LOCAL_ROLE
from deploy.core.errors import AwsRefused, ConfigurationError, EndpointFailed, TimedOut
from deploy.promote.destroy import destroy
from deploy.resources.desired_state import Desired, desired_state_of
from tests.deploy.cloud import FakeCloud, Refusal
from tests.deploy.projects import write_bundle


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


@pytest.fixture
def desired(tmp_path: Path) -> Desired:
    project, bundle = write_bundle(tmp_path)
    return desired_state_of(project, bundle, LOCAL_ACCOUNT, LOCAL_ROLE)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "demo.ledger.jsonl")


def deploy(cloud: FakeCloud, desired: Desired, ledger: Ledger, *, timeout_seconds: float | None = None) -> Applied:
    return apply(desired, cloud.clients(), ledger=ledger, clock=cloud.clock(), timeout_seconds=timeout_seconds)


CREATION = [
    "CreateBucket", "PutObject", "CreateTopic", "CreateTopic", "CreateModel", "CreateEndpointConfig", "CreateEndpoint",
]  # fmt: skip


def test_a_first_deployment_creates_everything_in_order(cloud: FakeCloud, desired: Desired, ledger: Ledger) -> None:
    applied = deploy(cloud, desired, ledger)
    assert cloud.changes() == CREATION
    assert applied.changed
    assert applied.endpoint_name == "demo"
    assert applied.endpoint_arn.endswith(":endpoint/demo")
    assert applied.endpoint_config_name == f"demo-{desired.release}"
    assert applied.output_url == f"s3://{applied.bucket}/async/output"
    assert cloud.endpoints["demo"]["EndpointConfigName"] == desired.endpoint_config.name


def test_a_second_deployment_of_the_same_changes_nothing(cloud: FakeCloud, desired: Desired, ledger: Ledger) -> None:
    deploy(cloud, desired, ledger)
    cloud.calls.clear()
    applied = deploy(cloud, desired, ledger)
    assert cloud.changes() == []
    assert not applied.changed


@pytest.mark.parametrize("operation", CREATION)
def test_a_run_killed_after_any_call_is_finished_by_the_next(
    cloud: FakeCloud, desired: Desired, ledger: Ledger, operation: str
) -> None:
    cloud.crash_after = operation
    with pytest.raises(KeyboardInterrupt):
        deploy(cloud, desired, ledger)
    deploy(cloud, desired, ledger)
    assert cloud.changes().count(operation) == CREATION.count(operation)
    destroy(ledger, cloud.clients(), clock=cloud.clock(), purge=True)
    assert cloud.names() == set()


@pytest.mark.parametrize("operation", CREATION)
def test_a_run_killed_after_any_call_can_be_destroyed_without_a_trace(
    cloud: FakeCloud, desired: Desired, ledger: Ledger, operation: str
) -> None:
    cloud.crash_after = operation
    with pytest.raises(KeyboardInterrupt):
        deploy(cloud, desired, ledger)
    destroy(ledger, cloud.clients(), clock=cloud.clock(), purge=True)
    assert cloud.names() == set()


def test_a_new_bundle_updates_the_endpoint_and_keeps_the_old_release(
    cloud: FakeCloud, desired: Desired, ledger: Ledger, tmp_path: Path
) -> None:
    deploy(cloud, desired, ledger)
    project, bundle = write_bundle(tmp_path / "next", seed=1)
    later = desired_state_of(project, bundle, LOCAL_ACCOUNT, LOCAL_ROLE)
    applied = deploy(cloud, later, ledger)
    assert later.release != desired.release
    assert cloud.endpoints["demo"]["EndpointConfigName"] == later.endpoint_config.name
    assert set(cloud.configs) == {desired.endpoint_config.name, later.endpoint_config.name}
    updated = next(step for step in applied.steps if step.outcome == "updated")
    assert updated.detail == f"{desired.endpoint_config.name} -> {later.endpoint_config.name}"


def test_an_endpoint_that_was_rolled_back_is_a_failure_although_it_is_in_service(
    cloud: FakeCloud, desired: Desired, ledger: Ledger, tmp_path: Path
) -> None:
    deploy(cloud, desired, ledger)
    project, bundle = write_bundle(tmp_path / "next", seed=1)
    cloud.fate = "RolledBack"
    with pytest.raises(EndpointFailed, match=f"rolled back: it serves {desired.endpoint_config.name}"):
        deploy(cloud, desired_state_of(project, bundle, LOCAL_ACCOUNT, LOCAL_ROLE), ledger)


def test_a_failed_endpoint_tells_why_and_the_next_deployment_replaces_it(
    cloud: FakeCloud, desired: Desired, ledger: Ledger
) -> None:
    cloud.fate, cloud.failure_reason = "Failed", "The primary container did not pass the ping health check."
    with pytest.raises(EndpointFailed, match="did not pass the ping health check") as caught:
        deploy(cloud, desired, ledger)
    assert caught.value.failure_reason == cloud.failure_reason
    cloud.fate, cloud.failure_reason = "InService", ""
    deploy(cloud, desired, ledger)
    assert cloud.endpoints["demo"]["EndpointStatus"] == "InService"


def test_waiting_for_the_endpoint_has_an_end(cloud: FakeCloud, desired: Desired, ledger: Ledger) -> None:
    cloud.fate = "Creating"
    with pytest.raises(TimedOut, match="waited 30 s for endpoint demo to serve"):
        deploy(cloud, desired, ledger, timeout_seconds=30)


def test_a_role_that_iam_has_not_spread_yet_is_waited_for(cloud: FakeCloud, desired: Desired, ledger: Ledger) -> None:
    early = Refusal("ValidationException", "Please ensure that the role exists and that its trust relationship policy")
    cloud.refuse["CreateModel"] = [early, early]
    deploy(cloud, desired, ledger)
    assert cloud.slept_seconds[:2] == [5.0, 5.0]


def test_the_words_of_a_create_call_are_understood_too(cloud: FakeCloud, desired: Desired, ledger: Ledger) -> None:
    early = "Could not assume role arn:aws:iam::1:role/x. Please ensure that the role exists and allows principal"
    cloud.refuse["CreateModel"] = [Refusal("ValidationException", early)]
    deploy(cloud, desired, ledger)
    assert cloud.slept_seconds[0] == 5.0


def test_a_role_that_is_missed_only_by_the_endpoint_is_tried_once_more(
    cloud: FakeCloud, desired: Desired, ledger: Ledger
) -> None:
    cloud.fates = ["Failed"]
    cloud.failure_reason = "Please ensure the role exists, that its trust relationship policy allows the action"
    deploy(cloud, desired, ledger)
    assert cloud.changes().count("CreateEndpoint") == 2
    assert cloud.endpoints["demo"]["EndpointStatus"] == "InService"


def test_an_endpoint_that_fails_otherwise_is_not_tried_again(
    cloud: FakeCloud, desired: Desired, ledger: Ledger
) -> None:
    cloud.fate, cloud.failure_reason = "Failed", "the container did not pass the ping health check"
    with pytest.raises(EndpointFailed, match="ping"):
        deploy(cloud, desired, ledger)
    assert cloud.changes().count("CreateEndpoint") == 1


def test_a_role_that_never_becomes_valid_is_refused_after_90_seconds(
    cloud: FakeCloud, desired: Desired, ledger: Ledger
) -> None:
    cloud.refuse["CreateModel"] = [Refusal("ValidationException", "its trust relationship policy")] * 100
    with pytest.raises(AwsRefused, match="trust relationship"):
        deploy(cloud, desired, ledger)
    assert 85 <= sum(cloud.slept_seconds) <= 95


def test_a_quota_of_zero_is_refused_with_where_to_raise_it(cloud: FakeCloud, desired: Desired, ledger: Ledger) -> None:
    cloud.refuse["CreateEndpoint"] = [
        Refusal("ResourceLimitExceeded", "The account-level service limit is 0 Instances")
    ]
    with pytest.raises(AwsRefused, match="Service Quotas") as caught:
        deploy(cloud, desired, ledger)
    assert caught.value.code == "ResourceLimitExceeded"
    assert "demo" not in {entry.name for entry in ledger.owned()}


def test_a_bucket_in_another_region_is_refused_before_anything_is_made(
    cloud: FakeCloud, desired: Desired, ledger: Ledger
) -> None:
    cloud.buckets[desired.bucket.name] = "eu-west-1"
    with pytest.raises(ConfigurationError, match="is in eu-west-1, the endpoint in us-east-1"):
        deploy(cloud, desired, ledger)
    assert cloud.changes() == []


def test_a_missing_bucket_that_may_not_be_created_is_refused(
    cloud: FakeCloud, desired: Desired, ledger: Ledger
) -> None:
    with pytest.raises(ConfigurationError, match=r"storage\.create_bucket is false"):
        deploy(cloud, replace(desired, bucket=replace(desired.bucket, create=False)), ledger)


def test_an_object_with_other_bytes_under_the_bundles_key_is_refused(
    cloud: FakeCloud, desired: Desired, ledger: Ledger
) -> None:
    cloud.buckets[desired.bucket.name] = "us-east-1"
    cloud.objects[desired.bundle.bucket, desired.bundle.key] = {"ContentLength": 3, "ChecksumSHA256": "xyz="}
    with pytest.raises(AwsRefused, match="does not hold the bundle"):
        deploy(cloud, desired, ledger)


def test_a_bundle_replaced_on_disk_is_not_uploaded(cloud: FakeCloud, desired: Desired, ledger: Ledger) -> None:
    desired.bundle.path.write_bytes(b"something else")
    with pytest.raises(ConfigurationError, match="changed since it was bundled"):
        deploy(cloud, desired, ledger)
    assert "PutObject" not in cloud.changes()


def test_a_model_that_appears_while_we_create_it_is_adopted_and_survives_destroy(
    cloud: FakeCloud, desired: Desired, ledger: Ledger
) -> None:
    theirs = desired.model.request()
    cloud.models[desired.model.name] = theirs
    cloud.refuse["DescribeModel"] = [Refusal("ValidationException", "Could not find model")]
    deploy(cloud, desired, ledger)
    destroy(ledger, cloud.clients(), clock=cloud.clock())
    assert cloud.models == {desired.model.name: theirs}


def test_a_model_of_that_name_with_other_contents_is_refused(
    cloud: FakeCloud, desired: Desired, ledger: Ledger
) -> None:
    cloud.models[desired.model.name] = replace(desired.model, image="other:1").request()
    with pytest.raises(ConfigurationError, match=r"PrimaryContainer\.Image: 'other:1' ->"):
        deploy(cloud, desired, ledger)


def test_destroy_keeps_data_and_what_was_only_adopted(cloud: FakeCloud, desired: Desired, ledger: Ledger) -> None:
    cloud.buckets[desired.bucket.name] = "us-east-1"
    deploy(cloud, desired, ledger)
    destroyed = destroy(ledger, cloud.clients(), clock=cloud.clock())
    assert destroyed.kept == (desired.bundle.name,)
    assert cloud.names() == {desired.bucket.name, desired.bundle.name}


def test_destroy_goes_backwards_and_waits_for_the_endpoint(cloud: FakeCloud, desired: Desired, ledger: Ledger) -> None:
    deploy(cloud, desired, ledger)
    cloud.calls.clear()
    seen: list[Step] = []
    destroy(ledger, cloud.clients(), clock=cloud.clock(), purge=True, on_step=seen.append)
    assert cloud.changes() == [
        "DeleteEndpoint", "DeleteEndpointConfig", "DeleteModel", "DeleteTopic", "DeleteTopic", "DeleteObject",
        "DeleteBucket",
    ]  # fmt: skip
    assert {step.outcome for step in seen} == {"deleted"}
    assert ledger.owned() == ()


def test_destroying_twice_is_no_error(cloud: FakeCloud, desired: Desired, ledger: Ledger) -> None:
    deploy(cloud, desired, ledger)
    destroy(ledger, cloud.clients(), clock=cloud.clock())
    assert destroy(ledger, cloud.clients(), clock=cloud.clock()).deleted == ()


def test_what_is_gone_already_counts_as_destroyed(cloud: FakeCloud, desired: Desired, ledger: Ledger) -> None:
    deploy(cloud, desired, ledger)
    for store in (cloud.buckets, cloud.objects, cloud.topics, cloud.models, cloud.configs, cloud.endpoints):
        store.clear()
    destroy(ledger, cloud.clients(), clock=cloud.clock(), purge=True)
    assert ledger.owned() == ()


def test_a_ledger_of_another_region_is_not_destroyed_here(cloud: FakeCloud, desired: Desired, ledger: Ledger) -> None:
    deploy(cloud, desired, ledger)
    with pytest.raises(ConfigurationError, match="speaks of account 000000000000 in us-east-1"):
        destroy(ledger, cloud.clients("eu-west-1"), clock=cloud.clock())
