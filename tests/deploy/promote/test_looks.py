"""A promotion looks at each thing once, and still sees what changes while it works."""

from __future__ import annotations

import pytest

from deploy.apply.ledger import Ledger
from deploy.core.errors import AwsRefused
from deploy.promote.promote import PromotionRequest
from tests.deploy.promoting import run
from tests.deploy.watched_cloud import WatchedCloud

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
