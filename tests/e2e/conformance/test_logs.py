"""CloudWatch Logs of an endpoint, read by unmodified boto3 and the AWS CLI (section 2.16 of the checks' source)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.core.waiting import wait_until
from tests.e2e.conformance.lab.lab import VARIANT, Lab, refusal
from tests.e2e.conformance.lab.needs import needs

GROUP_PREFIX = "/aws/sagemaker/Endpoints/"
INGESTION_SECONDS = 30


@pytest.fixture
def logs(lab: Lab) -> Any:
    return lab.place.client("logs")


def group_of(lab: Lab) -> str:
    return GROUP_PREFIX + lab.main


def fail(lab: Lab, body: bytes = b"boom") -> str:
    """Return the InferenceId of a request that the container answered with 500."""
    inference_id = f"logs-{uuid.uuid4()}"
    assert lab.outcome(lab.submit(orders="status=500", Body=body, InferenceId=inference_id)).is_failure
    return inference_id


def found(lab: Lab, logs: Any, pattern: str, count: int = 1) -> list[dict[str, Any]]:
    """Return the matching events, once there are `count` of them."""

    def attempt() -> list[dict[str, Any]] | None:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group_of(lab), filterPattern=pattern)
        events = [event for page in pages for event in page["events"]]
        return events if len(events) >= count else None

    return wait_until(
        attempt, what=f"{count} log events with {pattern}", timeout_seconds=lab.place.patient(INGESTION_SECONDS),
        every_seconds=lab.place.every_seconds,
    )  # fmt: skip


def test_a_failed_request_is_a_line_of_the_data_log(lab: Lab, logs: Any) -> None:
    before = time.time()
    inference_id = fail(lab)
    [event] = found(lab, logs, f'"{inference_id}"')
    assert re.fullmatch(rf"{VARIANT}/i-[0-9a-f]+/data-log", event["logStreamName"])
    assert (
        f'[sagemaker logs] [{inference_id}] Received server error (500) from primary with message "boom'
        in (event["message"])
    )
    slack_seconds = 5
    assert before - slack_seconds < event["timestamp"] / 1000 <= event["ingestionTime"] / 1000 < time.time() + 300
    assert event["eventId"].isdigit()


@needs("container")
def test_what_a_container_writes_is_its_stream(lab: Lab, logs: Any) -> None:
    [instance, *_] = lab.instances(lab.main)
    said = f"said {uuid.uuid4()}"
    with instance.spec.log_path.open("a") as log:
        log.write(f"{said}\n")
    [event] = found(lab, logs, f'"{said}"')
    assert (event["logStreamName"], event["message"]) == (f"{VARIANT}/{instance.spec.instance_id}", said)


def test_groups_and_streams_are_described(lab: Lab, logs: Any) -> None:
    found(lab, logs, f'"{fail(lab)}"')
    groups = logs.describe_log_groups(logGroupNamePrefix=group_of(lab))["logGroups"]
    assert group_of(lab) in [group["logGroupName"] for group in groups]
    streams = logs.describe_log_streams(logGroupName=group_of(lab))["logStreams"]
    names = [stream["logStreamName"] for stream in streams]
    assert names == sorted(names)
    assert any(name.endswith("/data-log") for name in names)


def test_pages_are_the_whole(lab: Lab, logs: Any) -> None:
    sent = [fail(lab) for _ in range(3)]
    pattern = " ".join(f'?"{inference_id}"' for inference_id in sent)
    whole = found(lab, logs, pattern, 3)
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group_of(lab), filterPattern=pattern, PaginationConfig={"PageSize": 1}
    )
    assert [event["eventId"] for page in pages for event in page["events"]] == [event["eventId"] for event in whole]
    assert [event["timestamp"] for event in whole] == sorted(event["timestamp"] for event in whole)


def test_a_stream_is_read_from_its_end(lab: Lab, logs: Any) -> None:
    [event] = found(lab, logs, f'"{fail(lab)}"')
    stream = {"logGroupName": group_of(lab), "logStreamName": event["logStreamName"]}
    [last] = logs.get_log_events(**stream, limit=1)["events"]
    assert last["timestamp"] >= event["timestamp"]
    exactly = logs.get_log_events(**stream, startTime=event["timestamp"], endTime=event["timestamp"] + 1)
    assert event["message"] in [each["message"] for each in exactly["events"]]


def tail(logs: Any, **request: Any) -> Iterator[dict[str, Any]]:
    """Do as `aws logs tail --follow`: start at the newest timestamp, skip event ids that were seen."""
    seen: set[str] = set()
    while True:
        answer = logs.filter_log_events(**request)
        for event in answer["events"]:
            if event["eventId"] not in seen:
                seen.add(event["eventId"])
                request["startTime"] = event["timestamp"]
                yield event
        request["nextToken"] = answer.get("nextToken")
        if request["nextToken"] is None:
            del request["nextToken"]
            time.sleep(0.2)


def test_a_follower_gets_every_line_once(lab: Lab, logs: Any) -> None:
    mark = f"follow-{uuid.uuid4()}"
    found(lab, logs, f'"{fail(lab, f"{mark} first".encode())}"')
    following = tail(logs, logGroupName=group_of(lab), filterPattern=f'"{mark}"')
    assert "first" in next(following)["message"]
    for number in range(3):
        fail(lab, f"{mark} {number}".encode())
        assert f"{mark} {number}" in next(following)["message"]


def test_what_is_not_there_and_what_is_not_understood(lab: Lab, logs: Any) -> None:
    nowhere = refusal(logs.filter_log_events, logGroupName=f"{group_of(lab)}-nowhere")
    assert nowhere == (400, "ResourceNotFoundException", "The specified log group does not exist.")
    fail(lab)
    status, code, _ = refusal(logs.filter_log_events, logGroupName=group_of(lab), filterPattern='"open')
    assert (status, code) == (400, "InvalidParameterException")
    status, code, text = refusal(logs.filter_log_events, logGroupName=group_of(lab), limit=10_001)
    assert (status, code) == (400, "InvalidParameterException")
    assert "Member must have value less than or equal to 10000" in text


def test_the_aws_cli_reads_them(lab: Lab, logs: Any) -> None:
    inference_id = fail(lab)
    found(lab, logs, f'"{inference_id}"')
    here = str(Path(sys.executable).parent)
    ran = subprocess.run(
        [f"{here}/aws", "logs", "filter-log-events", "--log-group-name", group_of(lab),
         "--filter-pattern", f'"{inference_id}"', "--output", "json"],
        env={**lab.place.client_environment, "PATH": f"{here}:/usr/local/bin:/usr/bin:/bin"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    [event] = json.loads(ran.stdout)["events"]
    assert inference_id in event["message"]
