"""The printed policies allow what a whole life of an endpoint calls, and nothing that it never calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.apply.ledger import Ledger
from deploy.async_client import Request, submit
from deploy.aws import LOCAL_ACCOUNT, Clients
from deploy.aws.logs import logs
from deploy.core.errors import ConfigurationError, EndpointFailed
from deploy.failed_requests.clues import Places
from deploy.failed_requests.replay import Asked, Source, fetch
from deploy.plan.drift import drift
from deploy.plan.observe import observe
from deploy.plan.plan import plan
from deploy.plan.quota import require_quota
from deploy.plan.role import require_assumable, require_permitted
from deploy.plan.status import status
from deploy.pricing import price
from deploy.promote.destroy import destroy
from deploy.promote.expire import expire
from deploy.promote.promote import PromotionRequest, destination, promote
from deploy.promote.recording import store_of
from deploy.promote.rollback import RollbackRequest, rollback
from deploy.promote.verify import verify
from deploy.releases import releases
from deploy.resources.iam_policy import actions, policy
from tests.deploy.projects import write_project
from tests.deploy.promotion_requests import promotion_request
from tests.deploy.watched_cloud import GOOD_ANSWER, START, WatchedCloud

SERVICES = {"autoscaling": "application-autoscaling", "service-quotas": "servicequotas", "monitoring": "cloudwatch"}
SPELLED_OTHERWISE = {
    "s3:HeadObject": {"s3:GetObject"},
    "s3:ListObjectsV2": {"s3:ListBucket"},
    "s3:ListObjectVersions": {"s3:ListBucketVersions"},
    "s3:DeleteObject": {"s3:DeleteObject", "s3:DeleteObjectVersion"},
    "sns:CreateTopic": {"sns:CreateTopic", "sns:TagResource"},
    "sagemaker:CreateModel": {"sagemaker:CreateModel", "sagemaker:AddTags", "iam:PassRole"},
    "application-autoscaling:RegisterScalableTarget": {
        "application-autoscaling:RegisterScalableTarget", "iam:CreateServiceLinkedRole",
    },
    "sts:GetCallerIdentity": set(),
}  # fmt: skip
"""IAM names of calls whose action is another, or more than one (service authorization reference)."""


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


def needed(service: str, operation: str) -> set[str]:
    action = f"{SERVICES.get(service, service).removesuffix('-runtime')}:{operation}"
    return SPELLED_OTHERWISE.get(action, {action})


def live_a_whole_life(cloud: WatchedCloud, clients: Clients, folder: Path) -> None:
    """Plan, promote, promote a bad one that bakes and rolls back, roll back by hand, look, shrink, expire, destroy."""
    ledger, clock = Ledger(folder / "ledger.jsonl"), cloud.clock()
    first, second = promotion_request(folder / "first"), promotion_request(folder / "second", seed=1)
    mortal = "[rollout]\nsmoke_input = 'clip.mp4'\nttl_hours = 1\n"
    wide = promotion_request(folder / "wide", seed=2, extra=f"[autoscaling]\nmax_instances = 4\n{mortal}")
    require_assumable(clients, "arn:aws:iam::000000000000:role/demo-exec")
    require_permitted(clients, first.desired)
    require_quota(clients, first.gate_input.project, updating=False)
    price("us-east-1", "ml.g4dn.xlarge", clients)
    plan(first.desired, first.monitoring, observe(first.desired, first.monitoring, clients))
    promote(first, clients, ledger=ledger, clock=clock)
    cloud.answer = lambda config: None if config == second.desired.endpoint_config.name else GOOD_ANSWER
    with pytest.raises(EndpointFailed):
        promote(second, clients, ledger=ledger, clock=clock)
    promote(wide, clients, ledger=ledger, clock=clock)
    store = store_of(first.desired)
    back = RollbackRequest(
        None, store, first.monitoring, destination(first.desired), lambda _: first.probe, first.owner, first.actor
    )
    rollback(back, clients, ledger=ledger, clock=clock)
    status(clients, "demo", store, None, START)
    drift(clients, store, first.monitoring)
    verify(clients, store)
    releases(clients, store)
    replay_a_failure(cloud, clients, wide, folder)
    list(logs(clients, "demo", since=START))
    tags = cloud.endpoints["demo"]["Tags"]
    cloud.endpoints["demo"]["Tags"] = [*tags, {"Key": "rehearsal:expires", "Value": START.isoformat()}]
    cloud.slept_seconds.append(timedelta(days=1).total_seconds())
    clients.sagemaker.add_tags(ResourceArn="arn:x/demo", Tags=[{"Key": "a", "Value": "b"}])
    expire(clients, ledger=ledger, account=LOCAL_ACCOUNT, clock=clock)
    destroy(ledger, clients, clock=clock, purge=True)


def replay_a_failure(cloud: WatchedCloud, clients: Clients, what: PromotionRequest, folder: Path) -> None:
    """Once by the sender's note, and once by the data-log, which is asked when there is no note."""
    where, bucket = destination(what.desired), f"s3://{what.desired.bucket.name}/async"
    places = Places("demo", f"{bucket}/input", f"{bucket}/output", f"{bucket}/failure")
    source = Source(clients, store_of(what.desired), places)
    cloud.answer = lambda _: None
    sent = submit(clients, where, Request(what.probe.file, "video/mp4"))
    fetch(source, Asked(sent.failure_url), folder, cloud.clock().today())
    cloud.objects = {name: each for name, each in cloud.objects.items() if "/sent/" not in name[1]}
    with pytest.raises(ConfigurationError, match="the data-log names 0 requests"):
        fetch(source, Asked(sent.failure_url), folder, cloud.clock().today())


def test_the_deployers_policy_is_exactly_what_a_whole_life_calls(tmp_path: Path) -> None:
    cloud = WatchedCloud(log_events=[])
    live_a_whole_life(cloud, cloud.real_clients(), tmp_path)
    called = set[str]().union(*(needed(service, operation) for service, operation in cloud.calls))
    allowed = actions(policy(write_project(tmp_path / "p"), LOCAL_ACCOUNT).deployer)
    assert called - allowed == set()
    assert allowed - called == set()


def test_both_targets_are_called_alike(tmp_path: Path) -> None:
    """What was rehearsed on the local cloud is what AWS gets; only AWS has roles, quotas and a price list to ask."""
    local, real = WatchedCloud(log_events=[]), WatchedCloud(log_events=[])
    live_a_whole_life(local, local.clients(), tmp_path / "local")
    live_a_whole_life(real, real.real_clients(), tmp_path / "real")
    asked = {("iam", "GetRole"), ("iam", "SimulatePrincipalPolicy"), ("pricing", "GetProducts")}
    asked |= {("service-quotas", "ListServiceQuotas")}
    assert [call for call in real.calls if call not in asked] == local.calls
    assert asked & set(local.calls) == set()


def statements(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {each["Sid"]: each for each in document["Statement"]}


def test_only_the_projects_own_things_are_named(tmp_path: Path) -> None:
    found = policy(write_project(tmp_path), "123456789012")
    deployer = statements(found.deployer)
    assert deployer["Models"]["Resource"] == ["arn:aws:sagemaker:us-east-1:123456789012:model/demo-*"]
    assert deployer["PassRole"]["Resource"] == ["arn:aws:iam::123456789012:role/demo-exec"]
    assert deployer["CreateConfigurations"]["Condition"]["ForAllValues:StringEquals"] == {
        "sagemaker:InstanceTypes": ["ml.g4dn.xlarge"]
    }
    execution = statements(found.execution)
    assert execution["SeeBucket"]["Resource"] == ["arn:aws:s3:::rehearsal-demo-123456789012-us-east-1"]
    assert "s3:DeleteObject" not in actions(found.execution)
    assert not [action for action in actions(found.execution) if action.startswith("sagemaker:")]


def test_a_bucket_of_somebody_else_is_neither_created_nor_deleted(tmp_path: Path) -> None:
    kept = write_project(tmp_path, extra="[storage]\nbucket = 'theirs'\ncreate_bucket = false\n")
    allowed = actions(policy(kept, "123456789012").deployer)
    assert {"s3:CreateBucket", "s3:DeleteBucket"} & allowed == set()


def test_other_partitions_have_other_arns(tmp_path: Path) -> None:
    project = write_project(tmp_path, extra="[endpoint]\nregion = 'cn-north-1'\n")
    text = json.dumps(policy(project, "123456789012").deployer)
    assert "arn:aws:" not in text
    assert "arn:aws-cn:sagemaker:cn-north-1" in text


def test_sagemaker_may_take_the_role_on_for_this_account_only(tmp_path: Path) -> None:
    (statement,) = policy(write_project(tmp_path), "123456789012").trust["Statement"]
    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert statement["Condition"] == {"ArnLike": {"aws:SourceArn": "arn:aws:sagemaker:us-east-1:123456789012:*"}}
