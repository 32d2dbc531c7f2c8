"""Clients of the local cloud know nothing of the user's AWS configuration, and never reach AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.errors import ConfigurationError, MachineCannot
from harness.local_cloud import clients
from harness.local_cloud.clients import local_client, refuse_aws


@pytest.mark.parametrize(
    "url",
    [
        "https://s3.amazonaws.com",
        "https://runtime.sagemaker.eu-west-1.amazonaws.com",
        "https://bucket.s3.us-east-1.AMAZONAWS.COM.",
        "https://sts.cn-north-1.amazonaws.com.cn",
        "https://s3.dualstack.us-east-1.api.aws",
        "https://amazonaws.com:443/path",
    ],
)
def test_aws_itself_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="is AWS itself"):
        local_client("s3", endpoint_url=url)


@pytest.mark.parametrize("url", ["", "localhost:4566", "http://", "ftp://localhost", "file:///etc/passwd"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="no address of a local cloud"):
        refuse_aws(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566", "http://amazonaws.com.example.org", "http://notamazonaws.com"]
)
def test_other_hosts_are_fine(url: str) -> None:
    refuse_aws(url)


def test_the_users_aws_configuration_is_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile work]\nregion = eu-west-3\n")
    (tmp_path / "credentials").write_text("[work]\naws_access_key_id = REAL\naws_secret_access_key = REAL\n")
    for name, value in {
        "AWS_PROFILE": "no-such-profile",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_ACCESS_KEY_ID": "REAL",
        "AWS_SESSION_TOKEN": "REAL",
        "AWS_REGION": "eu-west-3",
        "AWS_ENDPOINT_URL": "https://s3.amazonaws.com",
        "AWS_ENDPOINT_URL_S3": "https://s3.amazonaws.com",
        "AWS_CA_BUNDLE": "/no/such/bundle",
        "HTTP_PROXY": "http://proxy.example.org:3128",
    }.items():
        monkeypatch.setenv(name, value)
    clients._session.cache_clear()
    client = local_client("s3", endpoint_url="http://127.0.0.1:1", region="ap-south-1")
    url = client.generate_presigned_url("get_object", Params={"Bucket": "some.bucket", "Key": "k"})
    assert url.startswith("http://127.0.0.1:1/some.bucket/k?")
    assert "REAL" not in url
    assert "test%2F" in url
    assert client.meta.region_name == "ap-south-1"


def test_a_cloud_that_does_not_answer_is_named_with_the_next_step() -> None:
    from harness.local_cloud.local_cloud import connect
    from harness.processes.ports import ReservedPort

    with (
        ReservedPort() as silent,
        pytest.raises(MachineCannot, match=rf"no S3 answers at http://127.0.0.1:{silent.port} "),
    ):
        connect(f"http://127.0.0.1:{silent.port}/")


def test_the_dummy_credentials_are_localstacks() -> None:
    assert clients.dummy_credentials() == {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
