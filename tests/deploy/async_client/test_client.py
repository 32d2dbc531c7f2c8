"""The one asynchronous client: each way in which a request may end, and the notification where there is an inbox."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.apply.ledger import Ledger
from deploy.async_client import (
    AsyncClient,
    Completed,
    Destination,
    Failed,
    Inbox,
    Notification,
    Request,
    Unanswered,
    open_inbox,
    submit,
)
from deploy.core.errors import DeployError
from tests.deploy.promoting import run
from tests.deploy.promotion_requests import promotion_request
from tests.deploy.watched_cloud import GOOD_ANSWER, WatchedCloud

SUCCESS, ERROR = "arn:aws:sns:us-east-1:000000000000:success", "arn:aws:sns:us-east-1:000000000000:error"


@dataclass
class LosingCloud(WatchedCloud):
    """Accepts requests as always; where it loses results, neither object ever appears."""

    loses_results: bool = False

    def _invoke_endpoint_async(self, params: Mapping[str, Any]) -> dict[str, Any]:
        before = dict(self.objects)
        promised = super()._invoke_endpoint_async(params)
        if self.loses_results:
            self.objects = before
        return promised


@dataclass
class Queue:
    """SQS and SNS, as far as an inbox uses them: each receive takes a second and gives the next batch of messages."""

    cloud: WatchedCloud
    batches: list[list[tuple[str, dict[str, Any]]]] = field(default_factory=list)
    subscribed: list[tuple[str, str]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    def create_queue(self, *, QueueName: str) -> dict[str, str]:  # noqa: N803 - boto3's names
        return {"QueueUrl": f"http://queues/{QueueName}"}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"QueueArn": "arn:queue"}}

    def subscribe(self, *, TopicArn: str, Protocol: str, Endpoint: str) -> None:  # noqa: N803 - boto3's names
        assert Protocol == "sqs"
        self.subscribed.append((TopicArn, Endpoint))

    def receive_message(self, **_: Any) -> dict[str, Any]:
        self.cloud.slept_seconds.append(1.0)
        batch = self.batches.pop(0) if self.batches else []
        return {
            "Messages": [
                {
                    "Body": json.dumps({"TopicArn": topic, "Message": json.dumps(body)}),
                    "ReceiptHandle": str(number),
                    "Attributes": {"SentTimestamp": "1764322200500"},
                }
                for number, (topic, body) in enumerate(batch)
            ]
        }

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803 - boto3's names
        self.deleted.append(ReceiptHandle)


@dataclass
class Queues:
    """In the place of `deploy.aws.Clients`."""

    sqs: Queue

    @property
    def sns(self) -> Queue:
        return self.sqs


def inbox_of(queue: Queue) -> Inbox:
    return open_inbox(Queues(queue), {SUCCESS: "success", ERROR: "error"}, "inbox")  # type: ignore[arg-type]  # a fake


@pytest.fixture
def served(tmp_path: Path) -> tuple[LosingCloud, Path]:
    """A cloud with a promoted endpoint, and a file to send to it."""
    cloud, clip = LosingCloud(), tmp_path / "clip.mp4"
    run(cloud, promotion_request(tmp_path / "project"), Ledger(tmp_path / "ledger.jsonl"))
    clip.write_bytes(b"a clip")
    return cloud, clip


def client_of(cloud: WatchedCloud, inbox: Inbox | None = None, **options: Any) -> AsyncClient:
    (bucket,) = cloud.buckets
    destination = Destination("demo", f"s3://{bucket}/async/input", keeps_notes=False)
    return AsyncClient(cloud.clients(), destination, 60.0, inbox, clock=cloud.clock(), **options)


def test_an_answer_comes_back_with_its_type_and_times(served: tuple[LosingCloud, Path]) -> None:
    cloud, clip = served
    outcome = client_of(cloud).send(Request(clip, "video/mp4"))
    assert isinstance(outcome, Completed)
    assert outcome.body == GOOD_ANSWER
    assert outcome.seconds >= 0
    assert outcome.upload_seconds is not None
    assert outcome.notification is None
    assert outcome.submitted.input_url.endswith(f"/requests/{outcome.submitted.inference_id}.mp4")


def test_a_failure_is_an_outcome_with_its_reason(served: tuple[LosingCloud, Path]) -> None:
    cloud, clip = served
    cloud.answer = lambda _: None
    outcome = client_of(cloud).send(Request(clip, "video/mp4"))
    assert isinstance(outcome, Failed)
    assert outcome.reason == outcome.body.decode().strip()


def test_silence_is_an_outcome_after_the_time_out(served: tuple[LosingCloud, Path]) -> None:
    cloud, clip = served
    cloud.answer = lambda _: None
    cloud.loses_results = True
    outcome = client_of(cloud).send(Request(clip, "video/mp4"))
    assert outcome == Unanswered(outcome.submitted, 60.0)
    assert sum(cloud.slept_seconds) >= 60


def test_the_watch_ends_the_waiting(served: tuple[LosingCloud, Path]) -> None:
    cloud, clip = served

    def dead() -> None:
        raise DeployError("the model cannot load")

    with pytest.raises(DeployError, match="cannot load"):
        client_of(cloud, watch=dead).send(Request(clip, "video/mp4"))


def test_no_note_is_kept_unless_it_is_wanted(served: tuple[LosingCloud, Path]) -> None:
    cloud, clip = served
    before = len([key for _, key in cloud.objects if "/sent/" in key])
    client = client_of(cloud)
    client.send(Request(clip, "video/mp4"))
    assert len([key for _, key in cloud.objects if "/sent/" in key]) == before
    submit(client.clients, Destination("demo", client.destination.input_url), Request(clip, "video/mp4"))
    assert len([key for _, key in cloud.objects if "/sent/" in key]) == before + 1


def test_the_inbox_gives_the_notification_of_the_request(served: tuple[LosingCloud, Path]) -> None:
    cloud, clip = served
    other = (SUCCESS, {"inferenceId": "somebody-else", "invocationStatus": "Completed"})
    mine = (ERROR, {"inferenceId": "mine", "invocationStatus": "Failed", "failureReason": "no such clip"})
    queue = Queue(cloud, [[other], [mine]])
    cloud.answer = lambda _: None
    outcome = client_of(cloud, inbox_of(queue)).send(Request(clip, "video/mp4", inference_id="mine"))
    assert isinstance(outcome, Failed)
    arrived = datetime(2025, 11, 28, 9, 30, 0, 500_000, UTC)
    assert outcome.notification == Notification("error", mine[1], arrived)
    assert outcome.reason == "no such clip"
    assert queue.deleted == ["0", "0"]
    assert queue.subscribed == [(SUCCESS, "arn:queue"), (ERROR, "arn:queue")]


def test_a_notification_that_does_not_come_is_none(served: tuple[LosingCloud, Path]) -> None:
    cloud, clip = served
    outcome = client_of(cloud, inbox_of(Queue(cloud))).send(Request(clip, "video/mp4"))
    assert isinstance(outcome, Completed)
    assert outcome.notification is None
