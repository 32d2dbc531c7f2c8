"""Log groups and streams as DescribeLogGroups and DescribeLogStreams return them."""

from __future__ import annotations

from collections.abc import Sequence

from harness.emulator.context.arns import Account
from harness.emulator.logs.events import Noted, ends
from harness.emulator.protocol.shapes import Document

_DAY_SECONDS = 86_400


def describe_stream(noted: Noted, account: Account) -> Document:
    first, last = ends(noted)
    return {
        "logStreamName": noted.stream.name,
        "creationTime": first.at_millis,
        "firstEventTimestamp": first.at_millis,
        "lastEventTimestamp": last.at_millis,
        "lastIngestionTime": last.at_millis,
        "arn": account.log_stream(noted.stream.endpoint_name, noted.stream.name),
        "storedBytes": 0,  # AWS answers 0 since 2019: "this parameter is deprecated"
    }


def describe_group(name: str, streams: Sequence[Noted], account: Account, kept_seconds: float) -> Document:
    spans = [ends(noted) for noted in streams]
    arn = account.arn("logs", f"log-group:{name}")
    return {
        "logGroupName": name,
        "creationTime": min(first.at_millis for first, _ in spans),
        "retentionInDays": max(1, round(kept_seconds / _DAY_SECONDS)),
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "storedBytes": sum(last.end_byte for _, last in spans),
        "logGroupClass": "STANDARD",
        "logGroupArn": arn,
    }


def last_event_millis(noted: Noted) -> int:
    return ends(noted)[1].at_millis
