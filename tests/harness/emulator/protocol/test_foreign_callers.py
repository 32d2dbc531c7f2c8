"""A request of a foreign page, or by a foreign name, does nothing, whatever it asks for."""

from __future__ import annotations

import http.client
import json
from contextlib import closing

import pytest

from tests.harness.emulator.running import RunningEmulator

SUBMISSION = {"Content-Type": "text/plain", "X-Amzn-SageMaker-InputLocation": "s3://bucket/in/clip"}
DELETION = {"Content-Type": "text/plain", "X-Amz-Target": "SageMaker.DeleteEndpoint"}
FOREIGN = {
    "a rebound name": {"Host": "evil.example:8080"},
    "a page": {"Origin": "https://evil.example"},
    "a page of no origin": {"Origin": "null"},
    "a picture in a page": {"Sec-Fetch-Site": "cross-site"},
}
REQUESTS = {
    "submit": ("POST", "/endpoints/ep/async-invocations", SUBMISSION, ""),
    "invoke": ("POST", "/endpoints/ep/invocations", {}, "frames"),
    "delete": ("POST", "/", DELETION, json.dumps({"EndpointName": "ep"})),
    "report": ("GET", "/_rehearsal/health", {}, ""),
    "ask first": ("OPTIONS", "/endpoints/ep/async-invocations", {"Access-Control-Request-Method": "POST"}, ""),
}


@pytest.fixture
def served(running: RunningEmulator) -> RunningEmulator:
    running.objects.put("s3://bucket/in/clip", b"frames", "video/mp4")
    running.serve()
    return running


def ask(served: RunningEmulator, kind: str, more: dict[str, str]) -> tuple[int, bytes]:
    """Status and body of an answer, which gives no page of another origin leave to read it."""
    method, path, headers, body = REQUESTS[kind]
    server = served.emulator.url.removeprefix("http://")
    with closing(http.client.HTTPConnection(server, timeout=30)) as connection:
        connection.request(method, path, body, {**headers, **more})
        answer = connection.getresponse()
        assert not [name for name, _ in answer.getheaders() if name.lower().startswith("access-control-")]
        return answer.status, answer.read()


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
def test_nothing_is_done_for_a_foreign_caller(served: RunningEmulator, foreign: dict[str, str]) -> None:
    for kind in REQUESTS:
        status, body = ask(served, kind, foreign)
        said = json.loads(body)
        assert (status, said["__type"]) == (403, "AccessDeniedException"), kind
        assert "--allow-host" in said["message"]
    assert served.emulator.parts.records.jobs.unfinished_uuids() == set()
    assert served.sagemaker.describe_endpoint(EndpointName="ep")["EndpointStatus"] == "InService"


@pytest.mark.parametrize(("kind", "status"), [("submit", 202), ("report", 200), ("delete", 200)])
def test_a_program_of_this_machine_is_served(served: RunningEmulator, kind: str, status: int) -> None:
    assert ask(served, kind, {})[0] == status
