"""Endpoints past the end of their life are deleted, and no others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.apply.ledger import Ledger
from deploy.aws import LOCAL_ACCOUNT
from deploy.core.errors import DeployError
from deploy.promote.expire import expire, expired
from deploy.promote.promote import PromotionRequest
from tests.deploy.cloud import Refusal
from tests.deploy.promoting import run
from tests.deploy.promotion_requests import promotion_request
from tests.deploy.watched_cloud import WatchedCloud


def mortal(folder: Path, cloud: WatchedCloud, *, hours: float) -> PromotionRequest:
    """A promotion request whose endpoint may be deleted after `hours`."""
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
