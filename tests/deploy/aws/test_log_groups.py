"""`deploy logs`: since when, and where they are when there are none."""

from __future__ import annotations

import pytest

from deploy.aws.logs import logs
from deploy.core.errors import ConfigurationError
from tests.deploy.cloud import Refusal
from tests.deploy.watched_cloud import START, WatchedCloud

pytestmark = pytest.mark.usefixtures("credentials")


def test_logs_come_from_the_time_asked_for(cloud: WatchedCloud) -> None:
    milliseconds = int(START.timestamp() * 1000)
    cloud.log_events = [
        {"timestamp": milliseconds - 60_000, "logStreamName": "AllTraffic/i-1", "message": "old\n"},
        {"timestamp": milliseconds, "logStreamName": "AllTraffic/i-1", "message": "new\n"},
    ]
    (line,) = logs(cloud.real_clients(), "demo", since=START)
    assert (line.at, line.stream, line.text) == (START, "AllTraffic/i-1", "new")


def test_a_local_cloud_without_logs_says_where_they_are(cloud: WatchedCloud) -> None:
    cloud.refuse["FilterLogEvents"] = [Refusal("InternalFailure", "Service 'logs' is not enabled.", 501)]
    with pytest.raises(ConfigurationError, match="harness logs demo"):
        list(logs(cloud.clients(), "demo", since=START))


def test_an_endpoint_that_never_logged_is_explained(cloud: WatchedCloud) -> None:
    with pytest.raises(ConfigurationError, match="there is no log group /aws/sagemaker/Endpoints/demo"):
        list(logs(cloud.real_clients(), "demo", since=START))
