"""Receives the endpoint's notifications as a subscriber on AWS does: from an SQS queue on the success and error topics.

Owns: the queue, its subscriptions, and the parsed messages. May not: judge them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from deploy.aws import Clients
from deploy.core.waiting import REAL_TIME, Clock, wait_until

TopicName = Literal["success", "error"]
WAIT_SECONDS_PER_POLL = 1


@dataclass(frozen=True)
class Notification:
    """One message of the endpoint, and the topic that delivered it."""

    topic: TopicName
    body: dict[str, Any]
    arrived: datetime | None = None
    """When the queue received it, by the queue's clock."""

    @property
    def inference_id(self) -> str | None:
        return self.body.get("inferenceId")

    @property
    def status(self) -> str | None:
        """`Completed` or `Failed`; None for the TestNotification that SageMaker sends when an endpoint is created."""
        return self.body.get("invocationStatus")

    @property
    def failure_reason(self) -> str | None:
        return self.body.get("failureReason")


@dataclass
class Inbox:
    """Collects every notification; `take` waits for the one of an inference."""

    clients: Clients
    queue_url: str
    topics: Mapping[str, TopicName]
    """Keyed by ARN."""
    received: list[Notification] = field(default_factory=list)

    def take(self, inference_id: str, timeout_seconds: float, clock: Clock = REAL_TIME) -> Notification:
        """Wait for the notification of `inference_id`. Raises TimedOut when none comes in time."""

        def attempt() -> Notification | None:
            known = self.of(inference_id)
            if known:
                return known[0]
            self._poll()
            return next(iter(self.of(inference_id)), None)

        return wait_until(
            attempt,
            what=f"the notification of inference {inference_id}",
            timeout_seconds=timeout_seconds,
            every_seconds=0.0,
            clock=clock,
        )

    def of(self, inference_id: str) -> list[Notification]:
        return [notification for notification in self.received if notification.inference_id == inference_id]

    def _poll(self) -> None:
        answer = self.clients.sqs.receive_message(
            QueueUrl=self.queue_url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=WAIT_SECONDS_PER_POLL,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        for message in answer.get("Messages", []):
            envelope = json.loads(message["Body"])
            topic, body = self.topics[envelope["TopicArn"]], json.loads(envelope["Message"])
            self.received.append(Notification(topic, body, _arrived(message.get("Attributes", {}))))
            self.clients.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])


def _arrived(attributes: Mapping[Any, str]) -> datetime | None:
    milliseconds = attributes.get("SentTimestamp")
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds else None


def open_inbox(clients: Clients, topics: Mapping[str, TopicName], name: str) -> Inbox:
    """Create a queue and subscribe it to the topics (by ARN), without raw delivery: each message names its topic."""
    queue_url = clients.sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes = clients.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]
    for topic_arn in topics:
        clients.sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=attributes["QueueArn"])
    return Inbox(clients, queue_url, topics)
