"""LocalStack for real: healthy, private to the run, one address, and gone afterwards."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.core.errors import ServiceDidNotStart
from harness.local_cloud.clients import local_client
from harness.local_cloud.local_cloud import CloudAsked, LocalCloud, connect, open_cloud
from harness.local_cloud.localstack import EmbeddedCloud, start_embedded
from harness.processes import ledger
from harness.processes.ports import LOOPBACK, ReservedPort

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    with start_embedded(state_dir=tmp_path_factory.mktemp("state"), region="eu-west-1") as cloud:
        yield cloud


def test_an_object_of_several_parts_comes_back_whole(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    s3 = local_client("s3", endpoint_url=cloud.url, region=cloud.region)
    s3.create_bucket(Bucket="rehearsal-parts", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    sent, received = tmp_path / "sent", tmp_path / "received"
    sent.write_bytes(bytes(range(256)) * 80_000)
    s3.upload_file(str(sent), "rehearsal-parts", "clip.mp4")
    s3.download_file("rehearsal-parts", "clip.mp4", str(received))
    assert received.read_bytes() == sent.read_bytes()
    assert s3.head_object(Bucket="rehearsal-parts", Key="clip.mp4")["ETag"].strip('"').endswith("-3")


def test_a_message_published_to_a_topic_reaches_its_queue(cloud: EmbeddedCloud) -> None:
    sns = local_client("sns", endpoint_url=cloud.url, region=cloud.region)
    sqs = local_client("sqs", endpoint_url=cloud.url, region=cloud.region)
    topic = sns.create_topic(Name="success")["TopicArn"]
    queue = sqs.create_queue(QueueName="listener")["QueueUrl"]
    assert queue.startswith(f"{cloud.url}/"), "a queue's address must need no name service"
    assert topic == f"arn:aws:sns:eu-west-1:{cloud.account_id}:success"
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])
    sns.publish(TopicArn=topic, Message="done")
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    assert json.loads(message["Body"])["Message"] == "done"


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Origin": "https://app.localstack.cloud"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_no_foreign_page_is_answered(cloud: EmbeddedCloud, headers: dict[str, str]) -> None:
    """LocalStack itself answers any name, and the pages of its makers besides."""
    for path in ("/", "/_localstack/health", "/?Action=ListQueues"):
        with closing(http.client.HTTPConnection(cloud.url.removeprefix("http://"), timeout=30)) as connection:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            assert (answer.status, b"AccessDenied" in answer.read()) == (403, True), path
        assert not [name for name, _ in answer.getheaders() if name.lower().startswith("access-control-")]


def test_it_listens_on_the_loopback_interface_only(cloud: EmbeddedCloud) -> None:
    listening = [
        c.laddr.ip for c in psutil.Process(cloud.child.pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN
    ]
    assert listening == [LOOPBACK]


def test_it_talks_to_nobody_outside(cloud: EmbeddedCloud) -> None:
    connections = psutil.Process(cloud.child.pid).net_connections("inet")
    peers = [tuple(connection.raddr) for connection in connections]
    assert {peer[0] for peer in peers if peer} <= {LOOPBACK}


def test_a_running_cloud_is_connected_to_by_its_address(cloud: EmbeddedCloud) -> None:
    external: LocalCloud = connect(f"{cloud.url}/", region="eu-west-1")
    with external:
        assert (external.kind, external.url, external.account_id) == ("external", cloud.url, cloud.account_id)
    assert connect(cloud.url).account_id == cloud.account_id, "leaving an external cloud stops nothing"


def test_two_at_once_share_nothing_and_leave_nothing(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    s3 = local_client("s3", endpoint_url=cloud.url, region=cloud.region)
    s3.create_bucket(Bucket="rehearsal-both", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with open_cloud(CloudAsked(), state_dir=tmp_path) as second:
        other = local_client("s3", endpoint_url=second.url)
        assert other.list_buckets()["Buckets"] == []
        other.create_bucket(Bucket="rehearsal-both")
        other.put_object(Bucket="rehearsal-both", Key="k", Body=b"theirs" * 200_000)
    s3.put_object(Bucket="rehearsal-both", Key="k", Body=b"ours" * 200_000)
    assert s3.get_object(Bucket="rehearsal-both", Key="k")["Body"].read() == b"ours" * 200_000
    assert list(ledger.records(tmp_path)) == []
    assert list((tmp_path / "run").glob("localstack-*")) == []
    assert "Ready." in next((tmp_path / "logs").iterdir()).read_text(), "the log outlives it"


class TakenPort(ReservedPort):
    """A port on which somebody else listens already."""

    def __init__(self) -> None:
        super().__init__()
        self.release()
        self._other = socket.create_server((LOOPBACK, self.port))

    def release(self) -> None:
        super().release()
        if hasattr(self, "_other"):
            self._other.close()


def test_a_port_taken_in_between_is_another_try(tmp_path: Path) -> None:
    ports: list[ReservedPort] = []

    def reserve() -> ReservedPort:
        ports.append(ReservedPort() if ports else TakenPort())
        return ports[-1]

    with start_embedded(state_dir=tmp_path, reserve=reserve) as cloud:
        assert cloud.url == f"http://{LOOPBACK}:{ports[1].port}"
    assert list((tmp_path / "run").glob("localstack-*")) == []


def test_one_that_never_gets_healthy_is_told_with_its_log_and_ended(tmp_path: Path) -> None:
    with pytest.raises(ServiceDidNotStart, match=r"waited 0\.3 s for LocalStack at .*its log: ") as caught:
        start_embedded(state_dir=tmp_path, timeout_seconds=0.3)
    assert str(tmp_path / "logs") in str(caught.value)
    assert list(ledger.records(tmp_path)) == []
    assert list((tmp_path / "run").glob("localstack-*")) == []


def test_objects_are_encrypted_with_keys_of_its_kms(cloud: EmbeddedCloud) -> None:
    """SageMaker's Python SDK 2 uploads everything so."""
    s3 = local_client("s3", endpoint_url=cloud.url, region=cloud.region)
    kms = local_client("kms", endpoint_url=cloud.url, region=cloud.region)
    s3.create_bucket(Bucket="encrypted", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    key = kms.create_key()["KeyMetadata"]["Arn"]
    sent: Any = {"Bucket": "encrypted", "Body": b"frames", "ServerSideEncryption": "aws:kms"}
    s3.put_object(Key="own", SSEKMSKeyId=key, **sent)
    s3.put_object(Key="default", **sent)
    own, default = (s3.get_object(Bucket="encrypted", Key=name) for name in ("own", "default"))
    assert (own["Body"].read(), own["ServerSideEncryption"], own["SSEKMSKeyId"]) == (b"frames", "aws:kms", key)
    assert default["ServerSideEncryption"] == "aws:kms"
    assert default["SSEKMSKeyId"] not in ("", key)
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key)
    sealed = kms.encrypt(KeyId="alias/mine", Plaintext=b"secret")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"secret"
