"""Every change by hand is found, and nothing else."""

from __future__ import annotations

import pytest

from deploy.apply.ledger import Ledger
from deploy.core.errors import ConfigurationError
from deploy.plan.drift import drift
from deploy.promote.promote import PromotionRequest, promote
from deploy.promote.recording import store_of
from tests.deploy.promoting import run
from tests.deploy.watched_cloud import WatchedCloud

pytestmark = pytest.mark.usefixtures("credentials")


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
