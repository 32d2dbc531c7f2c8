"""The pytest plugin as users' tests use it: a fixture is an endpoint."""

from __future__ import annotations

import json

import pytest

from deploy.async_client import Completed
from harness.cases import KNOWN_ANSWER
from harness.pytest_plugin import RehearsalEndpoint, _name_for

pytestmark = pytest.mark.e2e


def test_a_test_gets_its_own_endpoint(rehearsal_endpoint: RehearsalEndpoint) -> None:
    outcome = rehearsal_endpoint.predict(KNOWN_ANSWER.clip, custom_attributes="frame_interval=20")
    assert isinstance(outcome, Completed)
    assert [frame["frame_index"] for frame in json.loads(outcome.body)["frames"]] == [0, 20, 40, 60]
    assert rehearsal_endpoint.name.startswith("test-a-test-gets-its-own-endpoint")


def test_no_other_tests_endpoint_is_left(rehearsal_endpoint: RehearsalEndpoint) -> None:
    listed = rehearsal_endpoint.clients.sagemaker.list_endpoints()["Endpoints"]
    assert [endpoint["EndpointName"] for endpoint in listed] == [rehearsal_endpoint.name]


def test_any_test_name_makes_a_sagemaker_name() -> None:
    name = _name_for("test_ü[with strange/parameters--and more]" * 3)
    assert len(name) <= 50
    assert name.replace("-", "").isalnum()
    assert "--" not in name
