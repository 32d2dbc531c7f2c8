"""A cloud in memory: objects in a dict, messages in a list, alarms that a test sets. Each can be made to refuse."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from harness.emulator.context.cloud import CloudRefused, CloudUnreachable, FetchedObject, parse_location
from harness.emulator.metrics.meter import Datum
from harness.emulator.scaling.alarming import MetricAlarm


@dataclass(frozen=True)
class StoredObject:
    body: bytes
    content_type: str | None = None
    kms_key_id: str | None = None


@dataclass
class MemoryObjects:
    buckets: set[str] = field(default_factory=lambda: {"bucket"})
    stored: dict[str, StoredObject] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    is_reachable: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, location: str, body: bytes, content_type: str | None = None) -> str:
        self.stored[location] = StoredObject(body, content_type)
        return location

    def fetch(self, location: str, into: IO[bytes]) -> FetchedObject:
        self._require(location)
        found = self.stored.get(location)
        if found is None:
            raise CloudRefused("NoSuchKey", f"GetObject {location}: The specified key does not exist.")
        into.write(found.body)
        return FetchedObject(found.content_type, len(found.body))

    def store(self, location: str, body: IO[bytes], *, content_type: str | None, kms_key_id: str | None) -> None:
        self._require(location)
        with self.lock:
            self.stored[location] = StoredObject(body.read(), content_type, kms_key_id)
            self.writes.append(location)

    def exists(self, location: str) -> bool:
        if not self.is_reachable:
            raise CloudUnreachable("nobody answers")
        return location in self.stored

    def _require(self, location: str) -> None:
        if not self.is_reachable:
            raise CloudUnreachable("nobody answers")
        if parse_location(location).bucket not in self.buckets:
            raise CloudRefused("NoSuchBucket", f"{location}: The specified bucket does not exist")


@dataclass
class MemoryTopics:
    missing: set[str] = field(default_factory=set)
    published: list[tuple[str, str]] = field(default_factory=list)
    is_reachable: bool = True

    def publish(self, topic_arn: str, message: str) -> None:
        if not self.is_reachable:
            raise CloudUnreachable("nobody answers")
        if topic_arn in self.missing:
            raise CloudRefused("NotFound", "Topic does not exist")
        self.published.append((topic_arn, message))

    def results(self, topic_arn: str | None = None) -> list[dict[str, Any]]:
        """Return the messages on one topic or on all, without the test messages."""
        found = [json.loads(text) for topic, text in self.published if topic_arn in (None, topic)]
        return [message for message in found if message["eventName"] == "InferenceResult"]


@dataclass
class MemoryMetrics:
    published: list[Datum] = field(default_factory=list)
    is_reachable: bool = True

    def publish(self, data: Sequence[Datum]) -> None:
        if not self.is_reachable:
            raise CloudUnreachable("nobody answers")
        self.published.extend(data)

    def sum(self, name: str) -> float | None:
        values = [datum.value for datum in self.published if datum.name == name]
        return sum(values) if values else None


@dataclass
class MemoryScalingAlarms:
    """Tests add the user's alarms, the emulator adds its own."""

    alarms: dict[str, MetricAlarm] = field(default_factory=dict)

    def with_actions(self, policy_arns: Sequence[str]) -> list[MetricAlarm]:
        return [alarm for alarm in self.alarms.values() if set(policy_arns) & set(alarm.policy_arns)]

    def put(self, alarm: MetricAlarm) -> None:
        self.alarms[alarm.name] = alarm

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            self.alarms.pop(name, None)


@dataclass
class MemoryAlarms:
    loud: set[str] = field(default_factory=set)

    def ringing(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if name in self.loud]
