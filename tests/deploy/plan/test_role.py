"""A role that SageMaker cannot take on is found before anything is made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.aws import Clients, Target
from deploy.core.errors import ConfigurationError
from deploy.plan.role import require_assumable, require_permitted
from tests.deploy.cloud import Refusal
from tests.deploy.promotion_requests import promotion_request
from tests.deploy.watched_cloud import WatchedCloud

ROLE = "arn:aws:iam::000000000000:role/path/demo-exec"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


def test_a_role_that_trusts_sagemaker_is_fine() -> None:
    require_assumable(WatchedCloud().real_clients(), ROLE)


def test_a_list_of_services_is_read_too() -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["lambda.amazonaws.com", "sagemaker.amazonaws.com"]},
        "Action": ["sts:AssumeRole"],
    }
    require_assumable(WatchedCloud(trust={"Statement": [statement]}).real_clients(), ROLE)


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"},
    ],
)
def test_a_role_that_does_not_let_sagemaker_in_is_refused(statement: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"does not let sagemaker\.amazonaws\.com take it on"):
        require_assumable(WatchedCloud(trust={"Statement": [statement]}).real_clients(), ROLE)


def test_a_missing_role_says_how_to_make_one() -> None:
    with pytest.raises(ConfigurationError, match="does not exist: create the foundation first"):
        require_assumable(WatchedCloud(trust=None).real_clients(), ROLE)


def test_a_role_that_may_not_be_looked_at_is_left_to_aws() -> None:
    cloud = WatchedCloud(refuse={"GetRole": [Refusal("AccessDenied", "no")]})
    require_assumable(cloud.real_clients(), ROLE)


def test_the_local_cloud_has_no_roles() -> None:
    cloud = WatchedCloud()
    require_assumable(cloud.clients(), ROLE)
    assert cloud.calls == []


def test_a_deployer_can_take_on_a_role_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Sts:
        def assume_role(self, **request: str) -> dict[str, Any]:
            asked.append(request["RoleArn"])
            ends = datetime.now(UTC) + timedelta(hours=1)
            given = {"AccessKeyId": "ASSUMED", "SecretAccessKey": "x", "SessionToken": "y", "Expiration": ends}
            return {"Credentials": given}

    monkeypatch.setattr("boto3.Session.client", lambda *_, **__: Sts())
    clients = Clients(Target.real("us-east-1", assume_role="arn:aws:iam::1:role/deployer"))
    found = clients._session.get_credentials()
    assert found is not None
    assert found.get_frozen_credentials().access_key == "ASSUMED"
    assert asked == ["arn:aws:iam::1:role/deployer"]


def test_a_role_with_all_it_needs_is_fine(tmp_path: Path) -> None:
    cloud = WatchedCloud()
    require_permitted(cloud.real_clients(), promotion_request(tmp_path).desired)
    assert ("iam", "SimulatePrincipalPolicy") in cloud.calls


@pytest.mark.parametrize(
    ("denied", "said"),
    [
        ("s3:PutObject", r"s3:PutObject on arn:aws:s3:::rehearsal-demo-\d{12}-us-east-1/async/failure/any"),
        ("sns:Publish", r"sns:Publish on arn:aws:sns:us-east-1:\d{12}:demo-success"),
        ("ecr:BatchGetImage", "arn:aws:ecr:us-east-1:763104351884:repository/pytorch-inference"),
        ("s3:GetObject", r"models/[0-9a-f]{64}/model\.tar\.gz"),
    ],
)
def test_a_role_that_may_not_do_what_it_must_is_refused(tmp_path: Path, denied: str, said: str) -> None:
    cloud = WatchedCloud(may=lambda action, _: "implicitDeny" if action == denied else "allowed")
    with pytest.raises(ConfigurationError, match=f"{said}.*deploy policy --account"):
        require_permitted(cloud.real_clients(), promotion_request(tmp_path).desired)


def test_an_image_that_is_not_in_ecr_needs_no_permission_there(tmp_path: Path) -> None:
    cloud = WatchedCloud(may=lambda action, _: "implicitDeny" if action.startswith("ecr:") else "allowed")
    image = "[container]\nimage = 'registry.example.com/detector:1'\n"
    require_permitted(cloud.real_clients(), promotion_request(tmp_path, extra=image).desired)


def test_permissions_that_may_not_be_simulated_are_left_to_aws(tmp_path: Path) -> None:
    cloud = WatchedCloud(refuse={"SimulatePrincipalPolicy": [Refusal("AccessDenied", "no")]})
    require_permitted(cloud.real_clients(), promotion_request(tmp_path).desired)
    local = WatchedCloud(may=lambda *_: "explicitDeny")
    require_permitted(local.clients(), promotion_request(tmp_path).desired)
    assert local.calls == []
