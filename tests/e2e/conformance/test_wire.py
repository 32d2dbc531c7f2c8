"""Checks 1 to 18: HTTP format and validation of InvokeEndpointAsync."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from harness.core.errors import MachineCannot
from harness.core.state import installer_environment
from harness.processes.uv import find_uv
from tests.e2e.conformance.lab.lab import Lab, refusal

OLD_BOTOCORE = "1.43.11"
CLIENT = """
import boto3, json, sys
client = boto3.client("sagemaker-runtime")
answer = client.invoke_endpoint_async(EndpointName=sys.argv[1], InputLocation=sys.argv[2], InferenceId="old-client")
print(json.dumps({k: v for k, v in answer.items() if k != "ResponseMetadata"}))
"""


def test_check_01_answers_202_with_the_inference_id_alone_in_the_body(lab: Lab) -> None:
    status, headers, body = lab.post(
        f"/endpoints/{lab.main}/async-invocations", {"X-Amzn-SageMaker-InputLocation": lab.put()}
    )
    assert status == 202
    assert list(json.loads(body)) == ["InferenceId"]
    assert headers["content-type"] == "application/json"
    assert headers["x-amzn-sagemaker-outputlocation"].startswith("s3://")
    assert headers["x-amzn-requestid"]


def environment(lab: Lab) -> dict[str, str]:
    return {**lab.place.client_environment, "PATH": str(Path(sys.executable).parent) + ":/usr/local/bin:/usr/bin:/bin"}


@pytest.mark.parametrize("client", ["locked", "oldest"])
def test_check_02_unmodified_clients_parse_the_answer(lab: Lab, tmp_path: Path, client: str) -> None:
    command = [sys.executable]
    if client == "oldest":
        try:
            uv = str(find_uv())
        except MachineCannot as error:
            pytest.skip(str(error))
        command = [uv, "run", "--isolated", "--no-project", "--with", f"boto3=={OLD_BOTOCORE}", "python"]
    script = tmp_path / "client.py"
    script.write_text(CLIENT)
    ran = subprocess.run(
        [*command, str(script), lab.main, lab.put()],
        env={**installer_environment(), **environment(lab)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if "Failed to fetch" in ran.stderr:
        pytest.skip(f"no package index: {ran.stderr.splitlines()[0]}")
    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout)
    assert answer["InferenceId"] == "old-client"
    assert answer["OutputLocation"].endswith(".out")
    assert answer["FailureLocation"].endswith("-error.out")


def test_check_02_the_aws_cli_invokes_and_describes(lab: Lab) -> None:
    cli = str(Path(sys.executable).with_name("aws"))
    invoke = [
        cli,
        "sagemaker-runtime",
        "invoke-endpoint-async",
        "--endpoint-name",
        lab.main,
        "--input-location",
        lab.put(),
    ]
    ran = subprocess.run(invoke, env=environment(lab), capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert set(json.loads(ran.stdout)) == {"InferenceId", "OutputLocation", "FailureLocation"}
    describe = [cli, "sagemaker", "describe-endpoint", "--endpoint-name", lab.main]
    ran = subprocess.run(describe, env=environment(lab), capture_output=True, text=True, timeout=60, check=False)
    assert json.loads(ran.stdout)["EndpointStatus"] == "InService"


def test_check_03_no_failure_path_no_failure_location(lab: Lab) -> None:
    name = lab.named("c03")
    lab.serve(name, S3FailurePath=None)
    answer = lab.runtime.invoke_endpoint_async(EndpointName=name, InputLocation=lab.put())
    assert "FailureLocation" not in answer


def test_check_04_the_failure_location_lies_under_the_failure_path(lab: Lab) -> None:
    job = lab.submit()
    assert job.failure is not None
    assert job.failure.startswith(f"{lab.root}/failed/")
    assert job.failure.endswith("-error.out")


def test_check_05_the_output_location_is_a_fresh_uuid_without_double_slashes(lab: Lab) -> None:
    name = lab.named("c05")
    lab.serve(name, S3OutputPath=f"{lab.root}/out/")
    for endpoint in (lab.main, name):
        job = lab.submit(endpoint)
        assert re.fullmatch(rf"{lab.root}/out/[0-9a-f-]{{36}}\.out", job.output)
        assert job.inference_id not in job.output


def test_check_06_an_inference_id_is_echoed_and_an_absent_one_made(lab: Lab) -> None:
    assert lab.submit(InferenceId="a:b c d").inference_id == "a:b c d"
    assert str(uuid.UUID(lab.submit().inference_id))


def test_check_07_equal_inference_ids_are_two_executions(lab: Lab) -> None:
    first, second = lab.submit(InferenceId="twice"), lab.submit(InferenceId="twice")
    assert first.output != second.output
    lab.outcome(first)
    lab.outcome(second)
    lab.assert_received("twice", 2)


@pytest.mark.parametrize("inference_id", ["x" * 65, " starts with a space"])
def test_check_08_a_wrong_inference_id_is_refused(lab: Lab, inference_id: str) -> None:
    status, headers, _ = lab.post(
        f"/endpoints/{lab.main}/async-invocations",
        {"X-Amzn-SageMaker-InputLocation": "s3://b/k", "X-Amzn-SageMaker-Inference-Id": inference_id},
    )
    if inference_id.startswith(" "):
        assert status == 202, "HTTP itself strips blanks around a header's value: the service sees none"
    else:
        assert (status, headers["x-amzn-errortype"].partition(":")[0]) == (400, "ValidationError")


def test_check_09_the_time_to_live_is_bounded(lab: Lab) -> None:
    status, code, message = refusal(
        lab.runtime.invoke_endpoint_async, EndpointName=lab.main, InputLocation="s3://b/k", RequestTTLSeconds=99999
    )
    assert (status, code) == (400, "ValidationError")
    assert message == (
        "1 validation error detected: Value '99999' at 'requestTTLSeconds' failed to satisfy constraint:"
        " Member must have value less than or equal to 21600"
    )
    lab.submit(RequestTTLSeconds=60)
    lab.submit(RequestTTLSeconds=21600)


def test_check_10_the_invocation_timeout_is_bounded(lab: Lab) -> None:
    status, code, _ = refusal(
        lab.runtime.invoke_endpoint_async,
        EndpointName=lab.main,
        InputLocation="s3://b/k",
        InvocationTimeoutSeconds=3601,
    )
    assert (status, code) == (400, "ValidationError")
    lab.submit(InvocationTimeoutSeconds=1)
    lab.submit(InvocationTimeoutSeconds=3600)


def test_check_11_input_locations_are_s3_or_https(lab: Lab) -> None:
    for location in ("b/k", "ftp://b/k"):
        found = refusal(lab.runtime.invoke_endpoint_async, EndpointName=lab.main, InputLocation=location)
        assert found[:2] == (400, "ValidationError")
        assert "Member must satisfy regular expression pattern: ^(https|s3)://([^/]+)/?(.*)$" in found[2]
    lab.submit(InputLocation="https://bucket/key")


@pytest.mark.parametrize("wrong", [{"Filename": "a.b.c"}, {"Filename": "x" * 33}, {"S3OutputPathExtension": "s3:x"}])
def test_check_12_wrong_names_of_outputs_are_refused(lab: Lab, wrong: dict[str, str]) -> None:
    found = refusal(lab.runtime.invoke_endpoint_async, EndpointName=lab.main, InputLocation="s3://b/k", **wrong)
    assert found[:2] == (400, "ValidationError")


def test_check_13_exactly_one_input(lab: Lab) -> None:
    both = refusal(lab.runtime.invoke_endpoint_async, EndpointName=lab.main, InputLocation="s3://b/k", Body=b"x")
    neither = refusal(lab.runtime.invoke_endpoint_async, EndpointName=lab.main)
    assert both[:2] == neither[:2] == (400, "ValidationError")


def test_check_14_an_inline_body_has_at_most_128000_bytes(lab: Lab) -> None:
    assert lab.run(Body=b"x" * 128000).body == b"x" * 128000
    found = refusal(lab.runtime.invoke_endpoint_async, EndpointName=lab.main, Body=b"x" * 128001)
    assert found[:2] == (400, "ValidationError")
    assert found[2] == (
        "1 validation error detected: Value at 'body' failed to satisfy constraint:"
        " Member must have length less than or equal to 128000"
    )


def test_check_15_an_unknown_endpoint(lab: Lab) -> None:
    found = refusal(lab.runtime.invoke_endpoint_async, EndpointName=lab.named("nobody"), InputLocation="s3://b/k")
    assert found == (
        400,
        "ValidationError",
        f"Endpoint {lab.named('nobody')} of account {lab.place.account} not found.",
    )
    _, headers, body = lab.post(
        f"/endpoints/{lab.named('nobody')}/async-invocations", {"X-Amzn-SageMaker-InputLocation": "s3://b/k"}
    )
    assert headers["x-amzn-errortype"].startswith(
        "ValidationError:http://internal.amazon.com/coral/com.amazon.sagemaker/"
    )
    assert json.loads(body)["ErrorCode"] == "NO_SUCH_ENDPOINT"


def test_check_15_the_case_of_the_name_matters(lab: Lab) -> None:
    found = refusal(lab.runtime.invoke_endpoint_async, EndpointName=lab.main.upper(), InputLocation="s3://b/k")
    assert found[1] == "ValidationError"


def test_check_16_each_kind_of_endpoint_takes_its_own_call(lab: Lab) -> None:
    name = lab.named("c16")
    lab.serve(name, is_async=False)
    wrong = refusal(lab.runtime.invoke_endpoint_async, EndpointName=name, InputLocation="s3://b/k")
    assert wrong == (400, "ValidationError", f"Endpoint {lab.named('c16')} does not support this inference type.")
    wrong = refusal(lab.runtime.invoke_endpoint, EndpointName=lab.main, Body=b"x")
    assert wrong == (400, "ValidationError", f"Endpoint {lab.main} does not support this inference type.")
    assert lab.runtime.invoke_endpoint(EndpointName=name, Body=b"x")["Body"].read() == b"x"


def test_check_17_errors_have_the_code_of_their_service(lab: Lab) -> None:
    assert (
        refusal(lab.runtime.invoke_endpoint_async, EndpointName=lab.named("nobody"), Body=b"x")[1] == "ValidationError"
    )
    assert refusal(lab.sagemaker.describe_endpoint, EndpointName=lab.named("nobody"))[1] == "ValidationException"


def test_check_18_a_missing_input_is_no_matter_of_submission(lab: Lab) -> None:
    answer = lab.runtime.invoke_endpoint_async(EndpointName=lab.main, InputLocation=f"{lab.root}/not/there")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
