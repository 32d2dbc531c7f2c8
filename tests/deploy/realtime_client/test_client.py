"""InvokeEndpoint's answers as outcomes, through botocore's own parsing."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from deploy.async_client import Completed, Failed, Request, Unanswered
from deploy.aws import Clients, Target
from deploy.core.errors import AwsRefused, ConfigurationError
from deploy.realtime_client import MAX_BODY_BYTES, RealtimeClient


@pytest.fixture
def clients() -> Clients:
    return Clients(Target.local("us-east-1", cloud_url="http://cloud.invalid", sagemaker_url="http://sm.invalid"))


@pytest.fixture
def request_of_a_file(tmp_path: Path) -> Request:
    path = tmp_path / "rose.json"
    path.write_bytes(b"{}")
    return Request(path, "application/json", accept="text/csv", attributes="top_k=3")


def test_an_answer_is_completed_and_the_headers_were_sent(clients: Clients, request_of_a_file: Request) -> None:
    wanted = {
        "EndpointName": "demo", "Body": b"{}", "ContentType": "application/json", "Accept": "text/csv",
        "CustomAttributes": "top_k=3", "InferenceId": ANY,
    }  # fmt: skip
    answer = {"Body": StreamingBody(io.BytesIO(b"1,2"), 3), "ContentType": "text/csv"}
    with Stubber(clients.runtime) as stub:
        stub.add_response("invoke_endpoint", answer, wanted)
        outcome = RealtimeClient(clients, "demo").send(request_of_a_file)
    assert isinstance(outcome, Completed)
    assert (outcome.body, outcome.content_type) == (b"1,2", "text/csv")


def model_error(**original: Any) -> dict[str, Any]:
    return {"service_error_code": "ModelError", "service_message": "Received ...", "http_status_code": 424,
            "modeled_fields": original}  # fmt: skip


def test_the_containers_refusal_is_an_outcome_with_its_status(clients: Clients, request_of_a_file: Request) -> None:
    with Stubber(clients.runtime) as stub:
        stub.add_client_error("invoke_endpoint", **model_error(OriginalStatusCode=400, OriginalMessage="not a picture"))
        outcome = RealtimeClient(clients, "demo").send(request_of_a_file)
    assert isinstance(outcome, Failed)
    assert (outcome.http_status, outcome.body, outcome.reason) == (400, b"not a picture", "not a picture")


def test_a_request_that_did_not_reach_the_container_is_an_error(clients: Clients, request_of_a_file: Request) -> None:
    with Stubber(clients.runtime) as stub:
        stub.add_client_error("invoke_endpoint", "ValidationError", "Endpoint demo not found.")
        with pytest.raises(AwsRefused, match="Endpoint demo not found"):
            RealtimeClient(clients, "demo").send(request_of_a_file)


def test_silence_is_unanswered(clients: Clients, request_of_a_file: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="http://sm.invalid")

    monkeypatch.setattr(clients.runtime, "invoke_endpoint", silent)
    assert isinstance(RealtimeClient(clients, "demo").send(request_of_a_file), Unanswered)


def test_a_file_over_the_limit_is_refused_before_it_is_sent(clients: Clients, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with path.open("wb") as file:
        file.truncate(MAX_BODY_BYTES + 1)
    with pytest.raises(ConfigurationError, match="has 6,291,457 bytes; InvokeEndpoint takes 6,291,456"):
        RealtimeClient(clients, "demo").send(Request(path, "video/mp4"))
